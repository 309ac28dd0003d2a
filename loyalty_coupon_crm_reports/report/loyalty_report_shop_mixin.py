from odoo import fields, models


class LoyaltyReportShopMixin(models.AbstractModel):
    """What reports share that tell in which channel and at which shop it was."""

    _name = "loyalty.report.shop.mixin"
    _inherit = "loyalty.report.mixin"
    _description = "Loyalty Report by Shop"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]
            ._fields["channel"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    shop = fields.Char(readonly=True)
