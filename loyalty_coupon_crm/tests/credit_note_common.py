from odoo import Command

from .common import LoyaltyCrmCommon


class CreditNoteCommon(LoyaltyCrmCommon):
    """Orders that earned and spent points and coupons, and what credits them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref(
            "loyalty_coupon_crm.group_loyalty_auditor"
        )
        cls.bookkeeper = cls._create_user(
            "refund_bookkeeper", "account.group_account_invoice"
        )
        cls.seller = cls._create_user(
            "refund_seller", "sales_team.group_sale_salesman_all_leads"
        )
        cls.points = cls._create_points_program(
            strict=True,
            points_value=0.1,
            reward_ids=[
                Command.create(
                    {
                        "discount": 10,
                        "required_points": 50,
                        "discount_applicability": "specific",
                        "discount_product_ids": [
                            Command.set((cls.product + cls.gift).ids)
                        ],
                    }
                )
            ],
        )
        cls.points.rule_ids.product_ids = cls.product
        cls.coupons = cls._create_coupon_program(strict=True)
        # What most tests begin with: an order that earned, one that used all, too.
        people = [{"name": "Member"}, {"name": "Spender"}]
        member, spender = cls.env["res.partner"].create(people)
        order, wallet, _card = cls._order(points=100, partner=member)
        cls.earned = order, wallet, cls._invoice(order)
        order, wallet, coupon = cls._order(
            points=100, coupon=True, spend=True, partner=spender
        )
        cls.used = order, wallet, coupon, cls._invoice(order)

    @classmethod
    def _invoice(cls, order):
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    def _credit(self, invoice, quantities=None, user=None, post=True):
        """Return the credit note of an invoice.

        :param quantities: {product: quantity that comes back}, everything by default;
            a product that is not named does not come back
        """
        note = invoice.with_user(user or self.bookkeeper)._reverse_moves()
        if quantities is not None:
            for line in note.invoice_line_ids:
                quantity = quantities.get(line.product_id, 0)
                if quantity:
                    line.quantity = quantity
                else:
                    line.unlink()
        if post:
            note.action_post()
        return note.sudo()

    @classmethod
    def _order(cls, quantity=3, points=0, coupon=False, spend=False, partner=None):
        """Return (order, wallet, coupon) of a confirmed order."""
        partner = partner or cls.partner
        wallet = cls._create_card(cls.points, partner, points)
        card = cls._create_card(cls.coupons, partner) if coupon else None
        order = cls._create_order(partner, quantity)
        order._update_programs_and_rewards()
        if spend:
            order._apply_program_reward(cls.points.reward_ids, wallet)
        if coupon:
            cls._apply_code(order, card.code)
        order.action_confirm()
        return order, wallet, card

    def _purchase(self, order):
        rows = self.env["loyalty.purchase"].search(
            [("order_model", "=", "sale.order"), ("order_id", "=", order.id)]
        )
        rows |= self.env["loyalty.purchase"].search(
            [("reversal_of_id", "in", rows.ids)]
        )
        return rows.sorted("id")

    def _net(self, order):
        return round(sum(self._purchase(order).mapped("amount")), 2)

    def _moves(self, card, document):
        return sorted(
            (move.kind, move.points)
            for move in card.move_ids
            if (move.order_model, move.order_id) == (document._name, document.id)
        )

    def assertLedger(self):
        self.env.cr.flush()
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def assertRemaining(self, card):
        remaining = sum(card.move_ids.mapped("remaining"))
        self.assertAlmostEqual(remaining, max(card.points, 0), 2)
