from odoo import api, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_coupon import KEYS, MEASURES

from .source import Source

SHARE_DAYS = (1, 3, 7, 14, 30)


class LoyaltyFunnelAddedMixin(models.AbstractModel):
    """The funnel of coupons from the days of issue that are added up."""

    _name = "loyalty.funnel.added.mixin"
    _inherit = ["loyalty.report.mixin"]
    _description = "Coupon Funnel from Figures Added Up"

    def _query_not_issued(self, columns):
        """Hook: return SQL of the members who have no coupon.

        :param columns: names of the columns it is to have
        """
        raise NotImplementedError

    @api.model
    def _column_list(self, columns):
        return SQL(", ").join(
            SQL("%s AS %s", expression, SQL.identifier(name))
            for name, expression in columns.items()
        )

    @api.model
    def _rate_names(self):
        return [
            "redemption_rate",
            "closed_redemption_rate",
            "customer_redemption_rate",
            *(f"share_day_{days}" for days in SHARE_DAYS),
        ]

    @api.model
    def _median(self):
        """Return the measure of the median of the days to use.

        A row of figures added up has many coupons: the aggregates of its arrays belong
        to the group, not to the inner query.
        """
        if self._source() is not Source.ADDED_UP:
            return (
                "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %(days)s)",
                {"days": "days_to_use"},
            )
        return (
            """(SELECT (MIN(days) FILTER (WHERE up_to * 2 >= total)
                        + MIN(days) FILTER (WHERE up_to * 2 > total)) / 2.0
                  FROM (SELECT days, SUM(used) OVER (ORDER BY days) AS up_to,
                               SUM(used) OVER () AS total
                          FROM UNNEST(ARRAY_AGG(%(days)s), ARRAY_AGG(%(used)s))
                               AS each(days, used)
                         WHERE days IS NOT NULL) ranked)::double precision""",
            {"days": "days_to_use", "used": "redeemed_count"},
        )

    @api.model
    def _added_up_by(self):
        names = ("program_id", "campaign_id", "variant_id", "company_id", "currency_id")
        return (*names, "issue_date", "outcome", "days_to_use")

    @api.model
    def _added_up_sums(self):
        counts = ("issued", "used", "expired", "void", "open", "closed", "redeemed")
        return (
            *(f"{name}_count" for name in (*counts, "use")),
            *("discount_amount", "goods_cost", "net_sales", "days_to_use"),
            *("redemption_rate", "closed_redemption_rate"),
            *(f"share_day_{days}" for days in SHARE_DAYS),
        )

    def _query_added_up(self):
        offered = self._query_not_issued(self._added_up_parts())
        return SQL(
            """
            SELECT %(columns)s
              FROM (SELECT known.*,
                           CASE WHEN expiration_date < %(today)s::date THEN 'expired'
                                ELSE outcome END AS result
                      FROM (%(coupons)s) known) day
             UNION ALL
            %(offered)s
            """,
            columns=self._column_list(self._added_up_parts()),
            today=self._day_queries("loyalty.fact.query")._by_company(
                SQL("known.company_id"), lambda company: company._loyalty_today()
            ),
            coupons=self._query_days(),
            offered=offered,
        )

    def _query_days(self):
        """Return SQL of coupons by day of issue, as the companies of the reader see it.

        What others sold with a coupon is theirs: to the reader it was not used then.
        """
        companies = self.env.companies
        model = "loyalty.daily.coupon"
        stored = self._stored_days(model)
        parts = [self._live_days("_rows_sql", model, companies=companies.ids)]
        if companies == self.env["res.company"]._loyalty_all():
            parts.append(SQL("SELECT * FROM %s stored", stored))
        else:
            cards = SQL(
                "SELECT shared.card_id FROM %s shared WHERE shared.card_id IS NOT NULL",
                stored,
            )
            parts.append(self._query_seen_days(stored))
            parts.append(self._day_queries(model)._cards_sql(cards, companies.ids))
        names = SQL(", ").join(map(SQL.identifier, (*KEYS, *MEASURES)))
        return SQL(" UNION ALL ").join(
            SQL("SELECT %s FROM (%s) part", names, part) for part in parts
        )

    def _query_seen_days(self, stored):
        """Return SQL of days added up without the uses that the reader does not see.

        Coupons that different companies took are left out.

        :param stored: SQL of the table
        """
        seen = SQL(
            "(use_company_id IS NULL OR use_company_id = ANY(%s))",
            self.env.companies.ids,
        )
        unused = {name: SQL("0") for name in MEASURES} | {"days_to_use": SQL("NULL")}
        del unused["issued_count"]
        columns = {
            name: SQL("CASE WHEN %s THEN %s ELSE %s END", seen, column, unused[name])
            if name in unused
            else column
            for name in (*KEYS, *MEASURES)
            for column in [SQL.identifier(name)]
        }
        return SQL(
            "SELECT %s FROM %s stored WHERE card_id IS NULL",
            self._column_list(columns),
            stored,
        )

    def _added_up_parts(self):
        """Return {column: SQL} of a row of coupons that are added up."""
        keys = ("program_id", "campaign_id", "variant_id", "company_id")
        sums = ("issued_count", "redeemed_count", "use_count")
        amounts = ("discount_amount", "goods_cost", "net_sales")
        outcomes = ("open", "used", "expired", "void")
        count = "CASE WHEN day.result = %s THEN day.issued_count ELSE 0 END"
        currency = self._by_company(
            SQL("day.company_id"), lambda company: company.currency_id.id
        )
        return {
            "facts": SQL("day.issued_count"),
            **{name: SQL.identifier("day", name) for name in keys},
            "currency_id": SQL(
                "CASE WHEN day.company_id IS NOT NULL THEN %s END", currency
            ),
            "issue_date": SQL("day.day"),
            "outcome": SQL("day.result"),
            **{name: SQL.identifier("day", name) for name in (*sums, *amounts)},
            **{f"{name}_count": SQL(count, name) for name in outcomes},
            "closed_count": SQL(
                "CASE WHEN day.result != 'open' THEN day.issued_count ELSE 0 END"
            ),
            "days_to_use": SQL("day.days_to_use::numeric"),
            **{
                name: SQL("NULL::numeric")
                for name in self._rate_names()
                if name in self._added_up_sums()
            },
        }
