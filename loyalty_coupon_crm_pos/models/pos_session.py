from odoo import models

from .loyalty_pos_waiting_mixin import OPENING, Opening


class PosSession(models.Model):
    _inherit = "pos.session"

    def load_data(self, models_to_load):
        """Open the till without the programs that wait for a code."""
        session = self.with_context(**{OPENING: Opening()})
        return super(PosSession, session).load_data(models_to_load)

    def get_closing_control_data(self):
        """Tell who closes the till what its coupons and points came to."""
        data = super().get_closing_control_data()
        # The cashier who closes may not read the books; these are their own orders.
        data["loyalty_details"] = self.sudo()._loyalty_closing_totals()
        return data

    def _validate_session(self, *args, **kwargs):
        """Close; what the till leased is free again.

        Orders that became paid by another way than payment are booked first.
        """
        # Who closes the till may not write facts; these are the orders of the till.
        self.sudo()._get_closed_orders()._loyalty_book_skipped()
        result = super()._validate_session(*args, **kwargs)
        self.filtered(
            lambda session: session.state == "closed"
        ).config_id._loyalty_end_leases()
        return result

    def _loyalty_closing_totals(self):
        """Return what coupons and points came to in a session, refunds taken off.

        :return: dict of `coupons` (uses), `discount` (untaxed, company currency),
            `earned` and `spent` (points), `lost` (points accepted that were not there),
            `lost_amount` (what they paid, company currency) and `flagged` (orders)
        """
        self.ensure_one()
        orders = self._get_closed_orders()
        domain = [("order_model", "=", "pos.order"), ("order_id", "in", orders.ids)]
        uses = self.env["loyalty.redemption"].search(domain)
        moves = self.env["loyalty.point.move"].search(
            [*domain, ("program_id.program_type", "=", "loyalty")]
        )
        losses = self.env["loyalty.point.move"].search([*domain, ("kind", "=", "loss")])
        earned = moves.filtered(lambda move: move.kind == "earn")
        spent = moves.filtered(lambda move: move.kind == "spend")
        first = uses.filtered(lambda use: not use.reversal_of_id)
        return {
            "coupons": len(first) - len(uses - first),
            "discount": sum(uses.mapped("discount_amount")),
            "earned": sum(earned.mapped("points")),
            "spent": -sum(spent.mapped("points")),
            "lost": sum(losses.mapped("points")),
            "lost_amount": self._loyalty_lost_amount(losses, uses),
            "flagged": len(orders.filtered("loyalty_flag")),
        }

    def _loyalty_lost_amount(self, losses, uses):
        """Return the discount that points paid which were not there.

        :param losses: movements of the kind `loss`
        :param uses: redemptions of the same orders
        """
        amount = 0.0
        for loss in losses:
            use = uses.filtered(
                lambda use, loss=loss: (
                    use.order_id == loss.order_id
                    and use.card_id == loss.card_id
                    and use.points > 0
                )
            )[:1]
            if use:
                worth = use.discount_amount + use.goods_cost
                amount += worth * min(loss.points / use.points, 1.0)
        return self.company_id.currency_id.round(amount)
