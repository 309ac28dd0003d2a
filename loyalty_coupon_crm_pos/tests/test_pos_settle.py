from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosSettle(LoyaltyCrmPosCommon):
    """A sales order that is settled at the till is one purchase."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The one who tests writes the quotation, too.
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")

    def setUp(self):
        super().setUp()
        if "sale_order_origin_id" not in self.env["pos.order.line"]._fields:
            self.skipTest("pos_sale, which settles sales orders, is not installed")
        self.config.open_ui()

    def _settle(self, sale, *lines):
        """Return the paid POS order that settles a sales order and sells more lines."""
        sale_line = sale.order_line[0]
        settled = {
            **self._till_line(sale_line.product_id, sale_line.product_uom_qty),
            "sale_order_origin_id": sale.id,
            "sale_order_line_id": sale_line.id,
        }
        return self._sync([settled, *lines])

    def _sale_purchases(self, sale):
        return self.env["loyalty.purchase"].search(
            [("order_model", "=", "sale.order"), ("order_id", "=", sale.id)]
        )

    def test_settled_quotation_is_one_purchase(self):
        sale = self._create_order(quantity=2)
        order = self._settle(sale)
        self.assertEqual(sale.state, "sale")
        self.assertEqual(self._sale_purchases(sale).amount, 200)
        self.assertFalse(self._purchases(order))

    def test_settled_confirmed_order_and_more_goods(self):
        sale = self._create_order(quantity=2)
        sale.action_confirm()
        order = self._settle(sale, self._till_line(self.gift))
        self.assertEqual(self._sale_purchases(sale).amount, 200)
        purchase = self._purchases(order)
        self.assertEqual(purchase.amount, 20)
        self.assertEqual(purchase.line_ids.product_id, self.gift)

    def test_refund_of_settled_goods_reverses_the_sales_order(self):
        sale = self._create_order(quantity=2)
        order = self._settle(sale)
        refund = self._sync(
            [self._till_line(self.product, -1, refunded_orderline_id=order.lines.id)],
            is_refund=True,
        )
        back = self._purchases(refund)
        self.assertEqual(back.amount, -100)
        self.assertEqual(back.reversal_of_id, self._sale_purchases(sale))

    def test_refund_of_settled_goods_reverses_points_and_coupon(self):
        points = self._create_points_program(strict=True)
        coupons = self._create_coupon_program(strict=True)
        wallet = self._create_card(points, self.partner, 0)
        coupon = self._create_card(coupons, self.partner)
        sale = self._create_order(quantity=2)
        sale._update_programs_and_rewards()
        self._apply_code(sale, coupon.code)
        sale.action_confirm()
        self.assertEqual((wallet.points, coupon.points), (180, 0))
        reward = sale.order_line.filtered("reward_id")
        discount = {
            **self._till_line(reward.product_id, 1),
            "price_unit": -20,
            "price_subtotal": -20,
            "price_subtotal_incl": -20,
            "sale_order_origin_id": sale.id,
            "sale_order_line_id": reward.id,
        }
        order = self._settle(sale, discount)
        goods, given = order.lines
        refund = self._sync(
            [self._till_line(self.product, -1, refunded_orderline_id=goods.id)],
            is_refund=True,
        )
        self.assertEqual((wallet.points, coupon.points), (90, 0))
        self.assertEqual(self._moves(wallet, refund), [("reverse", -90)])
        last = self._sync(
            [
                self._till_line(self.product, -1, refunded_orderline_id=goods.id),
                {
                    **self._till_line(reward.product_id, -1),
                    "price_unit": -20,
                    "price_subtotal": 20,
                    "price_subtotal_incl": 20,
                    "refunded_orderline_id": given.id,
                },
            ],
            is_refund=True,
        )
        self.assertEqual((wallet.points, coupon.points), (0, 1))
        self.assertFalse(coupon.used_at)
        rows = self._sale_purchases(sale) + self._purchases(refund + last)
        self.assertEqual(sum(rows.mapped("amount")), 0)
        self.assertLedger(wallet, coupon)

    def test_credit_note_of_settled_goods_reverses_the_sales_order(self):
        points = self._create_points_program(strict=True)
        wallet = self._create_card(points, self.partner, 0)
        sale = self._create_order(quantity=2)
        sale._update_programs_and_rewards()
        sale.action_confirm()
        order = self._settle(sale, self._till_line(self.gift))
        self.assertEqual(wallet.points, 180 + 90, "sold by the order and at the till")
        order.action_pos_order_invoice()
        note = order.account_move.sudo()._reverse_moves()
        note.action_post()
        self.assertEqual(wallet.points, 0)
        rows = self._sale_purchases(sale) + self._purchases(order)
        rows |= rows.search([("reversal_of_id", "in", rows.ids)])
        self.assertEqual(sum(rows.mapped("amount")), 0)
        note.button_draft()
        self.assertEqual(wallet.points, 270)
        self.assertLedger(wallet)

    def test_cancel_after_the_refund_at_the_till(self):
        points = self._create_points_program(strict=True)
        wallet = self._create_card(points, self.partner, 0)
        sale = self._create_order(quantity=2)
        sale._update_programs_and_rewards()
        sale.action_confirm()
        order = self._settle(sale)
        self._sync(
            [self._till_line(self.product, -2, refunded_orderline_id=order.lines.id)]
        )
        self.assertEqual(wallet.points, 0)
        sale._action_cancel()
        self.assertEqual(wallet.points, 0)
        rows = self._sale_purchases(sale)
        rows |= rows.search([("reversal_of_id", "in", rows.ids)])
        self.assertEqual(sum(rows.mapped("amount")), 0)
        self.assertLedger(wallet)

    def test_backfill_leaves_settled_lines_out(self):
        sale = self._create_order(quantity=2)
        order = self._settle(sale, self._till_line(self.gift))
        settled = order.lines.filtered("sale_order_origin_id")
        refund = self._sync(
            [self._till_line(self.product, -1, refunded_orderline_id=settled.id)]
        )
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM loyalty_purchase_line")
        self.env.cr.execute("DELETE FROM loyalty_purchase")
        self.env.invalidate_all()
        self.env["loyalty.purchase"].sudo()._backfill()
        self.assertEqual(self._sale_purchases(sale).amount, 200)
        self.assertEqual(self._purchases(order).amount, 20)
        back = self._purchases(refund)
        self.assertEqual(back.amount, -100)
        self.assertEqual(back.reversal_of_id, self._sale_purchases(sale))
