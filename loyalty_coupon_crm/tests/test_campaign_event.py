from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .trigger_common import TriggerCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestEventTrigger(TriggerCommon):
    """Surveys, lapsing points, several companies, and tills that tell late."""

    def test_survey_answered(self):
        survey = self.env["survey.survey"].create({"title": "How was the tea?"})
        done, test, open_one, early = self.customers[:4]
        answers = self.env["survey.user_input"]

        def answer(partner, **values):
            return answers.create(
                {
                    "survey_id": survey.id,
                    "partner_id": partner.id,
                    "state": "done",
                    "end_datetime": fields.Datetime.now(),
                    **values,
                }
            )

        answer(early, end_datetime=fields.Datetime.now() - timedelta(days=1))
        campaign = self._create_trigger("survey", trigger_survey_id=survey.id)
        self.assertIn("How was the tea?", campaign.trigger_sentence)
        for _twice in range(2):
            answer(done)
        answer(test, test_entry=True)
        answer(open_one, state="in_progress", end_datetime=False)
        answer(self.env["res.partner"])
        self._look()
        self._look()
        self.assertEqual(self._who(campaign), done)
        self.assertEqual(len(campaign.member_ids), 1)
        # Marketing chooses surveys without a right to write them.
        surveys = self.env["survey.survey"].with_user(self.marketing)
        self.assertIn(survey.id, [row[0] for row in surveys.name_search("tea")])
        self.assertFalse(surveys.has_access("write"))

    def test_points_about_to_lapse(self):
        today = self.company._loyalty_today()
        points = self._create_points_program(strict=True)
        soon, late, spent = self.customers[:3]
        cards = {
            partner: self._create_card(points, partner, 0)
            for partner in (soon, late, spent)
        }
        for partner, days in ((soon, 10), (soon, 5), (late, 60), (spent, 5)):
            cards[partner]._post_move(
                "issue", 100, expiration_date=today + timedelta(days=days)
            )
        cards[spent]._post_move("adjust", -100)
        for is_reminder in (False, True):
            with self.subTest(is_reminder=is_reminder):
                campaign = self._create_trigger(
                    "points_expiring",
                    trigger_days=14,
                    trigger_program_id=points.id,
                    is_reminder=is_reminder,
                    mail_template_id=self.env.ref(
                        "loyalty_coupon_crm.mail_template_expiry"
                    ).id,
                )
                self._look()
                self._look()
                self.assertEqual(self._who(campaign), soon)
                self.assertEqual(
                    campaign.member_ids.occasion,
                    f"{today + timedelta(days=5)}/{cards[soon].id}",
                )
        self.assertEqual(campaign.member_ids.card_id, cards[soon])
        mails = self.env["mail.mail"].search([])
        campaign.sudo()._send_message_batch()
        sent = self.env["mail.mail"].search([]) - mails
        self.assertEqual(sent.res_id, cards[soon].id)
        self.assertIn("100", sent.body_html)

    def test_streak_with_a_gap_that_is_filled_late(self):
        campaign = self._create_trigger(
            "streak", trigger_count=3, interval_type="month"
        )
        campaign.sudo().launched_at = "2025-01-01 00:00:00"
        partner, twice = self.customers[:2]
        for month in ("2025-10", "2025-12"):
            self._buy(partner, date=f"{month}-15 12:00:00")
        for month in ("2025-10", "2025-11", "2025-12"):
            self._buy(twice, date=f"{month}-15 12:00:00")
        self._look()
        self.assertEqual(self._who(campaign), twice)
        # A till that was offline tells of November now.
        self._buy(partner, date="2025-11-15 12:00:00")
        self._buy(twice, date="2025-11-16 12:00:00")
        self._look()
        self._look()
        self.assertEqual(self._who(campaign), partner | twice)
        self.assertEqual(len(campaign.member_ids), 2)
        # The count starts anew after December, whichever month closed it.
        for month in ("2026-01", "2026-02"):
            self._buy(partner, date=f"{month}-15 12:00:00")
        self._look()
        self.assertEqual(len(campaign.member_ids), 2)
        self._buy(partner, date="2026-03-15 12:00:00")
        self._look()
        self.assertEqual(len(campaign.member_ids), 3)

    def test_customers_of_several_companies(self):
        """Contacts belong to nobody by default: each company greets its own only."""
        other = self.env["res.company"].create({"name": "Other"})
        clerk = self._create_user("clerk", "base.group_partner_manager")
        clerk.sudo().write(
            {"company_ids": [Command.link(other.id)], "company_id": other.id}
        )
        today = self.company._loyalty_today()
        entered = {"birthday": self._create_trigger("birthday")}
        entered["new_customer"] = self._create_trigger("new_customer")
        values = {"loyalty_birthday": today.replace(year=1992)}
        partners = self.env["res.partner"].with_user(clerk).sudo(False)
        theirs, bought = (
            partners.create({"name": name, **values}).with_env(self.env)
            for name in ("Theirs", "Theirs and ours")
        )
        ours = self.env["res.partner"].create({"name": "Ours", **values})
        # Rows of one test share the moment of its transaction.
        entered["new_customer"].sudo().launched_at = self.env.cr.now() - timedelta(
            seconds=1
        )
        self._buy(bought)
        self._look()
        for trigger, campaign in entered.items():
            with self.subTest(trigger=trigger):
                found = self._who(campaign)
                self.assertIn(ours, found)
                self.assertIn(bought, found)
                self.assertNotIn(theirs, found)
