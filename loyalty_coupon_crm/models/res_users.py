from odoo import fields, models


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "loyalty.pin.mixin"]

    _loyalty_pin_field = "loyalty_manager_pin"
    _loyalty_pin_scope = "manager"

    loyalty_manager_pin = fields.Char(
        string="PIN at the Till (hashed)",
        copy=False,
        groups=fields.NO_ACCESS,
        prefetch=False,
    )

    def action_loyalty_pin(self):
        """Open the window in which a manager sets the own PIN."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("PIN at the Till"),
            "res_model": "loyalty.pin.change",
            "view_mode": "form",
            "target": "new",
        }
