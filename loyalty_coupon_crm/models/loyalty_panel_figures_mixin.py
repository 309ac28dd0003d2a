from odoo import api, fields, models

from .loyalty_panel_mixin import READERS


class LoyaltyPanelFiguresMixin(models.AbstractModel):
    """The lifetime figures of the customer beside the cards."""

    _name = "loyalty.panel.figures.mixin"
    _inherit = "loyalty.panel.mixin"
    _description = "Panel of a Customer's Figures"

    loyalty_metric_id = fields.Many2one(
        "loyalty.customer.metric",
        string="Customer Figures",
        compute="_compute_loyalty_metric_id",
        groups=READERS,
    )
    loyalty_purchase_count = fields.Integer(
        string="Number of Purchases",
        related="loyalty_metric_id.purchase_count",
        groups=READERS,
    )
    loyalty_amount = fields.Monetary(
        related="loyalty_metric_id.amount",
        currency_field="loyalty_currency_id",
        groups=READERS,
    )
    loyalty_average_basket = fields.Monetary(
        related="loyalty_metric_id.average_basket",
        currency_field="loyalty_currency_id",
        groups=READERS,
    )
    loyalty_last_date = fields.Date(
        related="loyalty_metric_id.last_date", groups=READERS
    )
    loyalty_favourite_category_id = fields.Many2one(
        related="loyalty_metric_id.favourite_category_id", groups=READERS
    )
    loyalty_currency_id = fields.Many2one(
        related="loyalty_metric_id.currency_id",
        string="Currency of the Figures",
        groups=READERS,
    )

    @api.depends(
        lambda self: [*self._loyalty_panel_depends(), "company_id"],
    )
    @api.depends_context("company")
    def _compute_loyalty_metric_id(self):
        keys = {}
        for record in self:
            customer = record._loyalty_panel_partner().sudo().commercial_partner_id
            company = record.company_id or self.env.company
            keys[record] = (customer._origin.id, company.id)
        metrics = self.env["loyalty.customer.metric"].search(
            [
                ("partner_id", "in", [partner for partner, _company in keys.values()]),
                ("company_id", "in", [company for _partner, company in keys.values()]),
            ]
        )
        found = {
            (metric.partner_id.id, metric.company_id.id): metric for metric in metrics
        }
        for record in self:
            record.loyalty_metric_id = found.get(keys[record])
