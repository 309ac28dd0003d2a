from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.planner import without_jit
from .loyalty_customer_basket_mixin import RECENT_CUSTOMERS, RECENT_PURCHASES

# What the model says of customers is void when it was fitted longer ago.
MODEL_DAYS = 31


class LoyaltyCustomerRefreshMixin(models.AbstractModel):
    """The statement that computes the figures of customers.

    Days, weekdays and hours are those of the company's time zone. Refunds reduce
    amounts, a purchase refunded in full does not count.

    With `recent`, only customers with purchases past the cursor are computed, against
    what the last full refresh found of all customers: percentiles of gaps, shares of
    categories, borders of scores.
    """

    _name = "loyalty.customer.refresh.mixin"
    _inherit = ["loyalty.customer.basket.mixin", "loyalty.customer.score.mixin"]
    _description = "Refresh of Customer Figures"

    @api.model
    def _execute_refresh(self, companies, recent):
        self.env["loyalty.company.metric"]._ensure(companies)
        _last, holders = self.env["loyalty.campaign"]._read_purchase_horizon()
        without_jit(self.env.cr)
        if recent:
            self._stage_recent(companies)
        self.env.cr.execute(
            SQL(
                """
                WITH %(ctes)s,
                gone AS (%(gone)s),
                changed AS (%(changed)s),
                base_row AS (%(base_row)s),
                rewritten AS (%(rewritten)s)
                %(upsert)s
                """,
                ctes=self._ctes_sql(companies, recent),
                gone=self._gone_sql(recent),
                changed=self._changed_sql(),
                base_row=self._base_row_sql(recent, holders),
                rewritten=self._rewritten_sql(),
                upsert=self._upsert_sql(),
            )
        )

    @api.model
    def _figures_sql(self, companies):
        """Return the query that computes what a full refresh writes."""
        return SQL(
            "WITH %s SELECT %s FROM figure",
            self._ctes_sql(companies, False),
            SQL(", ").join(map(SQL.identifier, self._columns())),
        )

    @api.model
    def _ctes_sql(self, companies, recent):
        parts = {
            "zone": self._zone_sql(companies),
            "basket": self._basket_sql(
                SQL.identifier(RECENT_PURCHASES if recent else "loyalty_purchase")
            ),
            "day": self._day_sql(),
            "rhythm": self._rhythm_sql(),
            "spend": self._spend_sql(recent),
            "base": self._base_sql(recent),
            "customer": self._customer_sql(recent),
            **({"border": self._border_sql()} if recent else {}),
            "scored": self._score_recent_sql() if recent else self._score_sql(),
            "taste": self._taste_sql(),
            "known": self._known_sql(recent),
            "figure": self._figure_sql(),
        }
        return SQL(", ").join(
            # Otherwise the planner may compute a part once per customer.
            SQL("%s AS MATERIALIZED (%s)", SQL.identifier(name), query)
            for name, query in parts.items()
        )

    @api.model
    def _base_sql(self, recent):
        """Return what single customers are compared with."""
        model = SQL(
            """CASE WHEN stored.fitted_on > zone.today - %s THEN
                    ARRAY[model_r, model_alpha, model_a, model_b] END::float[]
               AS model""",
            MODEL_DAYS,
        )
        if recent:
            return SQL(
                """
                SELECT zone.company_id, zone.today, stored.buyer_count AS buyers,
                       CASE WHEN gap_median IS NOT NULL
                            THEN ARRAY[gap_median, gap_p75, gap_p90] END AS gaps,
                       stored.category_shares AS shares, %s
                  FROM zone JOIN loyalty_company_metric stored USING (company_id)
                """,
                model,
            )
        return SQL(
            """
            SELECT zone.company_id, zone.today, 0 AS buyers, gap.gaps,
                   category.shares, %s
              FROM zone JOIN loyalty_company_metric stored USING (company_id)
         LEFT JOIN (SELECT company_id,
                           PERCENTILE_CONT(ARRAY[0.5, 0.75, 0.9])
                               WITHIN GROUP (ORDER BY gap) AS gaps
                      FROM day GROUP BY company_id) gap USING (company_id)
         LEFT JOIN (SELECT company_id, JSONB_OBJECT_AGG(categ_id, share) AS shares
                      FROM (SELECT company_id, categ_id,
                                   SUM(amount) / SUM(SUM(amount)) OVER (
                                       PARTITION BY company_id) AS share
                              FROM spend GROUP BY company_id, categ_id) part
                     GROUP BY company_id) category USING (company_id)
            """,
            model,
        )

    @api.model
    def _customer_sql(self, recent):
        """Return the figures of each customer; the most frequent is the favourite."""
        return SQL(
            """
            SELECT basket.company_id, basket.partner_id, SUM(amount) AS amount,
                   SUM(margin) AS margin,
                   SUM(amount) FILTER (WHERE margin IS NOT NULL) AS known_amount,
                   SUM(margin) / NULLIF(SUM(amount)
                       FILTER (WHERE margin IS NOT NULL), 0) AS margin_rate,
                   COUNT(*) FILTER (WHERE is_counted) AS purchases,
                   COUNT(*) FILTER (WHERE is_counted AND is_recent) AS rfm_count,
                   COALESCE(SUM(amount) FILTER (WHERE is_recent), 0) AS rfm_amount,
                   MIN(date) FILTER (WHERE is_counted)::date AS first_date,
                   MAX(date) FILTER (WHERE is_counted)::date AS last_date,
                   MODE() WITHIN GROUP (ORDER BY channel)
                       FILTER (WHERE is_counted) AS channel,
                   MODE() WITHIN GROUP (ORDER BY EXTRACT(ISODOW FROM date)::int)
                       FILTER (WHERE is_counted) AS weekday,
                   MODE() WITHIN GROUP (ORDER BY EXTRACT(HOUR FROM date)::int)
                       FILTER (WHERE is_counted) AS hour,
                   AVG((used.order_id IS NOT NULL)::int)
                       FILTER (WHERE is_counted) AS coupon_share
              FROM basket
         LEFT JOIN %s used
                ON used.order_model = basket.order_model
               AND used.order_id = basket.order_id
          GROUP BY 1, 2
            """,
            self._used_sql(recent),
        )

    @api.model
    def _used_sql(self, recent):
        """Return the documents on which something was redeemed."""
        uses = self.env["loyalty.redemption"]
        if not recent:
            return SQL(
                "(SELECT DISTINCT use.order_model, use.order_id FROM (%s) use)",
                uses._all_live_sql(),
            )
        return SQL(
            """(SELECT DISTINCT use.order_model, use.order_id
                  FROM basket
                  JOIN loyalty_redemption use
                    ON use.order_model = basket.order_model
                   AND use.order_id = basket.order_id
                 WHERE %s)""",
            uses._live_sql("use"),
        )

    @api.model
    def _taste_sql(self):
        """Return the category on which each customer spent most, and how typically."""
        return SQL(
            """
            SELECT DISTINCT ON (company_id, partner_id) company_id, partner_id,
                   categ_id,
                   amount / SUM(amount) OVER (PARTITION BY company_id, partner_id)
                       AS share
              FROM spend
          ORDER BY company_id, partner_id, amount DESC, categ_id
            """
        )

    @api.model
    def _known_sql(self, recent):
        """Return what the last refresh said of each customer."""
        return SQL(
            """
            SELECT metric.company_id, metric.partner_id, metric.stage,
                   metric.stage_date, metric.last_date, metric.expected_purchases,
                   metric.clv, metric.clv_band
              FROM loyalty_customer_metric metric
              JOIN %s scope ON scope.company_id = metric.company_id %s
            """,
            SQL.identifier(RECENT_CUSTOMERS if recent else "zone"),
            SQL("AND scope.partner_id = metric.partner_id" if recent else ""),
        )

    @api.model
    def _gone_sql(self, recent):
        """Return the deletion of customers without a purchase left."""
        return SQL(
            """
            DELETE FROM loyalty_customer_metric metric
             USING %s scope
             WHERE scope.company_id = metric.company_id %s
               AND NOT EXISTS (
                   SELECT FROM customer
                    WHERE customer.company_id = metric.company_id
                      AND customer.partner_id = metric.partner_id)
            """,
            SQL.identifier(RECENT_CUSTOMERS if recent else "zone"),
            SQL("AND scope.partner_id = metric.partner_id" if recent else ""),
        )

    @api.model
    def _changed_sql(self):
        """Return the writing of a dated row per customer whose stage is another.

        Who is new was a prospect before; what others were before they were computed
        first is not known.
        """
        return SQL(
            """
            INSERT INTO loyalty_stage_change
                   (company_id, partner_id, date, stage_from, stage_to)
            SELECT company_id, partner_id, stage_date,
                   CASE WHEN stage = 'new' THEN COALESCE(stage_before, 'prospect')
                        ELSE stage_before END, stage
              FROM figure
             WHERE stage IS DISTINCT FROM stage_before
            """
        )

    @api.model
    def _base_row_sql(self, recent, holders):
        """Return the writing of what a later refresh of few customers needs.

        Transactions that are open now may still write purchases with smaller ids, a
        long import among live sales: the cursor stays before them until all have ended.

        :param holders: list of the virtual transactions that may be writing purchases
        """
        full = SQL(
            """,
            buyer_count = COALESCE((SELECT MAX(buyers) FROM scored
                                     WHERE scored.company_id = base.company_id), 0),
            average_basket = (SELECT ROUND(SUM(amount) / NULLIF(SUM(purchases), 0), 2)
                                FROM customer
                               WHERE customer.company_id = base.company_id),
            coupon_share = (SELECT SUM(coupon_share * purchases)::float
                                   / NULLIF(SUM(purchases), 0)
                              FROM customer
                             WHERE customer.company_id = base.company_id),
            margin_rate = (SELECT SUM(margin)::float / NULLIF(SUM(known_amount), 0)
                             FROM customer
                            WHERE customer.company_id = base.company_id),
            gap_median = base.gaps[1], gap_p75 = base.gaps[2], gap_p90 = base.gaps[3],
            category_shares = base.shares
            """
        )
        return SQL(
            """
            UPDATE loyalty_company_metric stored
               SET cursor_purchase_id = CASE
                       WHEN %(holders)s::text[] = '{}' THEN newest.id
                       WHEN stored.horizon_waits = '' THEN stored.cursor_purchase_id
                       WHEN %(ended)s THEN stored.horizon_purchase_id
                       ELSE stored.cursor_purchase_id END,
                   horizon_purchase_id = CASE
                       WHEN %(ended)s THEN newest.id
                       ELSE stored.horizon_purchase_id END,
                   horizon_waits = CASE
                       WHEN %(ended)s THEN ARRAY_TO_STRING(%(holders)s::text[], ' ')
                       ELSE stored.horizon_waits END,
                   refreshed_at = %(now)s %(full)s
              FROM base, (SELECT MAX(id) AS id FROM loyalty_purchase) newest
             WHERE base.company_id = stored.company_id
            """,
            holders=holders,
            ended=SQL(
                "NOT STRING_TO_ARRAY(COALESCE(stored.horizon_waits, ''), ' ')"
                " && %s::text[]",
                holders,
            ),
            now=fields.Datetime.now(),
            full=SQL() if recent else full,
        )

    @api.model
    def _rewritten_sql(self):
        """Return the writing of the figures over those of the last refresh.

        Joined as a whole: the upsert alone looks each customer up by the index.
        """
        return SQL(
            """
            UPDATE loyalty_customer_metric metric SET %s FROM figure
             WHERE metric.company_id = figure.company_id
               AND metric.partner_id = figure.partner_id
            """,
            self._assignments_sql("figure"),
        )

    @api.model
    def _upsert_sql(self):
        """Return the writing of the figures of those who had none.

        Another refresh may write the same customer at the same time.
        """
        return SQL(
            """
            INSERT INTO loyalty_customer_metric (%(names)s)
            SELECT %(names)s FROM figure
             WHERE NOT EXISTS (
                   SELECT FROM known
                    WHERE known.company_id = figure.company_id
                      AND known.partner_id = figure.partner_id)
                ON CONFLICT (company_id, partner_id) DO UPDATE SET %(updates)s
            """,
            names=SQL(", ").join(map(SQL.identifier, self._columns())),
            updates=self._assignments_sql("excluded"),
        )

    @api.model
    def _assignments_sql(self, source):
        """Return the assignments that take the figures from a row named `source`."""
        keys = {"company_id", "partner_id"}
        return SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), SQL.identifier(source, name))
            for name in self._columns()
            if name not in keys
        )
