from odoo import models


class LoyaltyPosOrderConcessionMixin(models.AbstractModel):
    """What a manager allowed on an order: the gate knows it, and the order tells."""

    _name = "loyalty.pos.order.concession.mixin"
    _description = "Concessions on Orders of a Till"

    def _loyalty_conceded(self, card):
        """Return the order that holds a card because a manager allowed it, or None."""
        # The holds of orders are not the cashier's to read.
        holders = card.sudo()._live_holds().mapped("holder")
        # Concessions are the gate's to read.
        concessions = self.env["loyalty.concession"].sudo()
        domain = [("card_id", "=", card.id), ("holder", "in", holders)]
        return concessions.search(domain, limit=1).holder or None

    def _loyalty_note_concessions(self):
        """Write on paid orders what a manager allowed, and why."""
        holders = {order._loyalty_holder(): order for order in self}
        concessions = self.env["loyalty.concession"].search(
            [("holder", "in", list(holders))]
        )
        for one in concessions:
            holders[one.holder]._message_log(
                body=self.env._(
                    "%(manager)s allowed %(program)s (%(reason)s) although: "
                    "%(refusal)s",
                    manager=one.manager_id.name,
                    program=one.card_id.code or one.program_id.name,
                    reason=", ".join(filter(None, (one.reason_id.name, one.note))),
                    refusal=one.reasons,
                )
            )
