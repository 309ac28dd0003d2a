from odoo import fields, models
from odoo.exceptions import AccessError, UserError


class LoyaltyPinChange(models.TransientModel):
    """Set the own PIN, or the one of a member; nothing typed here is kept."""

    _name = "loyalty.pin.change"
    _description = "Set a PIN"

    partner_id = fields.Many2one("res.partner", string="Member", readonly=True)
    pin = fields.Char(string="New PIN", help="4 to 8 digits; empty for no PIN.")
    pin_again = fields.Char(string="New PIN again")

    def action_save(self):
        """Set the PIN and forget what was typed.

        :raise AccessError: for others than loyalty managers
        :raise UserError: when the PINs differ, or anybody could guess it
        """
        self.ensure_one()
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_manager"):
            raise AccessError(self.env._("Only a loyalty manager sets a PIN."))
        partner = self.partner_id
        pin, again = self.pin or "", self.pin_again or ""
        # Nobody needs to find it in the database.
        self.unlink()
        if pin != again:
            raise UserError(
                self.env._("The two PINs differ. Type the same one two times.")
            )
        (partner or self.env.user)._loyalty_set_pin(pin)
        if partner:
            partner._message_log(body=self.env._("The PIN of the member was changed."))
        return {"type": "ir.actions.act_window_close"}
