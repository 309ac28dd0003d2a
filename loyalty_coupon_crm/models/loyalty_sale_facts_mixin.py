from odoo import models


class LoyaltySaleFactsMixin(models.AbstractModel):
    """What a sales order sold, earned and spent, as the rooms ask for it."""

    _name = "loyalty.sale.facts.mixin"
    _description = "Facts of a Sales Order"

    def _loyalty_to_company(self, amount):
        """Return an amount of the order's currency in company currency, at its rate."""
        self.ensure_one()
        return self.company_id.currency_id.round(amount / (self.currency_rate or 1.0))

    def _loyalty_point_rows(self):
        self.ensure_one()
        rows = [
            (entry.coupon_id, "earn", entry.points) for entry in self.coupon_point_ids
        ]
        used = self.order_line.filtered(lambda line: line.reward_id and line.coupon_id)
        for card, lines in used.grouped("coupon_id").items():
            rows.append((card, "spend", -sum(lines.mapped("points_cost"))))
        return rows

    def _loyalty_discount_lines(self):
        """Return the lines with which a reward lowers the price; payments are none."""
        return self.order_line.filtered(
            lambda line: (
                line.reward_id.reward_type == "discount"
                and not line.reward_id.program_id.is_payment_program
            )
        )

    def _loyalty_payment_lines(self):
        """Return the lines on which a gift card or an eWallet pays."""
        return self.order_line.filtered(
            lambda line: line.reward_id.program_id.is_payment_program
        )

    def _loyalty_product_lines(self):
        return self.order_line.filtered(
            lambda line: (
                not line.display_type
                and line.reward_id.reward_type != "discount"
                and line.product_id
            )
        )

    def _loyalty_purchase_amounts(self):
        self.ensure_one()
        payments = self._loyalty_payment_lines()
        discount = -sum(self._loyalty_discount_lines().mapped("price_subtotal"))
        untaxed = self.amount_untaxed - sum(payments.mapped("price_subtotal"))
        total = self.amount_total - sum(payments.mapped("price_total"))
        return {
            "amount": self._loyalty_to_company(untaxed),
            "amount_total": self._loyalty_to_company(total),
            "discount_amount": self._loyalty_to_company(discount),
        }

    def _loyalty_purchase_lines(self):
        self.ensure_one()
        return self._loyalty_line_vals(dict.fromkeys(self.order_line, 1.0))

    def _loyalty_line_vals(self, shares):
        """Return parts of the product lines as values of `loyalty.purchase.line`.

        :param shares: {order line: part that counts, between 0 and 1}
        """
        lines = self._loyalty_product_lines().filtered(lambda line: shares.get(line))
        gross = sum(line.price_subtotal * shares[line] for line in lines)
        discount = sum(
            line.price_subtotal * shares.get(line, 0.0)
            for line in self._loyalty_discount_lines()
        )
        spread = 1 + discount / gross if gross else 1.0
        values = []
        for line in lines:
            share = shares[line]
            quantity = share * line.product_uom_id._compute_quantity(
                line.product_uom_qty, line.product_id.uom_id
            )
            cost = line.product_id.with_company(self.company_id).standard_price
            amount = line.price_subtotal * share * spread
            values.append(
                {
                    "product_id": line.product_id.id,
                    "categ_id": line.product_id.categ_id.id,
                    "quantity": quantity,
                    "amount": self._loyalty_to_company(amount),
                    "cost": self.company_id.currency_id.round(cost * quantity),
                }
            )
        return values

    def _loyalty_reward_uses(self):
        self.ensure_one()
        used = self.order_line.filtered(lambda line: line.reward_id and line.coupon_id)
        uses = []
        for card, lines in used.grouped("coupon_id").items():
            free = lines.filtered(lambda line: line.reward_id.reward_type == "product")
            discount = -sum(
                (lines & self._loyalty_discount_lines()).mapped("price_subtotal")
            )
            cost = sum(
                line.product_id.with_company(self.company_id).standard_price
                * line.product_uom_qty
                for line in free
            )
            uses.append(
                {
                    "card": card,
                    "points": sum(lines.mapped("points_cost")),
                    "discount_amount": self._loyalty_to_company(discount),
                    "goods_cost": self.company_id.currency_id.round(cost),
                }
            )
        return uses
