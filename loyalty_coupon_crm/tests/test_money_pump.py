from itertools import product as combinations

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestMoneyPump(LoyaltyCrmCommon):
    """Gift cards and eWallets never make money: top-ups are paid with money."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top_up = cls._create_product("Top-up", 100.0, 0.0, type="service")
        cls.voucher = cls._create_product("Voucher", 50.0, 0.0, type="service")
        cls.ewallet = cls._payment_program("ewallet", cls.top_up)
        cls.gift_card = cls._payment_program("gift_card", cls.voucher)
        cls.wallet = cls._create_card(cls.ewallet, cls.partner, points=500)
        cls.card = cls._create_card(cls.gift_card, points=500)

    @classmethod
    def _payment_program(cls, kind, product, **values):
        """Return a strict program of Odoo's template, topped up by one product."""
        action = cls.env["loyalty.program"].create_from_template(kind)
        program = cls.env["loyalty.program"].browse(action["res_id"])
        program.write({"strict": True, **values})
        program.rule_ids.product_ids = product
        return program

    def _order(self, *products):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "order_line": [
                    Command.create({"product_id": product.id}) for product in products
                ],
            }
        )
        order._update_programs_and_rewards()
        return order

    def _discount(self, order, percent=10):
        """Take some percent off the whole order with a coupon."""
        card = self._create_card(self._create_coupon_program(percent))
        self._apply_code(order, card.code)

    def _pay(self, order, *cards):
        """Pay with cards, each as much as it can; return what it refused."""
        refused = []
        for card in cards:
            if (
                card.program_id == self.gift_card
                and card not in order.applied_coupon_ids
            ):
                order._try_apply_code(card.code)
            try:
                order._apply_program_reward(card.program_id.reward_ids, card)
                order._update_programs_and_rewards()
            except UserError as error:
                refused.append(str(error))
        return refused

    def test_an_ewallet_pays_no_top_up(self):
        order = self._order(self.top_up)
        (refused,) = self._pay(order, self.wallet)
        self.assertIn("Top-up", refused)
        self.assertNotIn(self.wallet, order._get_claimable_rewards())
        order.action_confirm()
        self.assertEqual((order.amount_total, self.wallet.points), (100, 600))

    def test_a_gift_card_pays_neither_top_up_nor_gift_card(self):
        for product in (self.top_up, self.voucher):
            order = self._order(product)
            (refused,) = self._pay(order, self.card)
            self.assertIn(product.name, refused)
            self.assertEqual(order.amount_total, product.list_price)

    def test_an_ewallet_buys_a_gift_card(self):
        order = self._order(self.voucher)
        self.assertFalse(self._pay(order, self.wallet))
        self.assertEqual(order.amount_total, 0)

    def test_the_goods_of_a_mixed_order_are_paid(self):
        order = self._order(self.product, self.top_up)
        self.assertFalse(self._pay(order, self.wallet))
        self.assertEqual(order.amount_total, 100)
        order.action_confirm()
        self.assertEqual(self.wallet.points, 500 - 100 + 100)

    def test_a_discount_opens_no_gap(self):
        order = self._order(self.top_up)
        self._discount(order)
        self.assertEqual(order.amount_total, 90)
        self.assertTrue(self._pay(order, self.wallet, self.card))
        self.assertEqual(order.amount_total, 90)
        order = self._order(self.product, self.top_up)
        self._discount(order)
        self.assertFalse(self._pay(order, self.wallet))
        self.assertEqual(order.amount_total, 100)

    def test_a_discount_that_comes_after_the_payment(self):
        order = self._order(self.product, self.top_up)
        self._pay(order, self.wallet)
        self._discount(order, 50)
        order._update_programs_and_rewards()
        self.assertGreaterEqual(order.amount_total, 100)

    def test_two_wallets_do_not_feed_each_other(self):
        second_product = self._create_product("Other top-up", 80.0, 0.0)
        # What is left to pay: programs that are not strict keep Odoo's way.
        expected = {
            (True, True): 180,
            (True, False): 100,
            (False, True): 80,
            (False, False): 0,
        }
        for strict, left in expected.items():
            second = self._payment_program("ewallet", second_product)
            self.ewallet.strict, second.strict = strict
            wallet = self._create_card(second, self.partner, points=500)
            order = self._order(self.top_up, second_product)
            self._pay(order, self.wallet, wallet)
            self.assertEqual(order.amount_total, left, strict)
            second.active = False
            wallet.active = False

    def test_every_combination_leaves_the_price_of_top_ups(self):
        """Goods, discount, both payments in both orders: no money is made."""
        baskets = combinations((False, True), repeat=4)
        for tea, top_up, voucher, discount in baskets:
            if not (tea or top_up or voucher):
                continue
            products = [self.product] * tea + [self.top_up] * top_up
            products += [self.voucher] * voucher
            for cards in ((self.wallet, self.card), (self.card, self.wallet)):
                order = self._order(*products)
                if discount:
                    self._discount(order)
                before = order.amount_total
                self._pay(order, *cards)
                name = (tea, top_up, voucher, discount, cards)
                kept = min(before, 100 * top_up)
                self.assertGreaterEqual(order.amount_total, kept, name)
                gifts = -sum(
                    order.order_line.filtered(
                        lambda line: line.coupon_id == self.card
                    ).mapped("price_total")
                )
                limit = max(before - 100 * top_up - 50 * voucher, 0)
                self.assertLessEqual(gifts, limit, name)
                worth = self.wallet.points + self.card.points
                order.action_confirm()
                gained = sum(self.gift_card.coupon_ids.mapped("points"))
                gained += self.wallet.points - worth
                self.assertLessEqual(
                    gained, order.amount_total + 500 + 10 * discount, name
                )
                order._action_cancel()

    def test_a_top_up_put_on_after_the_payment(self):
        order = self._order(self.product)
        self._pay(order, self.wallet)
        self.assertEqual(order.amount_total, 0)
        order.order_line.filtered(
            lambda line: not line.reward_id
        ).product_id = self.top_up
        order.action_confirm()
        self.assertEqual((order.amount_total, self.wallet.points), (100, 600))

    def test_a_payment_written_by_hand_is_refused(self):
        order = self._order(self.product, self.top_up)
        self._pay(order, self.wallet)
        self.assertFalse(order._loyalty_wrong_payment())
        order.order_line.filtered("reward_id").price_unit = -150
        with self.assertRaisesRegex(ValidationError, "Top-up"):
            order._loyalty_check_payments()

    def test_the_price_with_taxes_is_kept(self):
        tax = self.env["account.tax"].create({"name": "21 %", "amount": 21})
        self.top_up.taxes_id = tax
        order = self._order(self.product, self.top_up)
        self._pay(order, self.wallet)
        self.assertAlmostEqual(order.amount_total, 121)

    def test_what_a_customer_may_choose_is_bounded_as_well(self):
        order = self._order(self.product, self.top_up)
        reward = self.ewallet.reward_ids
        self.assertEqual(order._loyalty_most_points(reward, self.wallet), 100)
        with self.assertRaisesRegex(UserError, "choose from"):
            order.with_context(loyalty_spend_points=150)._apply_program_reward(
                reward, self.wallet
            )

    def test_programs_that_are_not_strict_keep_odoos_way(self):
        (self.ewallet + self.gift_card).strict = False
        order = self._order(self.top_up)
        self.assertFalse(self._pay(order, self.wallet))
        self.assertEqual(order.amount_total, 0)
