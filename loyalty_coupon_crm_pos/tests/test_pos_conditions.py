from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

FIRST = "55555555-0000-4000-8000-000000000001"


@tagged("post_install", "-at_install")
class TestPosConditions(LoyaltyCrmPosCommon):
    """Margin and minimum are asked on the server, before payment and with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pot = cls._create_product("Pot", 100.0, 95.0, available_in_pos=True)
        cls.unknown = cls._create_product("Gift Box", 100.0, 0.0, available_in_pos=True)
        cls.program = cls._create_coupon_program(
            percent=10, strict=True, margin_guard=True
        )
        cls.card = cls._create_card(cls.program, cls.partner)
        cls.till = cls.config.with_user(cls.cashier)

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())

    def _told(self, product, price=100.0, quantity=1, **values):
        """Return what a till tells of a line when it asks for holds."""
        return {
            "product_id": product.id,
            "qty": quantity,
            "price_unit": price,
            "price_subtotal": price * quantity,
            "price_subtotal_incl": price * quantity,
            "reward_id": False,
            "coupon_id": False,
            "parent": None,
            **values,
        }

    def _told_reward(self, amount, card=None, program=None):
        reward = (program or card.program_id).reward_ids
        return self._told(
            reward.discount_line_product_id,
            -amount,
            reward_id=reward.id,
            coupon_id=card.id if card else False,
        )

    def _ask(self, lines, points=None, programs=()):
        """Return what the server says to the cashier before payment."""
        points = {str(self.card.id): 1} if points is None else points
        self.env.flush_all()
        return self.till.hold_order(
            FIRST, points, self.partner.id, list(programs), [], lines
        )

    def _promotion(self, **values):
        return self._create_coupon_program(
            **{
                "percent": 10,
                "program_type": "promotion",
                "trigger": "auto",
                "strict": True,
                **values,
            }
        )

    def test_margin_is_asked_before_payment(self):
        lines = [self._told(self.pot), self._told_reward(10, self.card)]
        answer = self._ask(lines)
        self.assertEqual(list(answer["cards"]), self.card.ids)
        self.assertIn("take Pot below its least margin", answer["cards"][self.card.id])
        self.assertIn("5.00", answer["cards"][self.card.id])
        self.assertFalse(self.env["loyalty.point.hold"].search([]))
        fine = [self._told(self.product), self._told_reward(10, self.card)]
        self.assertEqual(self._ask(fine), {"cards": {}, "programs": {}})
        self.assertTrue(self.env["loyalty.point.hold"].search([]))

    def test_what_nobody_knows_the_cost_of_has_no_margin(self):
        lines = [self._told(self.unknown), self._told_reward(10, self.card)]
        self.assertFalse(self._ask(lines)["cards"])

    def test_discounts_of_others_count(self):
        """10 % alone leave the margin of the tea, 10 and 40 % do not."""
        other = self._promotion(percent=40)
        lines = [
            self._told(self.product),
            self._told_reward(40, program=other),
            self._told_reward(6, self.card),
        ]
        answer = self._ask(lines, programs=other.ids)
        self.assertEqual(list(answer["cards"]), self.card.ids)
        self.assertFalse(answer["programs"], "the other one guards nothing")

    def test_margin_of_a_combo_is_that_of_its_parts(self):
        box = self._create_product("Box", 0.0, 0.0, available_in_pos=True)
        lines = [
            self._told(box, 0),
            self._told(self.pot, parent=0),
            self._told_reward(10, self.card),
        ]
        self.assertIn("Pot", self._ask(lines)["cards"][self.card.id])

    def test_a_promotion_without_card_is_asked(self):
        promotion = self._promotion(margin_guard=True)
        lines = [self._told(self.pot), self._told_reward(10, program=promotion)]
        answer = self._ask(lines, {}, promotion.ids)
        self.assertIn("least margin", answer["programs"][promotion.id])

    def test_minimum_is_asked_before_payment(self):
        self.program.write(
            {"rule_ids": [Command.create({"minimum_amount": 150})]},
        )
        lines = [self._told(self.product), self._told_reward(10, self.card)]
        reason = self._ask(lines)["cards"][self.card.id]
        self.assertIn("50.00", reason)
        self.assertIn("150.00", reason)
        lines = [self._told(self.product, quantity=2), lines[1]]
        self.assertFalse(self._ask(lines)["cards"])

    def test_products_are_counted_by_the_rule(self):
        self.program.rule_ids = [
            Command.create({"product_ids": self.pot.ids, "minimum_qty": 2})
        ]
        self.program.margin_guard = False
        lines = [
            self._told(self.product, quantity=5),
            self._told(self.pot),
            self._told_reward(10, self.card),
        ]
        self.assertIn("1 more", self._ask(lines)["cards"][self.card.id])
        lines[1] = self._told(self.pot, quantity=2)
        self.assertFalse(self._ask(lines)["cards"])

    def test_nonsense_about_lines_harms_nobody(self):
        for line in (
            self._told(self.pot, product_id=999999999),
            self._told(self.pot, reward_id=999999999, coupon_id=999999999),
            {},
        ):
            self.assertFalse(self._ask([line])["cards"])

    def test_cost_of_another_company_is_not_told(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self.pot.sudo().company_id = other
        lines = [self._told(self.pot), self._told_reward(10, self.card)]
        self.assertFalse(self._ask(lines)["cards"])

    def test_a_charged_order_is_paid_and_flagged(self):
        """The till held the coupon, then the order was changed; or it never asked."""
        line = self._reward_line(self.card, 10)
        self.assertFalse(self._ask([])["cards"])
        order = self._pay_order(rewards=[line], product=self.pot, uuid=FIRST)
        self.assertEqual(order.state, "paid")
        self.assertIn("Pot below its least margin", order.loyalty_flag)
        self.assertEqual(self._uses(order).card_id, self.card)
        other = self._create_card(self.program, self.partner)
        order = self._pay_order(
            rewards=[self._reward_line(other, 10)], product=self.pot
        )
        self.assertIn("without being held", order.loyalty_flag)
        self.assertIn("Pot below its least margin", order.loyalty_flag)

    def test_a_fine_order_is_not_flagged(self):
        self.program.rule_ids = [Command.create({"minimum_amount": 100})]
        order = self._pay_order(rewards=[self._reward_line(self.card, 10)], uuid=FIRST)
        self.assertFalse(order.loyalty_flag)

    def test_a_promotion_below_its_minimum_is_flagged(self):
        promotion = self._promotion(
            rule_ids=[Command.create({"minimum_amount": 150})],
        )
        line = self._reward_line(
            self.env["loyalty.card"], 10, reward=promotion.reward_ids
        )
        order = self._pay_order(rewards=[line])
        self.assertIn("50.00", order.loyalty_flag)
        order = self._pay_order(quantity=2, rewards=[line])
        self.assertFalse(order.loyalty_flag)

    def test_what_a_manager_allowed_is_not_flagged(self):
        self.program.write(
            {
                "margin_guard": False,
                "rule_ids": [Command.create({"minimum_amount": 150})],
            }
        )
        reason = self.env.ref("loyalty_coupon_crm.loyalty_adjust_reason_complaint")
        self.env["loyalty.concession"].sudo().create(
            {
                "kind": "allow",
                "card_id": self.card.id,
                "program_id": self.program.id,
                "company_id": self.company.id,
                "user_id": self.cashier.id,
                "manager_id": self.env.uid,
                "reason_id": reason.id,
                "reason_codes": "minimum",
                "holder": f"pos.order,{FIRST}",
            }
        )
        lines = [self._told(self.product), self._told_reward(10, self.card)]
        self.assertFalse(self._ask(lines)["cards"])
        order = self._pay_order(rewards=[self._reward_line(self.card, 10)], uuid=FIRST)
        self.assertFalse(order.loyalty_flag)
