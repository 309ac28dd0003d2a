from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..tools import codes
from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignRunner(CampaignCommon):
    """Each customer gets one offer, whatever the size of the batches."""

    def test_one_coupon_each(self):
        campaign = self._create_campaign(validity_days=14)
        campaign.action_launch()
        treated = self._treated(campaign)
        self._run(campaign)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(set(treated.mapped("state")), {"issued"})
        cards = treated.card_id
        self.assertEqual(len(cards), len(treated))
        self.assertEqual(cards, self.program.coupon_ids)
        self.assertEqual(cards.partner_id, treated.partner_id)
        last_day = self.company._loyalty_today() + timedelta(days=14)
        for member in treated:
            card = member.card_id
            self.assertEqual(card.partner_id, member.partner_id)
            self.assertTrue(codes.has_valid_check(card.code))
            self.assertEqual(card.points, 1)
            self.assertEqual(card.expiration_date, last_day)
            self.assertEqual(card.campaign_id, campaign)
            self.assertEqual(card.campaign_member_id, member)
            self.assertEqual(card.issued_by_id, campaign.launched_by_id)
            self.assertEqual(card.issued_at, member.issued_at)
            self.assertTrue(card.issued_at)
            self.assertTrue(card.active)
        self.assertFalse(self._control(campaign).card_id)
        self.assertEqual(set(self._control(campaign).mapped("state")), {"skipped"})
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_no_more_coupons_than_the_program_may_issue(self):
        self.program.write({"strict": True, "budget_coupons": 2})
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        treated = self._treated(campaign)
        self.assertGreater(len(treated), 2)
        self.assertEqual(len(treated.card_id), 2)
        self.program.invalidate_recordset(["coupons_left"])
        self.assertEqual(self.program.coupons_left, 0)
        skipped = treated.filtered(lambda member: not member.card_id)
        self.assertEqual(set(skipped.mapped("state")), {"skipped"})
        self.assertIn("no more coupons", skipped[:1].reason)
        self.assertEqual(campaign.state, "done")

    def test_booked_as_the_wallet_books(self):
        campaign = self._create_campaign(points=3, validity_days=5)
        campaign.action_launch()
        self._run(campaign)
        card = self._treated(campaign)[:1].card_id
        twin = self._create_card(
            self.program,
            card.partner_id,
            points=3,
            expiration_date=card.expiration_date,
        )
        ours, theirs = (
            moves.move_ids.read(
                [
                    "partner_id",
                    "program_id",
                    "company_id",
                    "kind",
                    "points",
                    "balance_after",
                    "remaining",
                    "expiration_date",
                    "available_date",
                    "order_model",
                    "order_id",
                    "user_id",
                    "approved_by_id",
                    "reversal_of_id",
                ]
            )
            for moves in (card, twin)
        )
        for rows in (ours, theirs):
            self.assertEqual(len(rows), 1)
            rows[0].pop("id")
        self.assertEqual(ours, theirs)
        self.assertEqual(card.state, twin.state)
        self.assertEqual(card.company_id, twin.company_id)

    def test_coupon_is_used_on_an_order(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        card = self._treated(campaign)[:1].card_id
        order = self._create_order(card.partner_id)
        self.assertNotIn("error", self._apply_code(order, card.code))
        order.action_confirm()
        self.assertEqual(card.points, 0)
        campaign.invalidate_recordset()
        self.assertEqual(campaign.redemption_count, 1)
        order._action_cancel()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.redemption_count, 0)

    def test_result_does_not_depend_on_batch_size(self):
        results = []
        for size in (1, 7, 1000):
            campaign = self._create_campaign(seed="same", validity_days=3)
            campaign.action_launch()
            self._run(campaign, size)
            results.append(
                sorted(
                    (
                        member.partner_id.id,
                        member.arm,
                        member.state,
                        member.card_id.points,
                        str(member.card_id.expiration_date),
                        len(member.card_id.move_ids),
                    )
                    for member in campaign.member_ids
                )
            )
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_batch_returns_what_is_left(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        treated = campaign.treated_count
        self.assertEqual(campaign._run_batch(30), treated - 30)
        self.assertEqual(campaign.issued_count, 30)
        self.assertEqual(campaign._run_batch(30), treated - 60)
        self.assertEqual(campaign._run_batch(treated - 60), 0)
        self.assertEqual(campaign.state, "running")
        self.assertEqual(campaign._run_batch(1000), 0)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign._run_batch(1000), 0)
        self.assertEqual(campaign.issued_count, treated)
        self.assertEqual(sum(campaign.batch_ids.mapped("issued_count")), treated)

    def test_archived_and_deleted_customers_are_skipped(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        treated = self._treated(campaign)
        treated[0].partner_id.active = False
        treated[1].partner_id.unlink()
        self._run(campaign)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.skipped_count, 2)
        self.assertEqual(campaign.progress, 100)
        self.assertEqual(treated[:2].mapped("state"), ["skipped", "skipped"])
        self.assertIn("archived or deleted", treated[0].reason)
        self.assertEqual(set(treated[2:].mapped("state")), {"issued"})

    def test_codes_that_exist_are_drawn_again(self):
        taken = self._create_card(self.program).code
        genuine = codes.generate_codes
        calls = []

        def clashing(count):
            calls.append(count)
            fresh = genuine(count)
            if len(calls) == 1:
                fresh[:3] = [taken, taken, fresh[-1]]
            return fresh

        campaign = self._create_campaign()
        campaign.action_launch()
        with patch.object(codes, "generate_codes", clashing):
            self._run(campaign)
        self.assertEqual(calls, [campaign.treated_count] * 2)
        self.assertEqual(campaign.issued_count, campaign.treated_count)
        cards = self._treated(campaign).card_id
        self.assertEqual(len(set(cards.mapped("code"))), campaign.treated_count)

    def test_last_day_is_the_companys(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        campaign = self._create_campaign(validity_days=1)
        # Half past midnight on 1 March in Shanghai is still February in UTC.
        with freeze_time("2026-02-28 16:30:00"):
            campaign.action_launch()
            self._run(campaign)
        cards = self._treated(campaign).card_id
        self.assertEqual(set(map(str, cards.mapped("expiration_date"))), {"2026-03-02"})

    def test_no_end(self):
        campaign = self._create_campaign(validity_days=0)
        campaign.action_launch()
        self._run(campaign)
        self.assertFalse(any(self.program.coupon_ids.mapped("expiration_date")))

    def test_shared_program_has_cards_without_company(self):
        self.program.company_id = False
        campaign = self._create_campaign()
        campaign.action_launch()
        self._run(campaign)
        card = self._treated(campaign)[:1].card_id
        self.assertFalse(card.company_id)
        self.assertEqual(card.move_ids.company_id, self.company)

    def test_cron_issues_in_batches(self):
        self.env["ir.config_parameter"].set_param("loyalty.issue_batch_size", "7")
        campaigns = self._create_campaign() + self._create_campaign()
        campaigns.action_launch()
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        campaigns.invalidate_recordset()
        self.assertEqual(campaigns.mapped("state"), ["done", "done"])
        for campaign in campaigns:
            self.assertEqual(campaign.issued_count, campaign.treated_count)
            self.assertGreater(len(campaign.batch_ids), 8)
            self.assertEqual(max(campaign.batch_ids.mapped("issued_count")), 7)

    def test_speed_and_time_left(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        self.assertFalse(campaign.pace, "nothing is known before the first batch")
        now = fields.Datetime.now()
        self.env["loyalty.campaign.batch"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "company_id": self.company.id,
                    "date": fields.Datetime.subtract(now, seconds=ago),
                    "issued_count": 15,
                    "seconds": 10,
                }
                for ago in (7200, 20, 0)
            ]
        )
        campaign.invalidate_recordset()
        self.assertAlmostEqual(campaign._issue_speed(), 1.0)
        left = campaign.treated_count - 45
        self.assertEqual(campaign.pace, f"1.0 a second, {left} seconds left")
        campaign.action_stop()
        self.assertFalse(campaign.pace)

    def test_the_customer_page_tells_why(self):
        campaign = self._create_campaign(
            variant_ids=[Command.create({"name": "Red paper"})]
        )
        campaign.action_launch()
        self._run(campaign)
        member = self._treated(campaign)[0]
        salesperson = self._create_user(
            "teller", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        action = member.partner_id.with_user(salesperson).action_loyalty_offers()
        found = self.env["loyalty.campaign.member"].with_user(salesperson)
        found = found.search(action["domain"])
        self.assertEqual(found, member)
        for words in ("Autumn, version", "Tea lovers", "Red paper"):
            self.assertIn(words, found.why)

    def test_bad_batch_size(self):
        parameters = self.env["ir.config_parameter"]
        for value, size in (("0", 1), ("-3", 1), ("many", 5000), ("250", 250)):
            parameters.set_param("loyalty.issue_batch_size", value)
            self.assertEqual(self.env["loyalty.campaign"]._batch_size(), size)
