from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .offer_common import OfferCommon

NTH = {"kind": "nth", "every": 2, "percent": 50}


@tagged("post_install", "-at_install")
class TestOfferBest(OfferCommon):
    """The best legal combination is found, put on the order and explained."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_user("best_seller", "sales_team.group_sale_salesman")

    def _promotion(self, name, percent, **values):
        program = self._create_coupon_program(
            percent, name=name, trigger="auto", program_type="promotion", **values
        )
        program.rule_ids = [Command.create({"reward_point_mode": "order"})]
        return program

    def _cart(self, quantity=2):
        lines = [
            {
                "product": "tea",
                "quantity": quantity,
                "parts": [{"tax": "0", "price": 100}],
            }
        ]
        return self._create_cart(lines, user_id=self.user.id)

    def _best(self, order):
        """Return the text of the button, pressed by a salesperson."""
        action = order.with_user(self.user).action_loyalty_best_offer()
        return action["params"]["message"]

    def test_what_goes_together_is_taken_together(self):
        pairs = self._create_offer(NTH, name="Pairs")
        small, large = self._promotion("Small", 5), self._promotion("Large", 20)
        order = self._cart()
        message = self._best(order)
        # Of two discounts on the whole order Odoo takes one.
        programs = order.order_line.reward_id.program_id
        self.assertEqual(programs, pairs + large)
        self.assertNotIn(small, programs)
        self.assertAlmostEqual(order.amount_total, 120)
        self.assertIn("80.00", message)
        self.assertIn("Pairs: ", message)

    def test_stacking_rules_hold(self):
        alone = self._create_offer(
            NTH, name="Alone", strict=True, stacking_policy="alone"
        )
        percent = self._promotion("Percent", 20, strict=True)
        order = self._cart()
        message = self._best(order)
        self.assertEqual(order.order_line.reward_id.program_id, alone)
        self.assertAlmostEqual(order.amount_total, 150)
        self.assertIn("Next best: Percent", message)
        percent.reward_ids.discount = 30
        self._best(order)
        self.assertEqual(order.order_line.reward_id.program_id, percent)
        self.assertAlmostEqual(order.amount_total, 140)

    def test_a_worse_choice_is_replaced_and_the_code_stays(self):
        program = self._create_coupon_program(5, strict=True, stacking_policy="alone")
        card = self._create_card(program)
        pairs = self._create_offer(NTH, name="Pairs", strict=True)
        order = self._cart()
        self._apply_code(order, card.code)
        self.assertAlmostEqual(order.amount_total, 190)
        self._best(order)
        self.assertEqual(order.order_line.reward_id.program_id, pairs)
        self.assertIn(card, order.applied_coupon_ids)
        order.action_confirm()
        self.assertAlmostEqual(card.points, 1)

    def test_open_coupons_of_the_customer_take_part(self):
        values = {"strict": True, "stacking_policy": "alone"}
        small = self._create_coupon_program(10, name="Small", **values)
        large = self._create_coupon_program(30, name="Large", **values)
        own = self._create_card(large, self.partner)
        self._create_card(small, self.partner)
        for card in (
            self._create_card(large, self.other_partner),
            self._create_card(large, self.partner),
        ):
            card.sudo().voided_at = "2026-01-01"
        late = self._create_coupon_program(50, name="Late", strict=True)
        self._create_card(late, self.partner, expiration_date="2020-01-01")
        dear = self._create_coupon_program(50, name="Dear", strict=True)
        dear.rule_ids = [Command.create({"minimum_amount": 1000})]
        self._create_card(dear, self.partner)
        order = self._cart()
        self.assertIn("Large: ", self._best(order))
        self.assertAlmostEqual(order.amount_total, 140)
        self.assertEqual(order.order_line.coupon_id, own)
        self.assertEqual(order.applied_coupon_ids, own)
        order.action_confirm()
        self.assertEqual(own.points, 0)

    def test_points_are_not_spent_unasked(self):
        program = self._create_points_program(strict=True)
        card = self._create_card(program, self.partner, points=500)
        order = self._cart()
        self.assertIn("No coupon", self._best(order))
        self.assertAlmostEqual(order.amount_total, 200)
        self.assertAlmostEqual(card.points, 500)

    def test_looking_changes_and_logs_nothing(self):
        self._create_offer(NTH, strict=True, stacking_policy="alone")
        self._promotion("Percent", 20, strict=True)
        order = self._cart()
        refusals = self.env["loyalty.refusal"].search_count([])
        cards = self.env["loyalty.card"].search_count([])
        found = order._loyalty_best_rewards()
        self.assertEqual([round(amount) for amount, _rewards in found], [50, 40])
        self.assertFalse(order.order_line.reward_id)
        self.assertEqual(self.env["loyalty.card"].search_count([]), cards)
        self.assertEqual(self.env["loyalty.refusal"].search_count([]), refusals)

    def test_a_confirmed_order_is_left_alone(self):
        self._create_offer(NTH)
        order = self._cart()
        order.action_confirm()
        with self.assertRaises(UserError):
            self._best(order)
