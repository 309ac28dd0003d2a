from datetime import date, timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..tools import campaign_statistics as figures
from ..tools.planner import without_jit

# The year before is told once more for so long: its last evening, late tills.
LATE_DAYS = 7


class LoyaltyCompanyHoldoutMixin(models.AbstractModel):
    """Did all campaigns of a year together pay? By those held out of all of them.

    A customer counts from the day on which a campaign first wanted them this year, in
    the group in which they were then; the window ends with the year. Whoever claims an
    offer gets it, held out or not: claim pages are left out.
    """

    _name = "loyalty.company.holdout.mixin"
    _description = "All Campaigns of a Year beside the Holdout"

    def _loyalty_refresh_holdout(self):
        """Replace the results of the year by those of now."""
        # Who may read campaigns may see what they brought; only this method writes it.
        results = self.env["loyalty.campaign.result"].sudo()
        for company in self:
            today = company._loyalty_today()
            for year in {today.year, (today - timedelta(days=LATE_DAYS)).year}:
                values = company._prepare_holdout_results(year)
                results.search(
                    [
                        ("company_id", "=", company.id),
                        ("campaign_id", "=", False),
                        ("year", "=", str(year)),
                    ]
                ).unlink()
                results.create(values)

    def _prepare_holdout_results(self, year):
        """Return the values of a year's result in a list, empty without a holdout."""
        self.ensure_one()
        end = self._loyalty_day_start(date(year + 1, 1, 1))
        now = fields.Datetime.now()
        groups = self._loyalty_holdout_groups(year, min(end, now))
        if len(groups) < 2:
            return []
        first, second = groups[False], groups[True]
        counts = [first.count, second.count]
        percent = self.loyalty_holdout_percent
        ratio = 1.0
        if percent:
            ratio = figures.sample_ratio_p(counts, [100 - percent, percent])
        campaigns = self.env["loyalty.campaign"]
        return [
            {
                **campaigns._prepare_counts(first, second),
                **campaigns._prepare_lift(first, second),
                "company_id": self.id,
                "year": str(year),
                "open_count": sum(counts) if now < end else 0,
                "ratio_p_value": ratio,
                "computed_at": now,
            }
        ]

    def _loyalty_holdout_groups(self, year, end):
        """Return {whether held out: `campaign_statistics.Group`}.

        :param end: when the windows end, a naive datetime in UTC
        """
        without_jit(self.env.cr)
        for model in ("loyalty.campaign", "loyalty.campaign.member"):
            self.env[model].flush_model()
        self.env["loyalty.purchase"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT is_out, COUNT(*), COUNT(*) FILTER (WHERE bought),
                       AVG(after)::float8, VAR_SAMP(after)::float8,
                       AVG(before)::float8, VAR_SAMP(before)::float8,
                       COVAR_SAMP(after, before)
                  FROM (%s) outcome
              GROUP BY is_out
                """,
                self._loyalty_holdout_query(year, end),
            )
        )
        return {
            is_out: figures.Group(*(value or 0 for value in values))
            for is_out, *values in rows
        }

    def _loyalty_holdout_query(self, year, end):
        """Return the query of what each customer bought since a campaign wanted them.

        Columns: is_out, after (net purchases in the window), bought, before (those of
        as many days before it).
        """
        queries = self.env["loyalty.fact.query"]
        return SQL(
            """
            WITH wanted AS (
                SELECT contact.commercial_partner_id AS customer_id, member.id,
                       member.arm = 'holdout' AS is_out, member.assigned_at
                  FROM loyalty_campaign_member member
                  JOIN loyalty_campaign campaign ON campaign.id = member.campaign_id
                                                AND campaign.trigger != 'claim'
                  JOIN res_partner contact ON contact.id = member.partner_id
                 WHERE member.company_id = %(company)s
                   AND member.assigned_at >= %(start)s
                   AND member.assigned_at < %(end)s
            ), span AS MATERIALIZED (
                SELECT DISTINCT ON (customer_id) customer_id, is_out,
                       assigned_at AS starts,
                       assigned_at - (%(end)s - assigned_at) AS reach
                  FROM wanted
                 WHERE assigned_at >= (SELECT MIN(assigned_at) FROM wanted WHERE is_out)
              ORDER BY customer_id, assigned_at, id
            ), chosen AS MATERIALIZED (%(chosen)s),
            document AS (%(documents)s)
            SELECT span.is_out,
                   COALESCE(SUM(amount) FILTER (WHERE date >= starts), 0) AS after,
                   COALESCE(BOOL_OR(is_counted) FILTER (WHERE date >= starts), FALSE)
                       AS bought,
                   COALESCE(SUM(amount) FILTER (WHERE date < starts), 0) AS before
              FROM span
         LEFT JOIN document ON document.customer_id = span.customer_id
                           AND document.date >= span.reach
                           AND document.date < %(end)s
          GROUP BY span.customer_id, span.is_out
            """,
            chosen=queries._rows_of_span(self),
            documents=queries._documents("chosen"),
            company=self.id,
            start=self._loyalty_day_start(date(year, 1, 1)),
            end=SQL("%s::timestamp", end),
        )
