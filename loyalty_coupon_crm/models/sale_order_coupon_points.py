from odoo import models


class SaleOrderCouponPoints(models.Model):
    _inherit = "sale.order.coupon.points"

    def write(self, vals):
        """Write entries; points that stay as they are are not written again.

        Odoo writes the points of every program at every change of a cart.
        """
        entries = self
        if vals.keys() == {"points"}:
            entries = self.filtered(lambda entry: entry.points != vals["points"])
        return super(SaleOrderCouponPoints, entries).write(vals)
