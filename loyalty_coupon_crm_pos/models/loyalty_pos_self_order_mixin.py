from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

SELF_ORDERED = ("kiosk", "mobile")
# By the others a guest would take lines of somebody else's order, found by number.
SELF_ORDER_COMMANDS = (Command.CREATE, Command.UPDATE, Command.DELETE, Command.UNLINK)
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
            order["lines"] = self._loyalty_self_order_lines(order, existing_order)
        return super()._process_order(order, existing_order)

    @api.model
    def _loyalty_self_order_lines(self, order, existing):
        """Return the commands of lines that guests may send.

        What the till has put on the order stays as it is, and so do the lines of other
        orders.

        :param order: dict as of `sync_from_ui`
        :param existing: the `pos.order` that is changed, False for a new one
        :raise UserError: when a line claims a reward; it is logged
        """
        own = existing.lines if existing else self.env["pos.order.line"]
        kept = []
        for command in order["lines"]:
            operation, line_id, values = [*command, None, None][:3]
            if operation not in SELF_ORDER_COMMANDS:
                self._loyalty_refuse_self_order(order, {})
            if claim := self._loyalty_claimed_reward(values):
                self._loyalty_refuse_self_order(order, claim)
            line = own.filtered(lambda line, line_id=line_id: line.id == line_id)
            given = line.is_reward_line or line.reward_id
            if operation == Command.CREATE or (line and not given):
                kept.append(command)
        return kept

    @api.model
    def _loyalty_claimed_reward(self, values):
        """Return the values of a line that claim a reward, empty when none does.

        Lines may be hidden in those of other fields, as parts of a combo are.
        """
        if isinstance(values, dict):
            if any(values.get(name) for name in REWARD_FIELDS):
                return values
            values = list(values.values())
        if isinstance(values, list | tuple):
            return next(filter(None, map(self._loyalty_claimed_reward, values)), {})
        return {}

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
