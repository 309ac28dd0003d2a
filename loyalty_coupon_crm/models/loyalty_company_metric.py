from odoo import api, fields, models
from odoo.tools import SQL

# Any number that nothing else locks.
FIGURES_LOCK = 710_040_001


class LoyaltyCompanyMetric(models.Model):
    """What the figures of single customers are compared with: one row per company.

    Written by the refresh of the figures, never by hand.
    """

    _name = "loyalty.company.metric"
    _inherit = "loyalty.company.model.mixin"
    _description = "Figures of All Customers"
    _log_access = False
    _rec_name = "company_id"
    _order = "company_id"

    buyer_count = fields.Integer(
        string="Buyers", help="Customers with a purchase in the RFM window."
    )
    gap_median = fields.Float(
        string="Median Gap",
        aggregator=None,
        help="Days between two purchase days of a customer, over all customers.",
    )
    gap_p75 = fields.Float(string="75th Percentile of Gaps", aggregator=None)
    gap_p90 = fields.Float(string="90th Percentile of Gaps", aggregator=None)
    category_shares = fields.Json(
        help="Share of each category in the sales to all customers."
    )
    cursor_purchase_id = fields.Integer(
        help="The last purchase that the figures include.", aggregator=None
    )
    horizon_purchase_id = fields.Integer(
        help="The last purchase at the time of the transactions that are waited for.",
        aggregator=None,
    )
    horizon_waits = fields.Char(
        help="Transactions that may still write purchases before that one.",
    )
    average_basket = fields.Monetary(
        aggregator=None, help="Net amount per purchase, over all customers."
    )
    coupon_share = fields.Float(
        string="Share of Purchases with Coupon",
        aggregator=None,
        help="Share of purchases on which a coupon was used, over all customers.",
    )
    refreshed_at = fields.Datetime(string="Computed on")

    _company_unique = models.Constraint(
        "UNIQUE(company_id)", "A company has one row of figures of all customers."
    )

    @api.model
    def _take_turn(self):
        """Let one transaction at a time compute figures; each writes the same rows.

        PostgreSQL would fail the later one, and scheduled actions are not tried again.

        :return: whether it is our turn, until the end of the transaction
        """
        [[taken]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s)", FIGURES_LOCK)
        )
        return taken

    @api.model
    def _ensure(self, companies):
        """Have a row for each company.

        :param companies: `res.company` records
        """
        if not companies.ids:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_company_metric (company_id)
                SELECT UNNEST(%s) ON CONFLICT (company_id) DO NOTHING
                """,
                companies.ids,
            )
        )
