from odoo import api, fields, models


class LoyaltyReportLineMixin(models.AbstractModel):
    """What reports share whose rows are products of purchases."""

    _name = "loyalty.report.line.mixin"
    _inherit = "loyalty.report.shop.mixin"
    _description = "Loyalty Report of Products Sold"

    purchase_id = fields.Many2one("loyalty.purchase", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    date = fields.Datetime(string="Bought on", readonly=True)
    month = fields.Date(
        readonly=True, help="First day of the month, in the company's time zone."
    )

    @api.readonly
    def action_open_rows(self):
        """Open the purchases behind a figure, refunds included where they count."""
        return self._open_action(self.purchase_id, self.env._("Purchases"))
