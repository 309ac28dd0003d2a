from odoo import api, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines; a reward added to a confirmed order is booked as a spend."""
        if not any(vals.get("points_cost") for vals in vals_list):
            return super().create(vals_list)
        orders = self.env["sale.order"].browse(
            {vals["order_id"] for vals in vals_list if vals.get("order_id")}
        )
        with orders._loyalty_line_scope():
            return super().create(vals_list)

    def write(self, vals):
        """Write lines; a reward changed on a confirmed order is booked."""
        if "points_cost" not in vals:
            return super().write(vals)
        with self.order_id._loyalty_line_scope():
            return super().write(vals)

    def unlink(self):
        """Delete lines; a reward removed from a confirmed order is given back."""
        if not self.coupon_id:
            return super().unlink()
        with self.order_id._loyalty_line_scope():
            return super().unlink()
