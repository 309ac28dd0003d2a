from odoo import fields, models


class LoyaltyPartnerPinMixin(models.AbstractModel):
    """The PIN with which a member confirms what is spent at the till."""

    _name = "loyalty.partner.pin.mixin"
    _inherit = "loyalty.pin.mixin"
    _description = "Member with a PIN"

    _loyalty_pin_field = "loyalty_member_pin"
    _loyalty_pin_scope = "member"

    loyalty_member_pin = fields.Char(
        string="Member PIN (hashed)",
        copy=False,
        groups=fields.NO_ACCESS,
        prefetch=False,
    )

    def action_loyalty_member_pin(self):
        """Open the window in which a manager gives a member a PIN."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Member PIN"),
            "res_model": "loyalty.pin.change",
            "view_mode": "form",
            "target": "new",
            "context": {"default_partner_id": self.id},
        }
