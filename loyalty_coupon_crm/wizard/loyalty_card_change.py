from odoo import api, fields, models
from odoo.exceptions import UserError


class LoyaltyCardChange(models.TransientModel):
    """Void, extend or reissue the chosen cards, with a reason."""

    _name = "loyalty.card.change"
    _description = "Change Cards"

    action = fields.Selection(
        [("void", "Void"), ("extend", "Extend"), ("reissue", "Reissue")],
        required=True,
        default="void",
    )
    card_ids = fields.Many2many(
        "loyalty.card",
        string="Cards",
        required=True,
        default=lambda self: self._default_card_ids(),
    )
    card_count = fields.Integer(string="Number of Cards", compute="_compute_card_count")
    expiration_date = fields.Date(
        string="Valid until", help="New last day, included, for every card."
    )
    reason = fields.Char(
        required=True, help="Kept on the cards and in their points statement."
    )

    @api.model
    def _default_card_ids(self):
        if self.env.context.get("active_model") != "loyalty.card":
            return False
        return self.env.context.get("active_ids")

    @api.depends("card_ids")
    def _compute_card_count(self):
        for wizard in self:
            wizard.card_count = len(wizard.card_ids)

    def action_apply(self):
        """Change all the cards, or none.

        :return: action on the new cards after a reissue, otherwise the window closes
        :raise UserError: with a sentence for each card that cannot be changed
        """
        self.ensure_one()
        cards = self.card_ids
        reason = (self.reason or "").strip()
        if not cards:
            raise UserError(self.env._("Choose the cards to change in the list first."))
        if not reason:
            raise UserError(self.env._("Give a reason: it is kept with the cards."))
        if self.action == "void":
            cards._void(reason)
        elif self.action == "extend":
            if not self.expiration_date:
                raise UserError(self.env._("Give the new last day of the cards."))
            cards._extend(self.expiration_date, reason)
        else:
            return self._open_cards(cards._reissue(reason))
        return {"type": "ir.actions.act_window_close"}

    def _open_cards(self, cards):
        """Return the action that shows new cards."""
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("New Cards"),
            "res_model": "loyalty.card",
            "view_mode": "list,form",
            "domain": [("id", "in", cards.ids)],
            "context": {"create": False},
        }
        if len(cards) == 1:
            action.update(view_mode="form", res_id=cards.id)
        return action
