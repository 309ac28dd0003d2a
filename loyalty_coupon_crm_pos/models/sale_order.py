from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _loyalty_billing(self):
        """Return what tills settled and refunded of the order, too."""
        rows = super()._loyalty_billing()
        # `pos_sale` brings the field, it need not be installed.
        if "pos_order_line_ids" not in self.order_line._fields:
            return rows
        for line in self.order_line:
            settled = line.pos_order_line_ids.filtered(
                lambda sold: (
                    sold._loyalty_is_settled() and sold.order_id._loyalty_is_confirmed()
                )
            )
            for sold in settled | settled._loyalty_refunds():
                rate = (self.currency_rate or 1.0) / (
                    sold.order_id.currency_rate or 1.0
                )
                amount = sold._loyalty_signed() * rate
                rows.append((sold.order_id, line, amount, sold.qty))
                if sold in settled:
                    rows += [
                        (note, line, -part * amount, -part * sold.qty)
                        for note, part in sold._loyalty_notes()
                    ]
        return rows
