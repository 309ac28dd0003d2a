from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestRedemption(LoyaltyCrmCommon):
    """One row per use of a card on a document, reversed and never deleted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(percent=10)

    def _uses(self, order):
        return self.env["loyalty.redemption"].search(
            [("order_model", "=", "sale.order"), ("order_id", "=", order.id)],
            order="id",
        )

    def test_use_is_written_on_confirmation(self):
        card = self._create_card(self.program, self.partner)
        order = self._create_order(quantity=2)
        self._apply_code(order, card.code)
        self.assertFalse(self._uses(order))
        order.action_confirm()
        use = self._uses(order)
        self.assertEqual(len(use), 1)
        self.assertEqual(
            (use.card_id, use.points, use.discount_amount, use.order_amount),
            (card, 1, 20, 180),
        )
        self.assertEqual((use.channel, use.partner_id), ("sale", self.partner))
        self.assertEqual(card.points, 0)
        self.assertTrue(card.used_at)

    def test_cancel_reverses_the_use(self):
        card = self._create_card(self.program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        order._action_cancel()
        use, reversal = self._uses(order)
        self.assertEqual(reversal.reversal_of_id, use)
        self.assertEqual(reversal.discount_amount, -use.discount_amount)
        self.assertEqual(card.points, 1)
        self.assertFalse(card.used_at)

    def test_cancel_leaves_the_other_use_of_the_card(self):
        card = self._create_card(self.program, self.partner, 2)
        orders = self._create_order() + self._create_order()
        for day, order in enumerate(orders, 1):
            self._apply_code(order, card.code)
            order.action_confirm()
            order.date_order = f"2026-01-0{day} 12:00:00"
        orders[1]._action_cancel()
        self.assertEqual(card.used_at, self._uses(orders[0]).date)

    def test_used_again_after_cancel(self):
        card = self._create_card(self.program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        order._action_cancel()
        again = self._create_order()
        self._apply_code(again, card.code)
        again.action_confirm()
        self.assertEqual(len(self._uses(again)), 1)
        self.assertEqual(card.points, 0)

    def test_recorded_once(self):
        card = self._create_card(self.program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        self.env["loyalty.redemption"]._record(order)
        self.assertEqual(len(self._uses(order)), 1)

    def test_free_goods_cost_what_they_cost(self):
        program = self._create_coupon_program(
            reward_ids=[
                Command.create(
                    {
                        "reward_type": "product",
                        "reward_product_id": self.gift.id,
                        "reward_product_qty": 1,
                        "required_points": 1,
                    }
                )
            ]
        )
        card = self._create_card(program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        use = self._uses(order)
        self.assertEqual((use.discount_amount, use.goods_cost), (0, 8))
        self.assertEqual(use.order_amount, 100)

    def test_other_currency_is_converted(self):
        currency = self._create_currency()
        pricelist = self.env["product.pricelist"].create(
            {"name": "In T", "currency_id": currency.id}
        )
        card = self._create_card(self.program, self.partner)
        order = self._create_order(pricelist_id=pricelist.id)
        self.assertEqual(order.amount_untaxed, 200)
        self._apply_code(order, card.code)
        order.action_confirm()
        use = self._uses(order)
        self.assertEqual((use.discount_amount, use.order_amount), (10, 90))

    def test_backfill_writes_missing_uses_once(self):
        card = self._create_card(self.program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM loyalty_redemption")
        self.env.invalidate_all()
        for _count in range(2):
            self.env["loyalty.redemption"]._backfill()
        use = self._uses(order)
        self.assertEqual((use.card_id, use.discount_amount), (card, 10))
        self.assertEqual(card.used_at, order.date_order)

    def test_redemptions_are_never_changed_or_deleted(self):
        card = self._create_card(self.program, self.partner)
        order = self._create_order()
        self._apply_code(order, card.code)
        order.action_confirm()
        with self.assertRaises(UserError):
            self._uses(order).write({"discount_amount": 0})
        with self.assertRaises(UserError):
            self._uses(order).unlink()
