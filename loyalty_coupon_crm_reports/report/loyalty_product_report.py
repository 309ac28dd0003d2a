from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_customer_metric import WEEKDAYS

from .loyalty_season_report import SEASONS
from .rate import Rate
from .source import Source


class LoyaltyProductReport(models.Model):
    """One product of one purchase, with the hour, weekday and month it was sold in.

    What a refund takes back is taken off the time of the purchase, so that a purchase
    that was taken back altogether leaves nothing.
    """

    _name = "loyalty.product.report"
    _inherit = "loyalty.report.line.mixin"
    _description = "Products by Time"
    _auto = False
    _rec_name = "product_id"
    _order = "date desc, id desc"
    _depends = {
        "loyalty.purchase": [
            "channel",
            "company_id",
            "date",
            "reversal_of_id",
            "shop",
        ],
        "loyalty.purchase.line": [
            "amount",
            "categ_id",
            "product_id",
            "purchase_id",
            "quantity",
        ],
    }

    categ_id = fields.Many2one(
        "product.category",
        string="Category",
        readonly=True,
        help="Of the product, on the day of the purchase.",
    )
    season = fields.Selection(SEASONS, string="Month of the Year", readonly=True)
    weekday = fields.Selection(
        WEEKDAYS,
        readonly=True,
        help="Weekday of the purchase in the company's time zone.",
    )
    hour = fields.Selection(
        selection=[(f"{hour:02}", f"{hour:02}:00") for hour in range(24)],
        readonly=True,
        help="Hour of the purchase, 0 to 23, in the company's time zone.",
    )
    quantity = fields.Float(readonly=True, help="Sold, less what was returned.")
    amount = fields.Monetary(
        string="Net Sales",
        readonly=True,
        help="Untaxed, net of discount and refunds, in company currency.",
    )
    average_price = Rate(
        "Average Price",
        digits=(16, 2),
        help="Net sales ÷ quantity, in company currency.",
    )
    sale_id = fields.Many2one(
        "loyalty.purchase",
        string="Purchase that Counts",
        readonly=True,
        help="Empty for a refund.",
    )
    purchase_count = fields.Integer(
        string="Purchases",
        readonly=True,
        help="Different purchases with the product, refunds apart; an edit that adds "
        "to an order is one.",
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "average_price": self._ratio("amount", "quantity"),
            "purchase_count": self._distinct("sale_id"),
        }

    @api.model
    def _row_columns(self):
        return ("date",)

    @api.model
    def _for_rows(self, domain, order, limit):
        # Single rows are found by their ids.
        single = "id" in self._domain_names(domain)
        if limit and not single and self._is_page(domain, order):
            return self._read_from(Source.PAGE)
        return super()._for_rows(domain, order, limit)

    def _query_facts(self):
        if self._source() is Source.PAGE:
            return self._page_sql()
        # Two parts, for the dates of both are found by the index on them.
        return SQL(
            "%s UNION ALL %s",
            self._part_sql(
                SQL("loyalty_purchase sale"),
                SQL("sale.id"),
                SQL("sale.reversal_of_id IS NULL"),
            ),
            self._part_sql(
                SQL(
                    "loyalty_purchase sale"
                    " JOIN loyalty_purchase back ON back.reversal_of_id = sale.id"
                ),
                SQL("back.id"),
                SQL("TRUE"),
            ),
        )

    @api.model
    def _page_sql(self):
        """Return SQL of the same lines, purchase by purchase."""
        source = SQL(
            """
            loyalty_purchase sale
             CROSS JOIN LATERAL (
                   SELECT sale.id WHERE sale.reversal_of_id IS NULL
                    UNION ALL
                   SELECT back.id FROM loyalty_purchase back
                    WHERE back.reversal_of_id = sale.id) part
            """
        )
        return self._part_sql(source, SQL("part.id"), SQL("TRUE"))

    @api.model
    def _part_sql(self, source, purchase, condition):
        """Return SQL of lines with the time of the purchase that they belong to.

        :param source: SQL behind FROM; the purchase that tells the time is `sale`
        :param purchase: SQL of the id of the purchase that has the lines
        :param condition: SQL of which of them
        """
        return SQL(
            """
            SELECT line.id, line.purchase_id, line.product_id, line.categ_id,
                   sale.company_id, %(currency)s AS currency_id, sale.channel,
                   sale.shop, sale.date,
                   DATE_TRUNC('month', clock.local)::date AS month,
                   TO_CHAR(clock.local, 'MM') AS season,
                   EXTRACT(ISODOW FROM clock.local)::text AS weekday,
                   TO_CHAR(clock.local, 'HH24') AS hour,
                   line.quantity, line.amount,
                   line.amount / NULLIF(line.quantity, 0)::numeric AS average_price,
                   CASE WHEN sale.id = line.purchase_id THEN sale.id END AS sale_id,
                   (sale.id = line.purchase_id)::int AS purchase_count
              FROM %(source)s
              JOIN loyalty_purchase_line line ON line.purchase_id = %(purchase)s,
           LATERAL (SELECT %(local)s AS local) clock
             WHERE %(condition)s
            """,
            currency=self._by_company(
                SQL("sale.company_id"), lambda company: company.currency_id.id
            ),
            source=source,
            purchase=purchase,
            local=self._local(SQL("sale.date"), SQL("sale.company_id")),
            condition=condition,
        )
