from datetime import datetime

import pytz
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestGate(LoyaltyCrmCommon):
    """The one gate says in a sentence why a card may not be used."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True, transferable=False)
        cls.card = cls._create_card(cls.program, cls.partner)

    def _blockers(self, card=None, partner=None, at=None, document=None):
        """Return {reason: message} of the gate."""
        card = self.card if card is None else card
        partner = self.partner if partner is None else partner
        return dict(
            self.env["loyalty.program"]._redemption_blockers(
                card, partner, "sale", at, document
            )
        )

    def _utc(self, zone, *moment):
        """Return a local moment as a naive datetime in UTC."""
        local = pytz.timezone(zone).localize(datetime(*moment))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def test_open_card_of_the_customer(self):
        self.assertEqual(self._blockers(), {})
        self.assertEqual(self._blockers(self.env["loyalty.card"]), {})

    def test_void_is_always_refused(self):
        self.program.strict = False
        self.card.write({"voided_at": fields.Datetime.now(), "void_reason": "lost"})
        message = self._blockers()["void"]
        self.assertIn(self.card.code, message)
        self.assertIn("lost", message)

    def test_last_day_in_the_time_zone_of_the_company(self):
        # The clocks change on two of these days, in opposite directions.
        for zone, day in (
            ("Asia/Shanghai", (2026, 5, 3)),
            ("America/New_York", (2026, 3, 8)),
            ("America/New_York", (2026, 11, 1)),
            ("Europe/Berlin", (2026, 3, 29)),
            ("Europe/Berlin", (2026, 10, 25)),
        ):
            with self.subTest(zone=zone, day=day):
                self.company.partner_id.tz = zone
                last = fields.Date.to_date("{}-{:02}-{:02}".format(*day))
                self.card.expiration_date = last
                end = self._utc(zone, *day, 23, 59, 59)
                self.assertEqual(self._blockers(at=end), {})
                after = fields.Datetime.add(end, seconds=1)
                self.assertEqual(list(self._blockers(at=after)), ["expired"])
                start = self._utc(zone, *day, 0, 0)
                self.assertEqual(self._blockers(at=start), {})

    def test_now_is_the_default_moment(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        self.card.expiration_date = "2026-05-03"
        with freeze_time("2026-05-03 15:59:59"):
            self.assertEqual(self._blockers(), {})
        with freeze_time("2026-05-03 16:00:00"):
            self.assertIn("expired", self._blockers())

    def test_program_before_its_start_and_after_its_end(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        self.program.write({"date_from": "2026-05-03", "date_to": "2026-05-05"})
        for moment, expected in (
            ("2026-05-02 15:59:59", ["not_started"]),
            ("2026-05-02 16:00:00", []),
            ("2026-05-05 15:59:59", []),
            ("2026-05-05 16:00:00", ["ended"]),
        ):
            found = self._blockers(at=fields.Datetime.to_datetime(moment))
            self.assertEqual(list(found), expected, moment)

    def test_used_names_day_and_order(self):
        order = self._create_order()
        self._apply_code(order, self.card.code)
        order.action_confirm()
        message = self._blockers()["used"]
        self.assertIn(order.name, message)
        self.assertIn(self.card.code, message)
        self.assertEqual(self._blockers(document=order), {})
        order._action_cancel()
        self.assertEqual(self._blockers(), {})

    def test_foreign(self):
        message = self._blockers(partner=self.other_partner)["foreign"]
        self.assertIn("Li Wei", message)
        self.assertIn("Wang Fang", message)
        nobody = self._blockers(partner=self.env["res.partner"])["foreign"]
        self.assertIn("Choose the customer", nobody)
        self.assertEqual(self._blockers(partner=self._create_contact()), {})

    def _create_contact(self):
        return self.env["res.partner"].create(
            {"name": "Li Wei Junior", "parent_id": self.partner.id}
        )

    def test_transferable_and_anonymous_cards_have_no_foreigner(self):
        anonymous = self._create_card(self.program)
        self.assertEqual(self._blockers(anonymous, self.other_partner), {})
        self.program.transferable = True
        self.assertEqual(self._blockers(partner=self.other_partner), {})

    def test_held_by_another_document(self):
        order = self._create_order()
        hold = self.env["loyalty.point.hold"].create(
            {
                "card_id": self.card.id,
                "points": 1,
                "holder": "pos.order,abc",
                "shop": "Till 7",
                "expires_at": fields.Datetime.add(fields.Datetime.now(), minutes=5),
            }
        )
        self.assertIn("Till 7", self._blockers(document=order)["held"])
        hold.holder = order._loyalty_holder()
        self.assertEqual(self._blockers(document=order), {})
        hold.write({"holder": "pos.order,abc", "expires_at": "2020-01-01"})
        self.assertEqual(self._blockers(document=order), {})

    def test_hold_that_leaves_enough(self):
        wallet = self._create_card(
            self._create_points_program(strict=True), self.partner, 120
        )
        hold = self.env["loyalty.point.hold"].create(
            {
                "card_id": wallet.id,
                "points": 70,
                "holder": "pos.order,abc",
                "expires_at": fields.Datetime.add(fields.Datetime.now(), minutes=5),
            }
        )
        self.assertEqual(self._blockers(wallet), {})
        hold.points = 71
        self.assertEqual(list(self._blockers(wallet)), ["held"])

    def test_every_reason_is_named(self):
        self.card.expiration_date = "2020-01-01"
        found = self._blockers(partner=self.other_partner)
        self.assertEqual(list(found), ["expired", "foreign"])

    def test_lax_program_keeps_odoo_s_rules(self):
        self.program.strict = False
        self.card.expiration_date = "2020-01-01"
        self.assertEqual(self._blockers(partner=self.other_partner), {})

    def test_refusal_on_an_order_is_said_and_logged(self):
        order = self._create_order(partner=self.other_partner)
        result = order._try_apply_code(self.card.code)
        self.assertIn("belongs to Li Wei", result["error"])
        self.assertFalse(order.applied_coupon_ids)
        with self.enter_registry_test_mode():
            self.env.cr.postrollback.run()
        refusal = self.env["loyalty.refusal"].search([("card_id", "=", self.card.id)])
        self.assertEqual(refusal.reason_codes, "foreign")
        self.assertEqual(refusal.order_id, order.id)
        self.assertEqual(refusal.partner_id, self.other_partner)

    def test_mistyped_code(self):
        code = self.card.code
        self.card.voided_at = fields.Datetime.now()
        order = self._create_order()
        self.assertIn("voided", order._try_apply_code(code.lower())["error"])
        wrong = code[:-1] + ("A" if code[-1] != "A" else "C")
        self.assertIn("typing error", order._try_apply_code(wrong)["error"])
        self.assertNotIn("typing error", order._try_apply_code("044")["error"])

    def test_promotion_code_that_looks_mistyped_works(self):
        code = self.card.code[:-1] + ("A" if self.card.code[-1] != "A" else "C")
        self._create_coupon_program(
            program_type="promo_code",
            rule_ids=[fields.Command.create({"mode": "with_code", "code": code})],
        )
        self.assertNotIn("error", self._create_order()._try_apply_code(code))

    def _refuse_confirmation(self, order, text):
        with self.assertRaisesRegex(ValidationError, text):
            order.action_confirm()

    def test_expired_between_code_and_confirmation(self):
        order = self._create_order()
        self._apply_code(order, self.card.code)
        self.card.expiration_date = "2020-01-01"
        self._refuse_confirmation(order, self.card.code)
        self.assertEqual(order.state, "draft")

    def test_void_between_code_and_confirmation(self):
        self.program.strict = False
        order = self._create_order()
        self._apply_code(order, self.card.code)
        self.card.voided_at = fields.Datetime.now()
        self._refuse_confirmation(order, "voided")

    def test_automatic_promotion_of_a_strict_program_can_be_confirmed(self):
        self._create_coupon_program(
            program_type="promotion",
            trigger="auto",
            strict=True,
            rule_ids=[fields.Command.create({"minimum_amount": 50})],
        )
        order = self._create_order()
        order._update_programs_and_rewards()
        [(card, rewards)] = order._get_claimable_rewards().items()
        order._apply_program_reward(rewards, card)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_salesperson_without_the_holder_s_order_reads_the_reason(self):
        order = self._create_order()
        self._apply_code(order, self.card.code)
        order.action_confirm()
        user = self._create_user("seller", "sales_team.group_sale_salesman")
        gate = self.env["loyalty.program"].with_user(user)
        card = self.card.with_user(user)
        found = dict(gate._redemption_blockers(card, self.partner, "sale"))
        self.assertIn(order.name, found["used"])
