from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .offer_common import OfferCommon

NTH = {"kind": "nth", "every": 2, "percent": 50}
STEPS = {
    "kind": "ladder",
    "steps": [{"quantity": 3, "percent": 10}, {"quantity": 5, "percent": 15}],
}


@tagged("post_install", "-at_install", "loyalty_plain")
class TestOffers(OfferCommon):
    """Offers on several items: set up, put on orders, explained."""

    def _lines(self, *rows):
        """Return lines of a cart without taxes from (product, quantity, price)."""
        return [
            {
                "product": product,
                "quantity": quantity,
                "parts": [{"tax": "0", "price": price}],
            }
            for product, quantity, price in rows
        ]

    def _bundle(self, price, *parts):
        rows = [
            {"quantity": quantity, "products": list(products)}
            for quantity, *products in parts
        ]
        return {"kind": "bundle", "price": price, "parts": rows}

    def _cart(self, *rows):
        return self._create_cart(self._lines(*rows))

    def test_the_order_of_clicks_does_not_matter(self):
        bundle = self._create_offer(self._bundle(15, (1, "tea"), (1, "cup")), 1)
        pairs = self._create_offer(NTH, 2)
        percent = self._create_coupon_program(
            10, trigger="auto", program_type="promotion", name="10 %"
        )
        percent.rule_ids = [Command.create({"reward_point_mode": "order"})]
        totals = set()
        for programs in (
            (bundle, pairs, percent),
            (percent, pairs, bundle),
            (pairs, percent, bundle),
        ):
            order = self._cart(("tea", 3, 10), ("cup", 1, 8))
            order._update_programs_and_rewards()
            for program in programs:
                cards = {
                    reward: card
                    for card, rewards in order._get_claimable_rewards().items()
                    for reward in rewards
                }
                reward = program.reward_ids
                order._apply_program_reward(reward, cards[reward])
                order._update_programs_and_rewards()
            totals.add(round(order.amount_total, 2))
        # 38 - 3 (bundle) - 5 (pair of the two teas that are left), then 10 % off.
        self.assertEqual(totals, {27.0})

    def test_the_offer_follows_the_cart(self):
        program = self._create_offer(STEPS)
        self._good("tea").lst_price = 10
        order = self._cart(("tea", 3, 10))
        self._claim_all(order)
        self.assertAlmostEqual(order.amount_total, 27)
        self.assertIn("2 more for 15% off", order.loyalty_offer_text)
        order.order_line[0].product_uom_qty = 5
        order._update_programs_and_rewards()
        self.assertAlmostEqual(order.amount_total, 42.5)
        self.assertIn("15% off", order.loyalty_offer_text)
        order.order_line[0].product_uom_qty = 2
        order._update_programs_and_rewards()
        self.assertAlmostEqual(order.amount_total, 20)
        self.assertFalse(order.order_line.reward_id & program.reward_ids)

    def test_line_discounts_and_other_units_count(self):
        self._create_offer(NTH)
        order = self._cart(("tea", 1, 120))
        line = order.order_line
        line.write(
            {
                "product_uom_id": self.env.ref("uom.product_uom_dozen").id,
                "price_unit": 120,
                "discount": 50,
            }
        )
        self._claim_all(order)
        # Twelve items of 5 each: six of them at half price.
        self.assertAlmostEqual(order.amount_total, 60 - 6 * 2.5)

    def test_a_code_that_needs_more_items_says_so(self):
        program = self._create_offer(
            NTH, program_type="coupons", trigger="with_code", rule_ids=[Command.clear()]
        )
        card = self._create_card(program)
        self._good("tea").lst_price = 10
        order = self._cart(("tea", 1, 10))
        ((coupon, rewards),) = order._try_apply_code(card.code).items()
        answer = order._apply_program_reward(rewards, coupon)
        self.assertIn("1 more for 50% off", answer["error"])
        order.order_line[0].product_uom_qty = 2
        order._update_programs_and_rewards()
        self.assertNotIn("error", order._apply_program_reward(rewards, coupon))
        order._update_programs_and_rewards()
        self.assertAlmostEqual(order.amount_total, 15)
        order.action_confirm()
        self.assertAlmostEqual(card.points, 0)

    def test_gift_cards_take_no_part(self):
        self._create_offer(NTH)
        money = self._good("gift card")
        self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "trigger_product_ids": [Command.set(money.ids)],
                "communication_plan_ids": [Command.clear()],
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "product_ids": [Command.set(money.ids)],
                            "reward_point_mode": "money",
                            "reward_point_split": True,
                        }
                    ),
                ],
            }
        )
        order = self._cart(("gift card", 2, 50))
        self._claim_all(order)
        self.assertAlmostEqual(order.amount_total, 100)

    def test_excluded_products_take_no_part(self):
        program = self._create_offer(NTH, strict=True)
        program.excluded_product_ids = self._good("cup")
        order = self._cart(("tea", 1, 10), ("cup", 1, 10))
        self._claim_all(order)
        self.assertAlmostEqual(order.amount_total, 20)

    def test_another_discount_on_products_sees_the_lower_price(self):
        self._create_offer(NTH)
        specific = self._create_coupon_program(
            10, trigger="auto", program_type="promotion"
        )
        specific.reward_ids.discount_applicability = "specific"
        specific.rule_ids = [Command.create({"reward_point_mode": "order"})]
        order = self._cart(("tea", 2, 10))
        self._claim_all(order)
        self.assertAlmostEqual(order.amount_total, 13.5)

    def test_a_salesperson_uses_an_offer(self):
        self._create_offer(self._bundle(15, (1, "tea"), (1, "cup")))
        order = self._cart(("tea", 1, 10), ("cup", 1, 8))
        user = self._create_user("offer_seller", "sales_team.group_sale_salesman")
        order.user_id = user
        mine = order.with_user(user)
        self._claim_all(mine)
        self.assertAlmostEqual(order.amount_total, 15)
        self.assertIn("3.00", mine.loyalty_offer_text)
        with self.assertRaises(AccessError):
            order.order_line.reward_id.with_user(user).offer_line_ids.quantity = 2

    def test_marketing_sets_an_offer_up(self):
        user = self._create_user(
            "offer_marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        program = self._create_offer(STEPS)
        reward = program.with_user(user).reward_ids
        reward.write(
            {"offer_line_ids": [Command.create({"quantity": 9, "percent": 20})]}
        )
        self.assertEqual(
            reward.description, "3 items: 10% off, 5 items: 15% off, 9 items: 20% off"
        )
        self.assertIn("highest step", reward.offer_text)
        self.assertEqual(reward.discount_mode, "per_order")
        self.assertEqual(reward.discount, 20)

    def test_what_is_not_possible_is_refused(self):
        wrong = (
            {**NTH, "every": 1},
            {**NTH, "percent": 0},
            {**NTH, "percent": 101},
            {**NTH, "times": -1},
            {"kind": "ladder", "steps": []},
            {"kind": "ladder", "steps": [{"quantity": 3, "percent": 0}]},
            {"kind": "ladder", "steps": STEPS["steps"][:1] * 2},
            self._bundle(5),
            self._bundle(5, (1,)),
            self._bundle(5, (1.5, "tea")),
            self._bundle(-1, (1, "tea")),
            self._bundle(5, (1, "tea"), (1, "tea", "cup")),
        )
        self._good("tea"), self._good("cup")
        for offer in wrong:
            with self.subTest(offer), self.assertRaises(ValidationError):
                self._create_offer(offer)

    def test_the_last_step_cannot_be_removed(self):
        reward = self._create_offer(STEPS).reward_ids
        reward.offer_line_ids[0].unlink()
        with self.assertRaises(ValidationError):
            reward.offer_line_ids.unlink()

    def test_another_company_reads_no_steps(self):
        reward = self._create_offer(STEPS).reward_ids
        reward.program_id.company_id = self.company
        other = self.env["res.company"].create({"name": "Other"})
        user = self._create_user(
            "offer_other", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        lines = self.env["loyalty.offer.line"].with_user(user)
        self.assertFalse(lines.search([("reward_id", "=", reward.id)]))

    def test_a_program_is_copied_with_its_steps(self):
        copied = self._create_offer(STEPS).copy()
        self.assertEqual(copied.reward_ids.offer_line_ids.mapped("percent"), [10, 15])
