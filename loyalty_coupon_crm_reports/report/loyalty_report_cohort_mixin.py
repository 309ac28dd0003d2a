from odoo import api, fields, models


class LoyaltyReportCohortMixin(models.AbstractModel):
    """What reports share whose rows are cohorts of customers in one month."""

    _name = "loyalty.report.cohort.mixin"
    _inherit = "loyalty.report.mixin"
    _description = "Loyalty Report of Cohorts"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    month = fields.Date(readonly=True, help="First day of the month that is observed.")
    purchase_count = fields.Integer(
        string="Purchases",
        readonly=True,
        help="Purchases in the month that were not taken back altogether.",
    )
    amount = fields.Monetary(
        string="Net Sales",
        readonly=True,
        help="Untaxed, net of discount and refunds, in company currency.",
    )

    @api.model
    def _once_per_cohort(self, column, rows):
        """Return a measure: the sum of a column that all rows of a cohort repeat.

        :param rows: how many ids a cohort has, a power of ten
        """
        cohort = f"(%(id)s / {rows})::numeric * 1000000000"
        return (
            f"SUM(DISTINCT {cohort} + %(column)s) - SUM(DISTINCT {cohort})",
            {"id": "id", "column": column},
        )
