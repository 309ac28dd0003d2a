from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .trigger_common import TriggerCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestJourney(TriggerCommon):
    def _step(self, parent, days, **values):
        return self._create_trigger(
            "follow", parent_id=parent.id, trigger_days=days, **values
        )

    def test_remind_then_better_offer_then_end(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        start = self._create_campaign(control_percent=0, no_control_reason="A test")
        better = self._create_coupon_program(percent=30)
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            remind = self._step(
                start, 14, is_reminder=True, mail_template_id=template.id
            )
            improve = self._step(start, 21, program_id=better.id)
            thanks = self._step(start, 1, follow_condition="used")
            self._run(start)
        used = self._treated(start)[0]
        with freeze_time("2026-01-05 10:00:00"):
            self._use(used.card_id)
            self._look()
        self.assertEqual(self._who(thanks), used.partner_id)
        self.assertFalse(remind.member_ids)
        with freeze_time("2026-01-15 10:00:01"):
            self._look()
            self.assertEqual(len(remind.member_ids), 99)
            self.assertFalse(improve.member_ids)
            self.assertNotIn(used.partner_id, self._who(remind))
            self.assertEqual(
                remind.member_ids.card_id, start.member_ids.card_id - used.card_id
            )
            late = remind.member_ids[0]
            self._use(late.card_id)
            while remind._send_message_batch():
                pass
            self.assertEqual(late.message_state, "skipped")
            self.assertEqual(
                len(remind.member_ids.filtered(lambda m: m.message_state == "queued")),
                98,
            )
        with freeze_time("2026-01-22 10:00:01"):
            self._look()
            self.assertEqual(len(improve.member_ids), 98)
        with freeze_time("2026-01-24 10:00:01"):
            self._look()
            self._look()
            self._run(improve)
            self.assertEqual(improve.state, "done")
            self.assertEqual(remind.state, "done")

    def _use(self, card):
        order = self._create_order(card.partner_id)
        self.assertNotIn("error", self._apply_code(order, card.code))
        order.action_confirm()
        self.assertTrue(card.redemption_ids)

    def test_a_stop_ends_no_journey(self):
        start = self._create_campaign(control_percent=0, no_control_reason="A test")
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            step = self._step(start, 14)
            self._run(start)
            self._look()
            step.action_stop()
        with freeze_time("2026-02-01 10:00:00"):
            step.action_resume()
            step.sudo()._run_batch()
            self.assertEqual(step.state, "running")
            self._look()
            self.assertEqual(len(step.member_ids), 100)

    def test_reminders_wait_as_their_arm_says(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        start = self._create_campaign(control_percent=0, no_control_reason="A test")
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            self._run(start)
            remind = self._step(
                start,
                14,
                is_reminder=True,
                mail_template_id=template.id,
                variant_ids=[Command.create({"name": "Late", "send_after_hours": 5})],
            )
        with freeze_time("2026-01-15 10:00:01"):
            self._look()
        moments = set(remind.member_ids.mapped("message_at"))
        self.assertEqual(moments, {fields.Datetime.to_datetime("2026-01-15 15:00:01")})

    def test_no_circle(self):
        first = self._create_campaign()
        second = self._create_campaign(trigger="follow", parent_id=first.id)
        with self.assertRaises(ValidationError):
            first.write({"trigger": "follow", "parent_id": second.id})

    def test_coupon_about_to_lapse(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        start = self._create_campaign(
            control_percent=0, no_control_reason="A test", validity_days=30
        )
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            self._run(start)
            remind = self._create_trigger(
                "expiring",
                trigger_days=7,
                is_reminder=True,
                mail_template_id=template.id,
            )
            self._look()
            self.assertFalse(remind.member_ids)
            program = self._create_coupon_program(name="By hand")
            day = {"expiration_date": "2026-01-30"}
            by_hand = self._create_card(program, self.customers[0], **day)
            used = self._create_card(program, self.customers[1], points=0, **day)
            narrow = self._create_trigger(
                "expiring",
                trigger_days=7,
                trigger_program_id=program.id,
                is_reminder=True,
                mail_template_id=template.id,
            )
            self.assertIn("coupon of By hand lapses", narrow.trigger_sentence)
        with freeze_time("2026-01-25 10:00:00"):
            self._look()
            self._look()
        self.assertEqual(len(remind.member_ids), 101)
        self.assertEqual(remind.issued_count, 101)
        self.assertEqual(narrow.member_ids.card_id, by_hand)
        self.assertNotIn(used, remind.member_ids.card_id)
        self.assertFalse(
            self.env["loyalty.card"].search([("campaign_id", "=", remind.id)])
        )

    def test_coupons_of_shared_programs_are_reminded_of(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        day = fields.Date.today() + timedelta(days=3)
        shared = self._create_coupon_program(
            name="Everywhere", company_id=False, currency_id=self.company.currency_id.id
        )
        card = self._create_card(shared, self.customers[0], expiration_date=day)
        own = self._create_card(self.program, self.customers[1], expiration_date=day)
        self.assertFalse(card.company_id or card.campaign_id or own.campaign_id)
        remind = self._create_trigger(
            "expiring",
            trigger_days=7,
            is_reminder=True,
            segment_id=self.segment.id,
            mail_template_id=template.id,
        )
        self._look()
        self.assertEqual(remind.member_ids.card_id, card | own)
        # A company of its own tree reminds its own customers alone.
        other = self.env["res.company"].create({"name": "Coffee House"})
        stranger = self._create_customers(1)
        foreign = self._create_card(shared, stranger, expiration_date=day)
        self._buy(stranger, company_id=other.id)
        self._buy(self.customers[2])
        regular = self._create_card(shared, self.customers[2], expiration_date=day)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET create_uid = NULL WHERE id = ANY(%s)",
            [(stranger | self.customers[2]).ids],
        )
        again = self._create_trigger(
            "expiring", trigger_days=7, is_reminder=True, mail_template_id=template.id
        )
        self._look()
        self.assertIn(regular, again.member_ids.card_id)
        self.assertNotIn(foreign, again.member_ids.card_id)

    def test_what_lapses_is_found_by_its_index(self):
        self.env.cr.execute(
            """
            INSERT INTO loyalty_card (program_id, company_id, partner_id, active, code,
                                      points, issued_at, expiration_date)
            SELECT %s, %s, (%s)[1 + number %% 100], TRUE, 'plan-' || number, 1, NOW(),
                   CURRENT_DATE + number %% 700 - 350
              FROM generate_series(1, 30000) number
            """,
            [self.program.id, self.company.id, self.customers.ids],
        )
        self.env.cr.execute("ANALYZE loyalty_card")
        campaign = self._create_trigger("expiring", launch=False, trigger_days=7)
        plan = self.env.execute_query(
            SQL("EXPLAIN %s", campaign._candidates_expiring())
        )
        text = "\n".join(row[0] for row in plan)
        self.assertIn("loyalty_card_lapse_index", text)
        self.assertNotIn("Seq Scan on loyalty_card card", text)
