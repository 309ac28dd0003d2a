from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import next_offer


class LoyaltyCampaignBestMixin(models.AbstractModel):
    """The arm that is expected to earn most from each customer.

    The formula is that of `tools/next_offer.py`, in SQL for an audience of any size.
    It looks at nothing that chance decides: the same figures give the same arm, and two
    arms of equal worth are told apart by their order. The control group is drawn as
    ever, and its members are told which arm they would have got, so that each arm is
    compared with customers of the same kind.
    """

    _name = "loyalty.campaign.best.mixin"
    _description = "Best Offer for Each Customer"

    arm_choice = fields.Selection(
        [("share", "By Chance, by Share"), ("best", "Best Offer for Each Customer")],
        string="Arms Are Chosen",
        default="share",
        required=True,
        tracking=True,
        help="By chance: arms can be compared with each other. Best offer: each "
        "customer gets the arm that is expected to earn most, by taste, use of coupons "
        "and what past campaigns brought.",
    )

    def _chooses_best(self):
        """Tell whether each customer gets the arm that is expected to earn most."""
        self.ensure_one()
        return self.arm_choice == "best" and len(self._drawn_arms()) > 1

    @api.model
    def _best_flush(self):
        for name in ("customer.metric", "company.metric", "purchase", "purchase.line"):
            self.env[f"loyalty.{name}"].flush_model()

    def _best_join(self, audience):
        """Return the join that gives each row of an audience its best arm.

        :param audience: query with a column `customer_id`
        """
        if not self._chooses_best():
            return SQL()
        # Whoever refused that gets an arm by chance, as everybody may.
        refused = self.env["loyalty.consent"]._refused_sql(
            SQL("audience.partner_id"), ["profiling"], self.company_id
        )
        return SQL(
            "LEFT JOIN (%s) best ON best.best_customer_id = audience.customer_id"
            " AND NOT %s",
            self._best_query(audience),
            refused,
        )

    def _best_query(self, audience):
        """Return the query of the best arm of each customer of an audience."""
        return SQL(
            """
            SELECT DISTINCT ON (customer_id)
                   customer_id AS best_customer_id, variant_id AS best_variant_id
              FROM (%s) worth
          ORDER BY customer_id, ROUND(profit::numeric, 6) DESC, place
            """,
            self._worth_query(audience),
        )

    def _worth_query(self, audience):
        """Return the query of what each arm is expected to earn from each customer.

        :param audience: query with a column `customer_id`
        :return: query of `customer_id`, `variant_id`, `place`, `profit`
        """
        company = self.company_id
        average = self.env["loyalty.program"]._next_company(company)
        return SQL(
            """
            WITH who AS MATERIALIZED (
                SELECT DISTINCT customer_id FROM (%(audience)s) person),
            offer AS (%(offers)s),
            spent AS (%(spent)s),
            taste AS (
                SELECT spent.customer_id, offer.place,
                       COALESCE(SUM(spent.amount) FILTER (
                           WHERE spent.categ_id = ANY(offer.categories)), 0)::float
                       / SUM(spent.amount)::float AS share
                  FROM spent JOIN offer ON offer.categories IS NOT NULL
              GROUP BY 1, 2)
            SELECT who.customer_id, offer.variant_id, offer.place,
                   effect.lift * known.basket * known.rate
                   - (known.base * LEAST(1, known.share) * terms.reach
                      + GREATEST(effect.lift, 0)) * given.cost AS profit
              FROM who CROSS JOIN offer
         LEFT JOIN loyalty_customer_metric metric
                ON metric.company_id = %(company)s
               AND metric.partner_id = who.customer_id
         LEFT JOIN taste ON taste.customer_id = who.customer_id
                        AND taste.place = offer.place,
           LATERAL (%(known)s) known,
           LATERAL (%(terms)s) terms,
           LATERAL (%(given)s) given,
           LATERAL (%(effect)s) effect
            """,
            audience=audience,
            offers=self._best_offers_sql(),
            spent=self._best_spent_sql(),
            company=company.id,
            known=self._best_known_sql(average),
            terms=self._best_terms_sql(),
            given=self._best_given_sql(),
            effect=self._best_effect_sql(),
        )

    def _best_spent_sql(self):
        """Return what customers spent on each category, if an offer is about some."""
        programs = self.env["loyalty.program"]
        for variant in self.variant_ids:
            programs |= self._offer_of(variant)[0]
        # What an offer is about decides, whoever may read its program.
        if not any(program.sudo()._next_categories() for program in programs):
            return SQL("SELECT 0 AS customer_id, 0 AS categ_id, 0 AS amount LIMIT 0")
        return programs._next_spent_sql(
            self.company_id, SQL("SELECT customer_id FROM who")
        )

    def _best_offers_sql(self):
        """Return the rows of the arms: what each gives, and what it brought."""
        rows = []
        for place, variant in enumerate(self._drawn_arms()):
            program, points = self._offer_of(variant)
            # Costs decide, which marketing need not read.
            program = program.sudo()
            terms = program._next_terms(self.company_id, {program: points})
            offer = terms[program]
            rows.append(
                SQL(
                    """SELECT %s::int AS place, %s::int AS variant_id,
                              %s::int[] AS categories, %s::float AS percent,
                              %s::float AS part, %s::float AS fixed, %s::float AS most,
                              %s::float AS goods_cost, %s::float AS minimum,
                              %s::float AS taste_all, %s::float AS measured,
                              %s::float AS brought, %s::float AS pooled""",
                    place,
                    variant._origin.id,
                    program._next_categories().ids or None,
                    offer.percent,
                    offer.part,
                    offer.fixed,
                    offer.most,
                    offer.goods_cost,
                    offer.minimum,
                    offer.taste_all,
                    offer.measured,
                    offer.brought,
                    offer.pooled,
                )
            )
        return SQL(" UNION ALL ").join(rows)

    @api.model
    def _best_known_sql(self, company):
        """Return the chance to buy anyway, basket, margin and share of coupons.

        :param company: `next_offer.Company`
        """
        average = company.coupon_share or next_offer.DEFAULT_COUPON_SHARE
        gap = SQL(
            """COALESCE(CASE WHEN metric.purchase_count >= %s
                             THEN NULLIF(metric.gap_median, 0) END, %s::float)""",
            next_offer.OWN_RHYTHM,
            company.gap or next_offer.DEFAULT_GAP,
        )
        rate = company.margin_rate
        return SQL(
            """
            SELECT CASE WHEN COALESCE(metric.purchase_count, 0) = 0 THEN %(prospect)s
                   ELSE CASE WHEN metric.p_alive IS NULL OR metric.purchase_days < 2
                             THEN LEAST(1, %(gap)s
                                  / GREATEST(1, COALESCE(metric.recency_days, 0)))
                             ELSE metric.p_alive END
                        * (1 - EXP(-%(window)s / %(gap)s)) END::float AS base,
                   GREATEST(0, COALESCE(NULLIF(metric.average_basket, 0)::float,
                                        %(basket)s::float)) AS basket,
                   COALESCE(metric.margin_rate, %(rate)s::float)::float AS rate,
                   (COALESCE(metric.purchase_count, 0)
                        * COALESCE(metric.coupon_share, 0)
                    + %(prior)s * %(average)s::float)
                   / (COALESCE(metric.purchase_count, 0) + %(prior)s) AS share,
                   %(average)s::float AS average
            """,
            prospect=next_offer.PROSPECT_BASE,
            gap=gap,
            window=float(next_offer.WINDOW_DAYS),
            basket=company.basket or 0.0,
            rate=next_offer.DEFAULT_MARGIN_RATE if rate is None else rate,
            prior=next_offer.PRIOR_PURCHASES,
            average=average,
        )

    @api.model
    def _best_terms_sql(self):
        """Return how the offer suits the customer."""
        bounds = {"least": next_offer.LEAST, "most": next_offer.MOST}
        return SQL(
            """
            SELECT LEAST(%(most)s, GREATEST(%(least)s, known.share / known.average))
                       AS sensitivity,
                   CASE WHEN offer.taste_all > 0 AND taste.share IS NOT NULL
                        THEN LEAST(%(most)s,
                                   GREATEST(%(least)s, taste.share / offer.taste_all))
                        ELSE 1 END AS liking,
                   CASE WHEN offer.minimum > 0
                        THEN LEAST(1, known.basket / offer.minimum) ELSE 1 END AS reach
            """,
            **bounds,
        )

    @api.model
    def _best_given_sql(self):
        """Return what a use of the offer costs."""
        return SQL(
            """
            SELECT CASE WHEN offer.most > 0 THEN LEAST(offer.most, discount)
                        ELSE discount END + offer.goods_cost AS cost
              FROM (SELECT offer.percent / 100 * known.basket
                           * COALESCE(offer.part, taste.share, offer.taste_all, 0)
                           + LEAST(offer.fixed, known.basket) AS discount) raw
            """
        )

    @api.model
    def _best_effect_sql(self):
        """Return how many more of such customers buy because of the offer."""
        return SQL(
            """
            SELECT GREATEST(-known.base, LEAST(1 - known.base,
                       (offer.brought + %(prior)s * offer.pooled
                           * CASE WHEN known.basket > 0
                                  THEN LEAST(%(most)s,
                                             given.cost / known.basket / %(depth)s)
                                  ELSE 1 END)
                       / (offer.measured + %(prior)s)
                       * terms.sensitivity * terms.liking * terms.reach)) AS lift
            """,
            prior=float(next_offer.PRIOR_CUSTOMERS),
            most=next_offer.MOST,
            depth=next_offer.DEFAULT_DEPTH,
        )
