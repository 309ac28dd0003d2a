from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged, users

from ..tools.purchase_lines import line_differences
from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestPurchase(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._create_user(
            "purchase_seller", "sales_team.group_sale_salesman"
        )
        cls.purchases = cls.env["loyalty.purchase"]

    def _rows(self, *orders):
        return self.purchases.search(
            [
                ("order_model", "=", "sale.order"),
                ("order_id", "in", [order.id for order in orders]),
            ],
            order="id",
        )

    def _confirmed(self, quantity=2, **values):
        order = self._create_order(quantity=quantity, **values)
        order.action_confirm()
        return order

    def _edit(self, order, commands):
        """Edit the lines as the form does, and run what waits for the commit."""
        order.write({"order_line": commands})
        self.env.cr.flush()

    def test_confirmed_order_is_a_purchase(self):
        order = self._confirmed()
        row = self._rows(order)
        self.assertEqual(len(row), 1)
        self.assertEqual(row.partner_id, self.partner)
        self.assertEqual(row.commercial_partner_id, self.partner)
        self.assertEqual(row.amount, 200)
        self.assertEqual(row.margin, 80)
        self.assertEqual(row.channel, "sale")
        self.assertEqual(row.line_ids.product_id, self.product)
        self.assertEqual(row.line_ids.categ_id, self.category)
        self.assertEqual(row.line_ids.quantity, 2)
        self.assertEqual(row.line_ids.cost, 120)

    def test_recording_twice_writes_one_row(self):
        order = self._confirmed()
        self.assertFalse(self.purchases._record(order))
        self.assertFalse(self.purchases._record_difference(order))
        self.assertEqual(len(self._rows(order)), 1)

    def test_quotation_is_no_purchase(self):
        order = self._create_order()
        self._edit(order, [Command.update(order.order_line.id, {"product_uom_qty": 9})])
        self.assertFalse(self._rows(order))

    def test_contact_of_a_company_counts_for_the_company(self):
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": firm.id})
        row = self._rows(self._confirmed(partner=contact))
        self.assertEqual(row.partner_id, contact)
        self.assertEqual(row.commercial_partner_id, firm)

    def test_public_user_is_no_customer(self):
        public = self.env.ref("base.public_partner")
        row = self._rows(self._confirmed(partner=public))
        self.assertEqual(len(row), 1)
        self.assertFalse(row.partner_id)
        self.assertFalse(row.commercial_partner_id)

    def test_cancel_and_confirm_again(self):
        order = self._confirmed()
        order._action_cancel()
        first, back = self._rows(order)
        self.assertEqual(back.reversal_of_id, first)
        self.assertEqual(back.amount, -first.amount)
        self.assertEqual(back.margin, -first.margin)
        self.assertEqual(back.line_ids.quantity, -2)
        self.assertFalse(self.purchases._record_reversal(order))

        order.action_draft()
        order.action_confirm()
        rows = self._rows(order)
        self.assertEqual(rows.mapped("amount"), [200, -200, 200])
        order._action_cancel()
        self.assertEqual(sum(self._rows(order).mapped("amount")), 0)
        self.assertEqual(len(self._rows(order)), 4)

    def test_edit_of_confirmed_order_is_a_row_for_the_difference(self):
        order = self._confirmed()
        self._edit(order, [Command.update(order.order_line.id, {"product_uom_qty": 3})])
        self.assertEqual(self._rows(order).mapped("amount"), [200, 100])
        self.assertEqual(self._rows(order)[-1].line_ids.quantity, 1)
        self.assertEqual(self._rows(order)[-1].margin, 40)

        self._edit(order, [Command.update(order.order_line.id, {"product_uom_qty": 1})])
        self.assertEqual(sum(self._rows(order).mapped("amount")), 100)
        self.assertEqual(sum(self._rows(order).line_ids.mapped("cost")), 60)

        order._action_cancel()
        rows = self._rows(order)
        self.assertEqual(len(rows), 6)
        self.assertEqual(sum(rows.mapped("amount")), 0)
        self.assertEqual(sum(rows.mapped("margin")), 0)
        self.assertEqual(sum(rows.line_ids.mapped("quantity")), 0)

    def test_many_edits_of_one_request_are_one_row(self):
        order = self._confirmed()
        self._edit(
            order,
            [
                Command.update(order.order_line.id, {"product_uom_qty": 5}),
                Command.create({"product_id": self.gift.id, "product_uom_qty": 2}),
            ],
        )
        rows = self._rows(order)
        self.assertEqual(rows.mapped("amount"), [200, 340])
        self.assertEqual(rows[-1].line_ids.product_id, self.product | self.gift)

    def test_edit_there_and_back_writes_nothing(self):
        order = self._confirmed()
        order.order_line.product_uom_qty = 5
        order.order_line.product_uom_qty = 2
        self.env.cr.flush()
        self.assertEqual(len(self._rows(order)), 1)

    def test_new_cost_price_does_not_rewrite_the_cost_of_a_purchase(self):
        order = self._confirmed(quantity=4)
        self.product.standard_price = 90
        self._edit(order, [Command.update(order.order_line.id, {"product_uom_qty": 1})])
        rows = self._rows(order)
        self.assertEqual(sum(rows.line_ids.mapped("cost")), 60)
        self._edit(order, [Command.update(order.order_line.id, {"product_uom_qty": 2})])
        self.assertEqual(sum(self._rows(order).line_ids.mapped("cost")), 150)

    def test_price_change_alone_keeps_cost_known(self):
        order = self._confirmed()
        self._edit(order, [Command.update(order.order_line.id, {"price_unit": 90})])
        rows = self._rows(order)
        self.assertEqual(rows.mapped("amount"), [200, -20])
        self.assertEqual(rows[-1].margin, -20)

    def test_unknown_cost_leaves_the_margin_empty(self):
        self.product.standard_price = 0
        order = self._confirmed()
        order._action_cancel()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT margin FROM loyalty_purchase WHERE id = ANY(%s)",
            (self._rows(order).ids,),
        )
        self.assertEqual(self.env.cr.fetchall(), [(None,), (None,)])

    def test_discount_is_spread_over_the_products(self):
        program = self._create_coupon_program(percent=10)
        card = self._create_card(program, self.partner)
        order = self._create_order(quantity=2)
        order.write({"order_line": [Command.create({"product_id": self.gift.id})]})
        self._apply_code(order, card.code)
        order.action_confirm()
        row = self._rows(order)
        self.assertEqual(row.amount, 198)
        self.assertEqual(row.discount_amount, 22)
        self.assertEqual(row.line_ids.mapped("amount"), [180, 18])
        self.assertEqual(row.margin, 198 - 120 - 8)

    def test_foreign_currency_is_company_currency(self):
        currency = self.env["res.currency"].create({"name": "XTS", "symbol": "x"})
        self.env["res.currency.rate"].create({"currency_id": currency.id, "rate": 2})
        pricelist = self.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": currency.id}
        )
        order = self._create_order(quantity=2, pricelist_id=pricelist.id)
        order.action_confirm()
        self.assertEqual(order.amount_untaxed, 400)
        self.assertEqual(self._rows(order).amount, 200)

    def test_backfill_writes_what_recording_would(self):
        program = self._create_coupon_program(percent=10)
        card = self._create_card(program, self.partner)
        order = self._create_order(quantity=2)
        self._apply_code(order, card.code)
        dozen = self.env.ref("uom.product_uom_dozen")
        pack = self._create_order(product=self.gift)
        pack.order_line.write({"product_uom_id": dozen.id})
        anonymous = self._create_order(partner=self.env.ref("base.public_partner"))
        orders = order | pack | anonymous
        orders.action_confirm()
        names = (
            "partner_id", "commercial_partner_id", "company_id", "date", "amount",
            "amount_total", "discount_amount", "margin", "channel", "shop",
        )  # fmt: skip
        line_names = ("product_id", "categ_id", "quantity", "amount", "cost")

        def snapshot():
            return [
                ([row[name] for name in names],
                 [[line[name] for name in line_names] for line in row.line_ids])
                for row in self._rows(*orders).sorted("order_id")
            ]  # fmt: skip

        recorded = snapshot()
        self.assertEqual(len(recorded), 3)
        self.env.cr.execute(
            "DELETE FROM loyalty_purchase WHERE id = ANY(%s)",
            (self._rows(*orders).ids,),
        )
        self.env.invalidate_all()
        self.purchases._backfill()
        self.purchases._backfill()
        self.assertEqual(snapshot(), recorded)

    def test_purchases_are_never_changed(self):
        row = self._rows(self._confirmed())
        with self.assertRaises(UserError):
            row.amount = 1
        with self.assertRaises(UserError):
            row.unlink()
        row.partner_id = self.other_partner

    @users("purchase_seller")
    def test_salesperson_records_but_does_not_write(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "order_line": [Command.create({"product_id": self.product.id})],
            }
        )
        order.action_confirm()
        order.order_line.product_uom_qty = 4
        self.env.cr.flush()
        rows = self._rows(order).with_env(self.env)
        self.assertEqual(rows.mapped("amount"), [100, 300])
        with self.assertRaises(AccessError):
            self.env["loyalty.purchase"].create({"company_id": self.env.company.id})

    def test_other_company_sees_nothing(self):
        row = self._rows(self._confirmed())
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.seller.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        purchases = self.purchases.with_user(self.seller).with_company(other)
        self.assertFalse(purchases.search([("id", "=", row.id)]))

    def test_line_differences(self):
        old = [dict(product_id=1, categ_id=7, quantity=4, amount=40, cost=20)]
        new = [dict(product_id=2, categ_id=8, quantity=1, amount=9, cost=3)]
        self.assertEqual(
            line_differences(old, new, round),
            [
                dict(product_id=1, categ_id=7, quantity=-4, amount=-40, cost=-20),
                dict(product_id=2, categ_id=8, quantity=1, amount=9, cost=3),
            ],
        )
        self.assertEqual(line_differences(old, old, round), [])
