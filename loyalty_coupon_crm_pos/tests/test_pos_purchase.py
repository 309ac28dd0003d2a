from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.point_of_sale.tests.common import CommonPosTest

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosPurchase(LoyaltyCrmPosCommon):
    """One purchase per paid order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupons = cls._create_coupon_program(strict=True, percent=10)

    def test_paid_order(self):
        order = self._pay_order(quantity=2)
        purchase = self._purchases(order)
        self.assertEqual(len(purchase), 1)
        self.assertEqual(
            (purchase.amount, purchase.amount_total, purchase.discount_amount),
            (200, 200, 0),
        )
        self.assertEqual((purchase.channel, purchase.shop), ("pos", self.config.name))
        self.assertEqual(purchase.partner_id, self.partner)
        self.assertEqual(purchase.date, order.date_order)
        self.assertEqual(purchase.margin, 80)
        line = purchase.line_ids
        self.assertEqual(
            (line.product_id, line.quantity, line.amount, line.cost),
            (self.product, 2, 200, 120),
        )

    def test_paid_twice_is_one_purchase(self):
        order = self._pay_order()
        order.action_pos_order_paid()
        self._refund(order)
        order.action_pos_order_paid()
        self.assertEqual(len(self._purchases(order)), 1)

    def test_draft_is_no_purchase(self):
        order, _refund = CommonPosTest.create_backend_pos_order(
            self,
            {
                "order_data": {"partner_id": self.partner.id},
                "line_data": [{"product_id": self.product.id, "qty": 1}],
            },
        )
        self.assertEqual(order.state, "draft")
        self.assertFalse(self._purchases(order))

    def test_walk_in_customer(self):
        order = self._pay_order(partner_id=False)
        self.assertEqual(self._purchases(order).amount, 100)
        self.assertFalse(self._purchases(order).partner_id)

    def test_discount_is_spread(self):
        card = self._create_card(self.coupons, self.partner)
        cup = {"product_id": self.gift.id, "qty": 1}
        order = self._pay_order(rewards=[cup, self._reward_line(card, 10)])
        purchase = self._purchases(order)
        self.assertEqual((purchase.amount, purchase.discount_amount), (110, 10))
        self.assertEqual(purchase.line_ids.mapped("amount"), [91.67, 18.33])
        self.assertEqual(sum(purchase.line_ids.mapped("amount")), purchase.amount)

    def _create_cup_program(self):
        """Return a program whose coupons give a cup."""
        return self._create_coupon_program(
            reward_ids=[
                Command.create(
                    {
                        "reward_type": "product",
                        "reward_product_id": self.gift.id,
                        "required_points": 1,
                    }
                )
            ]
        )

    def test_free_product_costs_a_campaign_once(self):
        """A sale of 100 that cost 60, with a free cup that cost 8: profit 32."""
        system = self.env(su=True)
        segment = system["loyalty.segment"].create(
            {
                "name": "One",
                "kind": "static",
                "member_ids": [
                    Command.create(
                        {"partner_id": self.partner.id, "date_from": "2026-01-01"}
                    )
                ],
            }
        )
        campaign = system["loyalty.campaign"].create(
            {
                "name": "Cups",
                "program_id": self._create_cup_program().id,
                "segment_id": segment.id,
                "control_percent": 0,
                "no_control_reason": "A test",
            }
        )
        campaign.action_launch()
        campaign._run_batch(10)
        card = campaign.member_ids.card_id.sudo(False)
        cup = {"product_id": self.gift.id, "qty": 1}
        order = self._pay_order(rewards=[cup, self._reward_line(card, 20)])
        order.confirm_coupon_programs(self._coupon_data(card, -1))
        campaign.action_refresh_results()
        row = campaign.result_ids
        self.assertEqual((row.attributed_sales, row.goods_cost), (100, 8))
        self.assertAlmostEqual(row.margin_rate, 40.0)
        self.assertAlmostEqual(row.attributed_profit, 32.0)

    def test_free_product_lowers_its_own_line(self):
        program = self._create_cup_program()
        card = self._create_card(program, self.partner)
        cup = {"product_id": self.gift.id, "qty": 1}
        order = self._pay_order(rewards=[cup, self._reward_line(card, 20)])
        order.confirm_coupon_programs(self._coupon_data(card, -1))
        purchase = self._purchases(order)
        self.assertEqual((purchase.amount, purchase.discount_amount), (100, 0))
        self.assertEqual(purchase.line_ids.mapped("amount"), [100, 0])
        use = self._uses(order)
        self.assertEqual((use.discount_amount, use.goods_cost), (0, 8))

    def test_other_currency(self):
        usd, eur = self.env.ref("base.USD"), self.env.ref("base.EUR")
        currency = usd if self.company.currency_id == eur else eur
        currency.active = True
        rates = currency.rate_ids.filtered(lambda row: row.company_id == self.company)
        rates.unlink()
        self.env["res.currency.rate"].create(
            {
                "name": "2020-01-01",
                "currency_id": currency.id,
                "company_id": self.company.id,
                "rate": 0.5,
            }
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Sales Abroad",
                "type": "sale",
                "code": "LCTS",
                "currency_id": currency.id,
            }
        )
        prices = self.env["product.pricelist"].create(
            {"name": "Abroad", "currency_id": currency.id}
        )
        till = self._create_till(
            "Abroad",
            journal_id=journal.id,
            use_pricelist=True,
            available_pricelist_ids=[Command.set(prices.ids)],
            pricelist_id=prices.id,
        )
        order = self._pay_order(pos_config=till)
        self.assertEqual(order.currency_id, currency)
        self.assertEqual(self._purchases(order).amount, 200)
        self.assertEqual(self._purchases(order).line_ids.amount, 200)

    def test_taxes_are_left_out(self):
        tax = self.env["account.tax"].create(
            {"name": "10%", "amount": 10, "price_include_override": "tax_included"}
        )
        product = self._create_product(
            "Cake", 10.0, 1.0, taxes_id=[Command.set(tax.ids)], available_in_pos=True
        )
        order = self._pay_order(product=product)
        purchase = self._purchases(order)
        self.assertAlmostEqual(purchase.amount, 9.09)
        self.assertAlmostEqual(purchase.amount_total, 10)

    def test_backfill_finds_nothing_to_do(self):
        card = self._create_card(self.coupons, self.partner)
        order = self._pay_order(quantity=2, rewards=[self._reward_line(card, 20)])
        order.confirm_coupon_programs(self._coupon_data(card, -1))
        self._refund(order)
        before = self._figures()
        self.env["loyalty.pos.backfill"]._run()
        self.assertEqual(self._figures(), before)

    def test_backfill_writes_what_was_written_live(self):
        card = self._create_card(self.coupons, self.partner)
        order = self._pay_order(
            quantity=2,
            rewards=[
                {"product_id": self.gift.id, "qty": 1},
                self._reward_line(card, 20),
            ],
        )
        order.confirm_coupon_programs(self._coupon_data(card, -1))
        self._refund(order, {order.lines[0]: 1, order.lines[2]: 0.5})
        self._refund(order)
        live = self._figures()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM loyalty_purchase_line")
        self.env.cr.execute("DELETE FROM loyalty_purchase")
        self.env.cr.execute("DELETE FROM loyalty_redemption")
        self.env.invalidate_all()
        self.env["loyalty.pos.backfill"]._run()
        self.assertEqual(self._figures(), live)
        self.env["loyalty.purchase"].sudo()._backfill()
        self.assertEqual(self._figures(), live)

    def _figures(self):
        """Return all facts of the tills in a form that compares."""
        self.env.flush_all()
        orders = [("order_model", "=", "pos.order")]
        purchases = self.env["loyalty.purchase"].search(orders, order="order_id, id")
        uses = self.env["loyalty.redemption"].search(orders, order="order_id, id")
        return (
            [
                (
                    row.order_id,
                    row.partner_id.id,
                    row.amount,
                    row.amount_total,
                    row.discount_amount,
                    row.margin,
                    row.date,
                    row.shop,
                    row.reversal_of_id.order_id,
                    sorted(
                        (line.product_id.id, line.quantity, line.amount, line.cost)
                        for line in row.line_ids
                    ),
                )
                for row in purchases
            ],
            [
                (
                    use.order_id,
                    use.card_id.id,
                    use.partner_id.id,
                    use.points,
                    use.discount_amount,
                    use.order_amount,
                    use.shop,
                    use.reversal_of_id.order_id,
                )
                for use in uses
            ],
        )
