from odoo import api, models

from odoo.addons.loyalty_coupon_crm.wizard.loyalty_strict_check_line import (
    ORDERS_CHECKED,
)


class LoyaltyStrictCheckLine(models.TransientModel):
    _inherit = "loyalty.strict.check.line"

    @api.model
    def _open_orders(self, program):
        """Return orders that wait at tills, too."""
        # Orders of every till would be refused, not those of the manager alone.
        orders = (
            self.env["pos.order"]
            .sudo()
            .search(
                [
                    ("state", "=", "draft"),
                    ("lines.reward_id.program_id", "=", program.id),
                ],
                order="id desc",
                limit=ORDERS_CHECKED,
            )
        )
        return [*super()._open_orders(program), *orders]
