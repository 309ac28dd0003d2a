from odoo import api, models
from odoo.tools import SQL

PARKED_HOURS = 12


class LoyaltyPosParkedMixin(models.AbstractModel):
    """Orders that wait, at a table or parked, keep what they hold.

    A till that sends an order without payment renews its holds; a scheduled action
    goes on with that for orders that nobody touches, as long as their session is open.
    """

    _name = "loyalty.pos.parked.mixin"
    _description = "Holds of Parked Orders"

    @api.model
    def _process_order(self, order, existing_order):
        order_id = super()._process_order(order, existing_order)
        # Holds are the wallet's to renew, whoever sends the order.
        saved = self.sudo().browse(order_id)
        if saved.state == "draft":
            saved._loyalty_renew_holds()
        return order_id

    def _loyalty_renew_holds(self):
        """Have live holds of orders last as long from now on as the till says.

        In a transaction of its own: another till may renew them at this moment.
        """
        uuids = [order.uuid for order in self if order.uuid]
        if not uuids:
            return
        with self.env["loyalty.card"]._hold_cursor() as cursor:
            cursor.execute(
                SQL(
                    """
                    UPDATE loyalty_point_hold hold
                       SET expires_at = GREATEST(hold.expires_at,
                               NOW() AT TIME ZONE 'UTC'
                               + %(minutes)s * INTERVAL '1 minute')
                     WHERE hold.holder = ANY(%(holders)s)
                       AND hold.expires_at > NOW() AT TIME ZONE 'UTC'
                    """,
                    holders=[f"pos.order,{uuid}" for uuid in uuids],
                    minutes=max(self.config_id.mapped("loyalty_hold_minutes")),
                )
            )
        self.env["loyalty.point.hold"].invalidate_model()

    @api.model
    def _cron_renew_parked_holds(self):
        """Renew the holds of orders that wait in sessions that are open."""
        parked = self.search(
            [
                ("state", "=", "draft"),
                ("session_id.state", "!=", "closed"),
                ("write_date", ">", f"-{PARKED_HOURS}H"),
            ]
        )
        for orders in parked.grouped("config_id").values():
            orders._loyalty_renew_holds()
