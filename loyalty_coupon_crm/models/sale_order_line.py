from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request

REWARD_FLOW_KEY = "loyalty_coupon_crm.reward_flow"
WATCHED_FIELDS = {
    "coupon_id",
    "discount",
    "points_cost",
    "price_unit",
    "product_id",
    "product_uom_id",
    "product_uom_qty",
    "reward_id",
    "tax_ids",
}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    # An index of its own goes with the add-on, one of Odoo's field would stay behind.
    _reward_index = models.Index("(reward_id) WHERE reward_id IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines; a reward added to a confirmed order is booked as a spend."""
        if any(vals.get("points_cost") for vals in vals_list):
            # The lines of each order belong into a scope of their own.
            ids = {}
            for order, places in self._loyalty_places(vals_list).items():
                with order._loyalty_line_scope():
                    lines = super().create([vals_list[place] for place in places])
                ids.update(zip(places, lines.ids, strict=True))
            lines = self.browse(ids[place] for place in range(len(vals_list)))
        else:
            lines = super().create(vals_list)
        lines._loyalty_mark_changed()
        return lines

    def write(self, vals):
        """Write lines; a reward changed on a confirmed order is booked.

        A reward of a confirmed order that is set to quantity 0 is given back, as Odoo
        advises to take lines of such an order off.
        """
        if not WATCHED_FIELDS.isdisjoint(vals):
            self._loyalty_mark_changed()
        if "product_uom_qty" in vals:
            self._loyalty_change_quantity(vals["product_uom_qty"])
        if "points_cost" not in vals:
            return super().write(vals)
        self._loyalty_check_cost(self.order_id)
        for order, lines in self.grouped("order_id").items():
            with order._loyalty_line_scope():
                super(SaleOrderLine, lines).write(vals)
        return True

    def unlink(self):
        """Delete lines; a reward removed from a confirmed order is given back."""
        self._loyalty_mark_changed()
        if not self.coupon_id:
            return super().unlink()
        for order, lines in self.grouped("order_id").items():
            cards = lines.coupon_id
            with order._loyalty_line_scope():
                super(SaleOrderLine, lines).unlink()
            order._loyalty_unhold(cards - order.order_line.coupon_id)
        return True

    @api.model
    def _loyalty_places(self, vals_list):
        """Return {order: places of its lines in the list}.

        :raise AccessError: when a client gives what a reward costs
        """
        places = {}
        for place, vals in enumerate(vals_list):
            order = self.env["sale.order"].browse(vals.get("order_id"))
            places.setdefault(order, []).append(place)
        self._loyalty_check_cost(self.env["sale.order"].union(*places))
        return places

    def _loyalty_change_quantity(self, quantity):
        """Give back what rewards of confirmed orders cost that are set to 0.

        :param quantity: the new quantity of these lines
        :raise UserError: when a reward that was given back would be put on again
        """
        if self.env.cr.cache.get(REWARD_FLOW_KEY):
            return
        rewards = self.filtered(
            lambda line: line.reward_id and line.coupon_id and line.state == "sale"
        )
        if not quantity:
            rewards._loyalty_take_off()
            return
        for line in rewards:
            cost = sum(line._loyalty_same_reward().mapped("points_cost"))
            if not line.product_uom_qty and not cost:
                raise UserError(
                    self.env._(
                        "The reward %(reward)s was taken off order %(order)s and its "
                        "coupon given back. Use the Reward button to apply it again.",
                        reward=line.reward_id.description,
                        order=line.order_id.display_name,
                    )
                )

    def _loyalty_take_off(self):
        """Set whole rewards to quantity 0 and give back what they cost."""
        lines = self.union(*(line._loyalty_same_reward() for line in self))
        if lines:
            with lines._loyalty_reward_flow():
                lines.write({"product_uom_qty": 0, "points_cost": 0})

    def _loyalty_same_reward(self):
        """Return all lines of the reward that the line is a part of."""
        self.ensure_one()
        return self.order_id.order_line.filtered(
            lambda line: (
                (line.reward_id, line.coupon_id, line.reward_identifier_code)
                == (self.reward_id, self.coupon_id, self.reward_identifier_code)
            )
        )

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
