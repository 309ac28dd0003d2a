from odoo import api, fields, models


class LoyaltyCardUpdateBalance(models.TransientModel):
    _inherit = "loyalty.card.update.balance"

    reason_id = fields.Many2one(
        "loyalty.adjust.reason",
        default=lambda self: self._default_reason_id(),
    )

    @api.model
    def _default_reason_id(self):
        # A cashier opens the window, but need not know the list of reasons.
        return self.env["loyalty.adjust.reason"].sudo().search([], limit=1)

    def action_update_card_point(self):
        """Adjust a balance by the rules of a points change; a note is its description.

        :raise AccessError: for somebody without a limit
        """
        self.ensure_one()
        if self.env.su or self.old_balance == self.new_balance or self.new_balance < 0:
            reason = self.description
            with self.env["loyalty.card"]._wallet_scope("adjust", reason=reason):
                return super().action_update_card_point()
        request = self.env["loyalty.adjustment"]._check_may_ask(self.card_id)
        return request.create(
            {
                "card_ids": self.card_id.ids,
                "points": self.new_balance - self.old_balance,
                "reason_id": self.reason_id.id,
                "note": self.description,
            }
        ).action_submit()
