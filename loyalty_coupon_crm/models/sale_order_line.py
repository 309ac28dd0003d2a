from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.http import request

REWARD_FLOW_KEY = "loyalty_coupon_crm.reward_flow"
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
        self._loyalty_check_cost(orders)
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
        self._loyalty_check_cost(self.order_id)
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

    def _reset_loyalty(self, complete=False):
        """Reset reward lines, as a part of one of Odoo's own flows."""
        with self._loyalty_reward_flow():
            return super()._reset_loyalty(complete)

    @contextmanager
    def _loyalty_reward_flow(self):
        """Let Odoo's own flows write what rewards cost.

        The flag is kept on the cursor, where no client reaches it.
        """
        outer = self.env.cr.cache.get(REWARD_FLOW_KEY)
        self.env.cr.cache[REWARD_FLOW_KEY] = True
        try:
            yield
        finally:
            self.env.cr.cache[REWARD_FLOW_KEY] = outer

    def _loyalty_check_cost(self, orders):
        """Refuse that a client changes what rewards of confirmed orders cost.

        On a confirmed order the cost is the card's points at once.

        :raise AccessError: in a request, outside the flows that compute the cost
        """
        if not request or self.env.su or self.env.cr.cache.get(REWARD_FLOW_KEY):
            return
        for order in orders:
            if order.state == "sale":
                raise AccessError(
                    self.env._(
                        "The points that rewards of the confirmed order %s cost are "
                        "not written directly. Use the Reward button.",
                        order.display_name,
                    )
                )

    def _loyalty_mark_changed(self):
        """Have the difference recorded when lines of confirmed orders are edited."""
        orders = self.order_id.filtered(lambda order: order._loyalty_is_confirmed())
        if orders:
            orders._loyalty_mark_changed()
