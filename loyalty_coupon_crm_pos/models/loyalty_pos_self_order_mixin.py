from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

SELF_ORDERED = ("kiosk", "mobile")
REWARD_FIELDS = (
    "is_reward_line",
    "reward_id",
    "coupon_id",
    "points_cost",
    "reward_identifier_code",
)


class LoyaltyPosSelfOrderMixin(models.AbstractModel):
    """What guests order at a kiosk or by phone carries no rewards of their making.

    Anybody may call Odoo's routes of self-ordering, and name any card. Coupons and
    points are put on such an order at the till, where the gate is asked.
    """

    _name = "loyalty.pos.self.order.mixin"
    _description = "Self-Ordering and Coupons"

    @api.model
    def _process_order(self, order, existing_order):
        # Odoo's routes of self-ordering set the source and act as superuser; a till
        # sends its orders as its cashier.
        if self.env.su and order.get("source") in SELF_ORDERED and order.get("lines"):
            order["lines"] = self._loyalty_self_order_lines(order)
        return super()._process_order(order, existing_order)

    @api.model
    def _loyalty_self_order_lines(self, order):
        """Return the commands of lines that guests may send.

        What the till has put on the order stays as it is.

        :param order: dict as of `sync_from_ui`
        :raise UserError: when a line claims a reward; it is logged
        """
        kept = []
        for command in order["lines"]:
            operation, line_id, values = [*command, None, None][:3]
            if operation == Command.CREATE and self._loyalty_claims_reward(values):
                self._loyalty_refuse_self_order(order, values)
            if operation == Command.UPDATE:
                line = self.env["pos.order.line"].browse(line_id).exists()
                if line.is_reward_line or line.reward_id:
                    continue
                if self._loyalty_claims_reward(values):
                    self._loyalty_refuse_self_order(order, values)
            kept.append(command)
        return kept

    @api.model
    def _loyalty_claims_reward(self, values):
        return any((values or {}).get(name) for name in REWARD_FIELDS)

    @api.model
    def _loyalty_refuse_self_order(self, order, values):
        """Log a reward that a guest claimed, and refuse the order.

        :raise UserError: always
        """
        message = self.env._(
            "Coupons and points are used at the till. Order without them, and show "
            "them when you pay there."
        )
        card = self.env["loyalty.card"].browse(values.get("coupon_id") or [])
        session = self.env["pos.session"].browse(order.get("session_id"))
        self.env["loyalty.refusal"]._log_refusal(
            card.exists(),
            self.env["res.partner"],
            "pos",
            None,
            False,
            [("self_order", message)],
            program=self.env["loyalty.reward"]
            .browse(values.get("reward_id") or [])
            .exists()
            .program_id,
            shop=session.config_id.name or "",
        )
        raise UserError(message)
