from odoo import api, models

PURCHASE_FIELDS = {
    "discount",
    "price_unit",
    "product_id",
    "product_uom_id",
    "product_uom_qty",
    "tax_ids",
}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines; a reward added to a confirmed order is booked as a spend."""
        if not any(vals.get("points_cost") for vals in vals_list):
            lines = super().create(vals_list)
            lines._loyalty_mark_changed()
            return lines
        orders = self.env["sale.order"].browse(
            {vals["order_id"] for vals in vals_list if vals.get("order_id")}
        )
        with orders._loyalty_line_scope():
            lines = super().create(vals_list)
        confirmed = lines.order_id.filtered(lambda order: order.state == "sale")
        # Facts are written by the system, the salesperson only reads them.
        self.env["loyalty.redemption"].sudo()._record(confirmed)
        lines._loyalty_mark_changed()
        return lines

    def write(self, vals):
        """Write lines; a reward changed on a confirmed order is booked."""
        if not PURCHASE_FIELDS.isdisjoint(vals):
            self._loyalty_mark_changed()
        if "points_cost" not in vals:
            return super().write(vals)
        with self.order_id._loyalty_line_scope():
            return super().write(vals)

    def unlink(self):
        """Delete lines; a reward removed from a confirmed order is given back."""
        self._loyalty_mark_changed()
        if not self.coupon_id:
            return super().unlink()
        orders, cards = self.order_id, self.coupon_id
        with orders._loyalty_line_scope():
            result = super().unlink()
        orders._loyalty_unhold(cards - orders.order_line.coupon_id)
        return result

    def _loyalty_mark_changed(self):
        """Have the difference recorded when lines of confirmed orders are edited."""
        orders = self.order_id.filtered(lambda order: order._loyalty_is_confirmed())
        if orders:
            orders._loyalty_mark_changed()
