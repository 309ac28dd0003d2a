from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.rfm import FEWEST_RANKED, cells

# Own percentiles of gaps need so many purchases; so does the stage "mature".
OWN_RHYTHM = 4
# What each score is of.
SCORED = {"r": "last_date", "f": "rfm_count", "m": "rfm_amount"}


class LoyaltyCustomerScoreMixin(models.AbstractModel):
    """What is concluded from the figures of a customer: scores, P(alive), stage."""

    _name = "loyalty.customer.score.mixin"
    _description = "Scores of Customers"

    @api.model
    def _score_sql(self):
        """Return the scores by rank among all buyers of the company.

        1 + 5 x share of buyers strictly worse, rounded down: equal values get equal
        scores, and a crowd of one-time buyers scores 1.
        """
        worse = {
            name: SQL(
                "RANK() OVER (PARTITION BY company_id ORDER BY %s) - 1",
                SQL.identifier(column),
            )
            for name, column in SCORED.items()
        }
        ranks = {
            name: SQL(
                "LEAST(5, 1 + 5 * ranked.%s / ranked.buyers)", SQL.identifier(name)
            )
            for name in worse
        }
        return SQL(
            """
            SELECT ranked.company_id, ranked.partner_id, ranked.buyers, %(scores)s
              FROM (SELECT company_id, partner_id, last_date, rfm_count, rfm_amount,
                           COUNT(*) OVER (PARTITION BY company_id) AS buyers,
                           %(r)s AS r, %(f)s AS f, %(m)s AS m
                      FROM customer WHERE rfm_count > 0) ranked
              JOIN zone ON zone.company_id = ranked.company_id
            """,
            scores=self._scores_sql("ranked", SQL("ranked.buyers"), ranks),
            **worse,
        )

    @api.model
    def _border_sql(self):
        """Return the largest value of each score among all buyers of a company."""
        borders = SQL(", ").join(
            SQL(
                "MAX(%s) FILTER (WHERE %s = %s) AS %s",
                SQL.identifier(column),
                SQL.identifier(f"{name}_score"),
                score,
                SQL.identifier(f"{name}{score}"),
            )
            for name, column in SCORED.items()
            for score in range(1, 5)
        )
        return SQL(
            """
            SELECT metric.company_id, %s
              FROM loyalty_customer_metric metric
              JOIN zone ON zone.company_id = metric.company_id
             WHERE metric.rfm_count > 0 GROUP BY metric.company_id
            """,
            borders,
        )

    @api.model
    def _score_recent_sql(self):
        """Return the scores by the borders between the scores of all other buyers.

        Left joins, although every customer has a company: the planner takes an inner
        one for a filter that leaves few.
        """
        ranks = {
            name: SQL(
                "CASE %s ELSE 5 END",
                SQL(" ").join(
                    SQL(
                        "WHEN customer.%s <= border.%s THEN %s",
                        SQL.identifier(column),
                        SQL.identifier(f"{name}{score}"),
                        score,
                    )
                    for score in range(1, 5)
                ),
            )
            for name, column in SCORED.items()
        }
        return SQL(
            """
            SELECT customer.company_id, customer.partner_id, base.buyers, %(scores)s
              FROM customer
         LEFT JOIN zone ON zone.company_id = customer.company_id
         LEFT JOIN base ON base.company_id = customer.company_id
         LEFT JOIN border ON border.company_id = customer.company_id
             WHERE customer.rfm_count > 0
            """,
            scores=self._scores_sql("customer", SQL("base.buyers"), ranks),
        )

    @api.model
    def _scores_sql(self, alias, buyers, ranks):
        """Return the columns of the scores: ranks, or thresholds for few buyers.

        :param alias: table with the values that are scored
        :param buyers: SQL of the number of buyers of the company
        :param ranks: dict of r, f, m to SQL of the score by rank
        """
        above = {
            "r": SQL("zone.today - %s.last_date <= edge", SQL.identifier(alias)),
            "f": SQL("%s.rfm_count >= edge", SQL.identifier(alias)),
            "m": SQL("%s.rfm_amount >= edge", SQL.identifier(alias)),
        }
        edges = {"r": "r_days", "f": "f_counts", "m": "m_amounts"}
        return SQL(", ").join(
            SQL(
                """CASE WHEN %s >= %s THEN %s
                        ELSE 1 + (SELECT COUNT(*) FROM UNNEST(zone.%s) edge WHERE %s)
                   END::int AS %s""",
                buyers,
                FEWEST_RANKED,
                rank,
                SQL.identifier(edges[name]),
                above[name],
                SQL.identifier(f"{name}_score"),
            )
            for name, rank in ranks.items()
        )

    @api.model
    def _cells_sql(self):
        return SQL(" UNION ALL ").join(
            SQL("SELECT %s AS r, %s AS fm, %s AS name", recency, value, name)
            for recency, value, name in cells()
        )

    @api.model
    def _alive_sql(self):
        """Return P(alive) of BG/NBD (Fader, Hardie, Lee 2008, equation for P(alive)).

        The exponent is bounded, the power would overflow for daily buyers.
        """
        return SQL(
            """
            CASE WHEN base.model IS NULL OR rhythm.purchase_days IS NULL THEN NULL
                 WHEN rhythm.purchase_days = 1 THEN 1.0
                 ELSE 1 / (1 + base.model[3] / GREATEST(base.model[4]
                                               + rhythm.purchase_days - 2, 1e-12)
                     * EXP(LEAST(600, (base.model[1] + rhythm.purchase_days - 1)
                       * LN((base.model[2] + (zone.today - first_date) / 7.0)
                            / (base.model[2] + (customer.last_date - first_date)
                                               / 7.0)))))
            END
            """
        )

    @api.model
    def _churn_sql(self, alive, days):
        """Return the band of the risk that a customer is gone.

        None for who bought on one day only: in BG/NBD customers leave after a repeat
        purchase, so that P(alive) stays 1 however long they are silent.

        :param alive: SQL of the probability of being alive, NULL when unknown
        :param days: SQL of the number of days with a purchase
        """
        return SQL(
            "CASE WHEN %(days)s < 2 THEN NULL WHEN %(alive)s >= 0.7 THEN 'low'"
            " WHEN %(alive)s >= 0.3 THEN 'medium' WHEN %(alive)s < 0.3 THEN 'high' END",
            alive=alive,
            days=days,
        )

    @api.model
    def _stage_sql(self):
        """Return the stage of the life cycle, the first that applies.

        One purchase longer ago than the median gap of the company is slowing: it is
        new no more and has not grown. Won back lasts until the next purchase.
        """
        return SQL(
            """
            CASE WHEN purchases = 0 THEN 'prospect'
                 WHEN now.gap > zone.lost_days OR now.p_alive < zone.lost_probability
                 THEN 'lost'
                 WHEN now.gap > now.gaps[3]
                  AND now.gap > zone.dormant_factor * now.gaps[1] THEN 'dormant'
                 WHEN now.gap > now.gaps[2]
                   OR purchases = 1 AND now.gap > base.gaps[1] THEN 'slowing'
                 WHEN known.stage IN ('dormant', 'lost')
                  AND customer.last_date > known.last_date
                   OR known.stage = 'won_back'
                  AND customer.last_date = known.last_date THEN 'won_back'
                 WHEN purchases = 1 THEN 'new'
                 WHEN purchases < %s THEN 'growing'
                 ELSE 'mature' END
            """,
            OWN_RHYTHM,
        )

    @api.model
    def _figure_sql(self):
        """Return the row of each customer as it is written.

        Left joins as in `_score_recent_sql`.
        """
        return SQL(
            """
            SELECT %(columns)s, known.stage AS stage_before
              FROM customer
         LEFT JOIN zone ON zone.company_id = customer.company_id
         LEFT JOIN base ON base.company_id = customer.company_id
         LEFT JOIN rhythm ON rhythm.company_id = customer.company_id
                         AND rhythm.partner_id = customer.partner_id
         LEFT JOIN scored ON scored.company_id = customer.company_id
                         AND scored.partner_id = customer.partner_id
         LEFT JOIN (%(cells)s) cell
                ON cell.r = scored.r_score
               AND cell.fm = (scored.f_score + scored.m_score + 1) / 2
         LEFT JOIN taste ON taste.company_id = customer.company_id
                        AND taste.partner_id = customer.partner_id
         LEFT JOIN known ON known.company_id = customer.company_id
                        AND known.partner_id = customer.partner_id,
           LATERAL (SELECT zone.today - customer.last_date AS gap,
                           CASE WHEN purchases >= %(own)s
                                THEN COALESCE(rhythm.gaps, base.gaps)
                                ELSE base.gaps END AS gaps,
                           %(alive)s AS p_alive) now,
           LATERAL (SELECT %(stage)s AS stage) life
            """,
            columns=SQL(", ").join(
                SQL("%s AS %s", expression, SQL.identifier(name))
                for name, expression in self._columns().items()
            ),
            cells=self._cells_sql(),
            own=OWN_RHYTHM,
            alive=self._alive_sql(),
            stage=self._stage_sql(),
        )

    @api.model
    def _columns(self):
        """Hook: return {column: SQL} of the figures of one customer."""
        return {
            "company_id": SQL("customer.company_id"),
            "partner_id": SQL("customer.partner_id"),
            "amount": SQL("customer.amount"),
            "margin": SQL("customer.margin"),
            "margin_rate": SQL("customer.margin_rate::float"),
            "purchase_count": SQL("customer.purchases"),
            "purchase_days": SQL("COALESCE(rhythm.purchase_days, 0)"),
            "repeat_amount": SQL("ROUND(rhythm.repeat_amount, 2)"),
            "first_date": SQL("customer.first_date"),
            "last_date": SQL("customer.last_date"),
            "next_date": SQL("customer.last_date + ROUND(now.gaps[1])::int"),
            "recency_days": SQL("now.gap"),
            "tenure_days": SQL("zone.today - customer.first_date"),
            "average_basket": SQL(
                "ROUND(customer.amount / NULLIF(customer.purchases, 0), 2)"
            ),
            "gap_median": SQL("rhythm.gaps[1]"),
            "gap_p75": SQL("rhythm.gaps[2]"),
            "gap_p90": SQL("rhythm.gaps[3]"),
            "rfm_count": SQL("customer.rfm_count"),
            "rfm_amount": SQL("customer.rfm_amount"),
            "r_score": SQL("scored.r_score"),
            "f_score": SQL("scored.f_score"),
            "m_score": SQL("scored.m_score"),
            "fm_score": SQL("(scored.f_score + scored.m_score + 1) / 2"),
            "rfm_segment": SQL("cell.name"),
            "stage": SQL("life.stage"),
            "stage_date": SQL(
                "CASE WHEN life.stage = known.stage THEN known.stage_date"
                " ELSE zone.today END"
            ),
            "p_alive": SQL("now.p_alive"),
            "churn_band": self._churn_sql(
                SQL("now.p_alive"), SQL("rhythm.purchase_days")
            ),
            **{
                name: SQL(
                    "CASE WHEN base.model IS NOT NULL"
                    " AND rhythm.purchase_days IS NOT NULL THEN known.%s END",
                    SQL.identifier(name),
                )
                for name in ("expected_purchases", "clv", "clv_band")
            },
            "favourite_category_id": SQL("taste.categ_id"),
            "favourite_category_share": SQL("taste.share::float"),
            "favourite_category_lift": SQL(
                "taste.share::float"
                " / NULLIF((base.shares ->> taste.categ_id::text)::float, 0)"
            ),
            "favourite_channel": SQL("channel"),
            "favourite_weekday": SQL("weekday::text"),
            "favourite_hour": SQL("hour"),
            "coupon_share": SQL("coupon_share::float"),
            "computed_at": SQL("%s::timestamp", fields.Datetime.now()),
        }
