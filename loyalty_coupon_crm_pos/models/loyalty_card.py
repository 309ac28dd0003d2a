from odoo import api, models
from odoo.tools import float_is_zero, float_round

POINTS_DIGITS = 2


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _load_pos_data_fields(self, config):
        """Tell the till what cannot be spent now, and what lapses."""
        names = super()._load_pos_data_fields(config)
        return [*names, "blocked_points", "pending_points", "coming_lapses"]

    @api.model
    def get_loyalty_card_partner_by_code(self, code):
        """Return the owner of a points card, however its code was typed.

        :param code: text as scanned or typed
        """
        code = self._normalize_code(code)
        merged = self.with_context(active_test=False).search(
            [("code", "=", code), ("merged_into_id", "!=", False)], limit=1
        )
        # A card that became one with another is still in the customer's hand.
        while merged.merged_into_id:
            merged = merged.merged_into_id
        return super().get_loyalty_card_partner_by_code(merged.code or code)

    @api.model
    def _wallet_reverse_refund(self, refund, original):
        """Take back earned points and give back spent ones as far as goods come back.

        What was earned follows the products the program counts, what was spent
        follows the reward lines. Shares are of all refunds so far, so that several
        partial refunds end where one full refund does.

        :param refund: paid `pos.order` with lines that refund
        :param original: the `pos.order` they refund
        """
        moves = self.env["loyalty.point.move"].search(
            [
                ("order_model", "=", original._name),
                ("order_id", "=", original.id),
                ("kind", "in", ("earn", "spend")),
            ]
        )
        done = {
            move.id: points
            for move, points in moves._read_group(
                [("reversal_of_id", "in", moves.ids)],
                ["reversal_of_id"],
                ["points:sum"],
            )
        }
        for move in moves:
            target = move._refunded_points(original)
            points = move.card_id._bound_reversal(-target - done.get(move.id, 0.0))
            if not float_is_zero(points, precision_digits=POINTS_DIGITS):
                move.card_id._post_move(
                    "reverse",
                    points,
                    **refund._loyalty_origin(),
                    reversal_of_id=move.id,
                    request_key=f"{refund._name},{refund.id}/refund/{move.id}",
                )

    def _is_wallet_of_points(self):
        """Return whether parts of the points count: half a coupon is no coupon."""
        self.ensure_one()
        return self.program_id.is_nominative or self.program_id.is_payment_program

    def _bound_reversal(self, points):
        """Return the points to move back; a coupon that is gone cannot be taken."""
        self.ensure_one()
        points = float_round(points, precision_digits=POINTS_DIGITS)
        if points < 0 and not self._is_wallet_of_points():
            return max(points, min(0.0, -self.points))
        return points
