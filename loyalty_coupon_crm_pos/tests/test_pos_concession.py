from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

FIRST, SECOND = "11111111-0000-4000-8000-000000000001", "2222"
MANAGER = "loyalty_coupon_crm.group_loyalty_manager"


@tagged("post_install", "-at_install")
class TestPosConcession(LoyaltyCrmPosCommon):
    """A loyalty manager sets a rule aside once, or gives a coupon; nobody else does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_pos_user("loyalty_boss", MANAGER)
        cls.manager._loyalty_set_pin("2580")
        cls.reason = cls.env.ref("loyalty_coupon_crm.loyalty_adjust_reason_complaint")
        yesterday = fields.Date.today() - timedelta(days=1)
        cls.program = cls._create_coupon_program(percent=10, strict=True)
        # Windows are marketing's to write.
        cls.program.sudo().usage_window_ids = [
            Command.create(
                {
                    "kind": "closed",
                    "date_from": yesterday,
                    "date_to": yesterday + timedelta(days=2),
                }
            )
        ]
        cls.coupon = cls._create_card(cls.program, cls.partner)
        cls.till = cls.config.with_user(cls.cashier)

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())

    def _choice(self, **values):
        return {
            "reason_id": self.reason.id,
            "note": "waited an hour",
            "manager_id": self.manager.id,
            "pin": "2580",
            **values,
        }

    def _subject(self, card=None):
        return {"code": (card or self.coupon).code, "partner_id": self.partner.id}

    def _allow(self, uuid=FIRST, card=None, till=None, minimum=False, **choice):
        self.env.flush_all()
        return (till or self.till).allow_refused(
            uuid, self._choice(**choice), minimum=minimum, **self._subject(card)
        )

    def _hold(self, uuid, card=None):
        self.env.flush_all()
        points = {str((card or self.coupon).id): 1}
        return self.till.hold_order(uuid, points, self.partner.id)["cards"]

    def _use(self, card=None):
        now = fields.Datetime.to_string(fields.Datetime.now())
        code = (card or self.coupon).code
        return self.till.use_coupon_code(code, now, self.partner.id, False)

    def _concessions(self):
        ours = self.cashier + self.manager
        return self.env["loyalty.concession"].search([("user_id", "in", ours.ids)])

    def test_allowed_for_one_order_and_card(self):
        self.assertIn(self.coupon.id, self._hold(FIRST))
        self.assertFalse(self._use()["successful"])
        asked = self.till.ask_concession(FIRST, **self._subject())
        self.assertTrue(asked["possible"])
        self.assertFalse(asked["own"])
        self.assertIn(self.manager.id, [one["id"] for one in asked["managers"]])
        self.assertEqual(self._allow(), {"granted": True, "message": ""})
        self.assertTrue(self._use()["successful"])
        self.assertEqual(self._hold(FIRST), {})
        answer = (
            self.env["pos.order"]
            .with_user(self.cashier)
            .validate_coupon_programs({str(self.coupon.id): -1}, [])
        )
        self.assertTrue(answer["successful"], answer)
        other = self._create_card(self.program, self.partner)
        self.assertIn(other.id, self._hold(FIRST, other), "not another card")
        self.till.hold_cards(FIRST, {}, False)
        self.assertIn(self.coupon.id, self._hold(SECOND), "not another order")
        self.assertEqual(self._hold(FIRST), {})
        order = self._pay_order(
            rewards=[self._reward_line(self.coupon, 10)], uuid=FIRST
        )
        self.assertFalse(order.loyalty_flag)
        concession = self._concessions()
        self.assertEqual(self._uses(order).concession_id, concession)
        self.assertEqual(concession.manager_id, self.manager)
        self.assertEqual(concession.user_id, self.cashier)
        self.assertEqual(concession.reason_codes, "closed")
        self.assertIn("waited an hour", order.message_ids[0].body)
        self.assertIn(self.manager.name, order.message_ids[0].body)

    def test_held_by_another_order_is_released(self):
        self.program.sudo().usage_window_ids.unlink()
        self.assertEqual(self._hold(SECOND), {})
        self.assertIn(self.coupon.id, self._hold(FIRST))
        self.assertTrue(self.till.ask_concession(FIRST, **self._subject())["possible"])
        answer = self._allow(pin="0000")
        self.assertFalse(answer["granted"])
        self.assertIn(self.coupon.id, self._hold(FIRST), "a wrong PIN frees nothing")
        self.assertTrue(self._allow()["granted"])
        self.assertEqual(self._hold(FIRST), {})
        self.assertIn(self.coupon.id, self._hold(SECOND), "one of them has it")
        concession = self._concessions()
        self.assertFalse(concession.reason_codes, "no rule was set aside")
        self.assertIn("held", concession.reasons.lower())

    def test_used_void_and_foreign_are_never_allowed(self):
        used, void = (self._create_card(self.program, self.partner) for _n in "12")
        used._post_move("spend", -1)
        void.sudo().write({"voided_at": fields.Datetime.now(), "void_reason": "Lost"})
        self.program.sudo().usage_window_ids.unlink()
        foreign = self._create_card(self.program, self.other_partner)
        self.program.transferable = False
        self.env.flush_all()
        for card in (used, void, foreign):
            with self.subTest(card.code):
                asked = self.till.ask_concession(FIRST, **self._subject(card))
                self.assertFalse(asked["possible"])
                with self.assertRaises(UserError):
                    self._allow(card=card)
        fine = self._create_card(self.program, self.partner)
        with self.assertRaises(UserError):
            self._allow(card=fine)
        self.assertFalse(self._concessions())

    def test_allowed_is_not_what_comes_later(self):
        self._allow()
        self.coupon._post_move("spend", -1)
        self.assertIn(self.coupon.id, self._hold(FIRST))

    def test_pin_and_person(self):
        self.assertIn("not the PIN", self._allow(pin="2581")["message"])
        for choice in (
            {"manager_id": False},
            {"manager_id": self.cashier.id},
            {"manager_id": self.env.uid},
            {"manager_id": 999999999},
        ):
            with self.subTest(choice), self.assertRaises(AccessError):
                self._allow(**choice)
        with self.assertRaises(UserError):
            self._allow(reason_id=0)
        self.assertFalse(self._concessions())
        boss_till = self.config.with_user(self.manager)
        answer = self._allow(till=boss_till, manager_id=False, pin="")
        self.assertTrue(answer["granted"])

    def test_managers_decide_about_nothing_of_their_own(self):
        card = self._create_card(self.program, self.manager.partner_id)
        self.assertIn("own coupon", self._allow(card=card)["message"])
        answer = self.till.give_goodwill(
            self._choice(program_id=self._goodwill().id), self.manager.partner_id.id
        )
        self.assertFalse(answer["granted"])

    def test_expired_coupon_and_limits(self):
        self.program.sudo().usage_window_ids.unlink()
        self.coupon.expiration_date = fields.Date.today() - timedelta(days=1)
        self.assertFalse(self._use()["successful"])
        self._allow()
        self.assertTrue(self._use()["successful"])
        self.assertEqual(self._hold(FIRST), {})
        reward = self._reward_line(self.coupon, 10)
        self.assertFalse(self._pay_order(rewards=[reward], uuid=FIRST).loyalty_flag)
        self.program.per_customer_limit = 1
        second = self._create_card(self.program, self.partner)
        self.assertIn(second.id, self._hold(SECOND, second))
        self._allow(SECOND, second)
        self.assertEqual(self._hold(SECOND, second), {})
        reward = self._reward_line(second, 10)
        self.assertFalse(self._pay_order(rewards=[reward], uuid=SECOND).loyalty_flag)

    def test_budget_is_not_the_shops_to_give(self):
        self.program.sudo().usage_window_ids.unlink()
        self.program.budget_amount = 5
        self._pay_order(rewards=[self._reward_line(self.coupon, 10)])
        card = self._create_card(self.program, self.partner)
        with self.assertRaises(UserError):
            self._allow(card=card)

    def test_promotion_without_card(self):
        self._pay_order()
        promotion = self._create_coupon_program(
            program_type="promotion",
            trigger="auto",
            strict=True,
            first_order_only=True,
        )
        self.env.flush_all()
        wanted = {}, self.partner.id, promotion.ids
        self.assertIn(promotion.id, self.till.hold_order(FIRST, *wanted)["programs"])
        self.till.allow_refused(
            FIRST,
            self._choice(),
            program_id=promotion.id,
            partner_id=self.partner.id,
        )
        self.assertFalse(self.till.hold_order(FIRST, *wanted)["programs"])
        self.assertIn(promotion.id, self.till.hold_order(SECOND, *wanted)["programs"])

    def test_below_the_minimum_is_noted(self):
        self.program.sudo().usage_window_ids.unlink()
        self.assertTrue(self._allow(minimum=True)["granted"])
        self.assertEqual(self._concessions().reason_codes, "minimum")

    def _goodwill(self, **values):
        return self._create_coupon_program(goodwill=True, strict=True, **values)

    def test_goodwill_coupon(self):
        program = self._goodwill(validity_days=30)
        self.assertIn(
            program.id, [one["id"] for one in self.till.goodwill_choices()["programs"]]
        )
        answer = self.till.give_goodwill(
            self._choice(program_id=program.id), self.partner.id
        )
        card = self.env["loyalty.card"].search([("code", "=", answer["code"])])
        self.assertEqual((card.partner_id, card.points), (self.partner, 1))
        self.assertEqual(card.issued_by_id, self.manager)
        self.assertEqual(card.state, "issued")
        self.assertTrue(card.expiration_date)
        self.assertLedger(card)
        concession = self._concessions()
        self.assertEqual((concession.kind, concession.card_id), ("goodwill", card))
        self.assertTrue(self._use(card)["successful"])

    def test_goodwill_has_a_limit_and_needs_a_customer(self):
        program = self._goodwill()
        choice = self._choice(program_id=program.id)
        self.company.sudo().loyalty_goodwill_limit = 1
        self.assertTrue(self.till.give_goodwill(choice, self.partner.id)["granted"])
        with self.assertRaises(UserError):
            self.till.give_goodwill(choice, self.partner.id)
        self.company.sudo().loyalty_goodwill_limit = 20
        with self.assertRaises(UserError):
            self.till.give_goodwill(choice, False)
        for wrong in (self.program.id, 0, False):
            with self.assertRaises(UserError):
                self.till.give_goodwill(
                    {**choice, "program_id": wrong}, self.partner.id
                )
        self.assertEqual(program.coupon_count, 1)

    def test_cashier_sees_no_concession_and_nobody_changes_one(self):
        self._allow()
        concession = self._concessions()
        with self.assertRaises(AccessError):
            concession.with_user(self.cashier).read(["note"])
        for user in (self.manager, self.env.user):
            with self.assertRaises(UserError):
                concession.with_user(user).write({"note": "x"})
            with self.assertRaises(AccessError):
                concession.with_user(user).unlink()
        with self.assertRaises(UserError):
            concession.sudo().write({"note": "x"})
