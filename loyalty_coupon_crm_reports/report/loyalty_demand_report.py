from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Weeks that are forecast.
HORIZON = 12
# Uses of a program from which on its own curve counts, not that of all vouchers.
OWN_USES = 30


class LoyaltyDemandReport(models.Model):
    """One week to come of one product that open vouchers give: how many will be wanted.

    A voucher of an age (weeks since issue) is used in a week with the chance that
    vouchers of its program of that age had (life table; of all vouchers together while
    a program has few uses), as long as it is valid.
    """

    _name = "loyalty.demand.report"
    _inherit = "loyalty.report.mixin"
    _description = "Demand from Open Vouchers"
    _auto = False
    _rec_name = "product_id"
    _order = "week, program_id, product_id, id"
    _depends = {
        "loyalty.card": [
            "company_id",
            "expiration_date",
            "issued_at",
            "points",
            "program_id",
            "used_at",
            "voided_at",
        ],
        "loyalty.program": ["active", "applies_on", "company_id", "program_type"],
        "loyalty.reward": [
            "active",
            "program_id",
            "required_points",
            "reward_product_id",
            "reward_product_qty",
            "reward_product_tag_id",
            "reward_type",
        ],
        "product.product": ["active", "product_tmpl_id"],
        "product.template": ["categ_id"],
    }

    week = fields.Date(
        string="Week from",
        readonly=True,
        help="The first week begins today, in the company's time zone.",
    )
    program_id = fields.Many2one("loyalty.program", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one(
        "product.category", string="Product Category", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    voucher_count = fields.Integer(
        string="Open Vouchers",
        readonly=True,
        help="That give the product and are valid in the week; of several weeks, at "
        "the start of the first.",
    )
    open_quantity = fields.Float(
        readonly=True,
        help="What these vouchers give when all are used; where customers choose, "
        "each choice counts its part.",
    )
    quantity = fields.Float(
        string="Expected Quantity",
        digits=(16, 2),
        readonly=True,
        help="Open quantity × the chance that the voucher is used in the week.",
    )

    @api.model
    def _measures(self):
        first = """(SELECT SUM(first.value)
                      FROM UNNEST(ARRAY_AGG(%(week)s), ARRAY_AGG(%(value)s))
                           AS first(week, value)
                     WHERE first.week = MIN(%(week)s))"""
        return {
            **super()._measures(),
            "voucher_count": (first, {"week": "week", "value": "voucher_count"}),
            "open_quantity": (first, {"week": "week", "value": "open_quantity"}),
        }

    @property
    def _table_query(self):
        return SQL(
            """
            WITH gift AS (%(gifts)s), voucher AS (%(vouchers)s), ended AS (%(ended)s),
            curve AS (%(curve)s), unit AS (%(units)s)
            SELECT ROW_NUMBER() OVER (
                       ORDER BY unit.program_id, unit.product_id, unit.company_id,
                                ahead.weeks) AS id,
                   unit.day + ahead.weeks * 7 AS week, unit.program_id,
                   unit.product_id, unit.categ_id, unit.company_id,
                   SUM(unit.vouchers)::int AS voucher_count,
                   SUM(unit.quantity) AS open_quantity,
                   SUM(unit.quantity * COALESCE(later.survival * later.hazard
                                                / NULLIF(now.survival, 0), 0))
                       AS quantity
              FROM unit
              JOIN GENERATE_SERIES(0, %(last)s) ahead(weeks)
                ON unit.last_day IS NULL
                OR unit.last_day >= unit.day + ahead.weeks * 7
         LEFT JOIN curve now ON now.program_id = unit.program_id AND now.age = unit.age
         LEFT JOIN curve later ON later.program_id = unit.program_id
                              AND later.age = unit.age + ahead.weeks
          GROUP BY unit.day, ahead.weeks, unit.program_id, unit.product_id,
                   unit.categ_id, unit.company_id
            """,
            gifts=self._gifts_sql(),
            vouchers=self._vouchers_sql(),
            ended=self._ended_sql(),
            curve=self._curve_sql(),
            units=self._units_sql(),
            last=HORIZON - 1,
        )

    @api.model
    def _gifts_sql(self):
        """Return SQL of the products that programs give, each with its part.

        Who may choose between rewards or between products takes one of them.
        """
        return SQL(
            """
            SELECT reward.program_id, product.id AS product_id, template.categ_id,
                   reward.required_points,
                   reward.reward_product_qty
                       / COUNT(*) OVER (PARTITION BY reward.id)::float
                       / choice.rewards AS quantity
              FROM loyalty_reward reward
              JOIN (SELECT program_id, COUNT(*) AS rewards FROM loyalty_reward
                     WHERE active GROUP BY program_id) choice
                ON choice.program_id = reward.program_id
              JOIN product_product product
                ON product.id = reward.reward_product_id
                OR product.id IN (
                       SELECT product_product_id FROM product_tag_product_product_rel
                        WHERE product_tag_id = reward.reward_product_tag_id)
                OR product.product_tmpl_id IN (
                       SELECT product_template_id FROM product_tag_product_template_rel
                        WHERE product_tag_id = reward.reward_product_tag_id)
              JOIN product_template template ON template.id = product.product_tmpl_id
             WHERE reward.active AND reward.reward_type = 'product' AND product.active
            """
        )

    @api.model
    def _vouchers_sql(self):
        """Return SQL of all vouchers ever issued that give a product."""
        company = SQL("COALESCE(card.company_id, program.company_id)")
        today = self._by_company(company, lambda record: record._loyalty_today())
        return SQL(
            """
            SELECT card.id, card.program_id, %(company)s AS company_id,
                   %(today)s::date AS day, card.points,
                   card.expiration_date AS last_day, card.issued_at,
                   COALESCE(card.used_at, card.voided_at, %(over)s) AS ended_at,
                   card.used_at IS NOT NULL AS is_used,
                   card.active AND card.points > 0 AND card.voided_at IS NULL
                       AND (card.expiration_date IS NULL
                            OR card.expiration_date >= %(today)s::date) AS is_open
              FROM loyalty_card card
              JOIN loyalty_program program ON program.id = card.program_id
             WHERE card.issued_at IS NOT NULL
               AND card.program_id IN (SELECT program_id FROM gift)
               AND NOT COALESCE(%(wallet)s, FALSE)
            """,
            company=company,
            today=today,
            over=SQL(
                "((card.expiration_date + 1)::timestamp AT TIME ZONE %s"
                " AT TIME ZONE 'UTC')",
                self._by_company(company, lambda record: record._loyalty_timezone()),
            ),
            wallet=self.env["loyalty.program"]._nominative_sql(),
        )

    @api.model
    def _ended_sql(self):
        """Return SQL of how many vouchers left the table at each age, in weeks."""
        return SQL(
            """
            SELECT program_id, age, COUNT(*) AS ended,
                   COUNT(*) FILTER (WHERE is_used) AS uses
              FROM (SELECT program_id, is_used,
                           GREATEST(0, FLOOR(EXTRACT(EPOCH FROM
                               LEAST(ended_at, %(now)s) - issued_at) / 604800))::int
                               AS age
                      FROM voucher) seen
          GROUP BY program_id, age
            """,
            now=fields.Datetime.now(),
        )

    @api.model
    def _curve_sql(self):
        """Return SQL of the chance of use in each week of age, and of being open yet.

        Life table: who leaves unused within a week counts half of it.
        """
        return SQL(
            """
            SELECT program_id, age, hazard,
                   COALESCE(EXP(SUM(LN(1 - LEAST(hazard, 0.999999))) OVER (
                       PARTITION BY program_id ORDER BY age
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)), 1)
                       AS survival
              FROM (SELECT known.program_id, step.age,
                           COALESCE(SUM(ended.uses), 0) / NULLIF(
                               SUM(SUM(COALESCE(ended.ended, 0))) OVER (
                                   PARTITION BY known.program_id
                                   ORDER BY step.age DESC)
                               - (COALESCE(SUM(ended.ended), 0)
                                  - COALESCE(SUM(ended.uses), 0)) / 2.0, 0) AS chance
                      FROM (SELECT program_id, SUM(uses) AS uses FROM ended
                             GROUP BY program_id) known
                     CROSS JOIN GENERATE_SERIES(
                           0, (SELECT MAX(age) FROM ended) + %(horizon)s) step(age)
                      LEFT JOIN ended
                        ON ended.age = step.age
                       AND (ended.program_id = known.program_id
                            OR known.uses < %(own)s)
                  GROUP BY known.program_id, step.age) table_row,
                   LATERAL (SELECT LEAST(1, GREATEST(0, COALESCE(chance, 0)))::float
                                       AS hazard) bounded
            """,
            horizon=HORIZON,
            own=OWN_USES,
        )

    @api.model
    def _units_sql(self):
        """Return SQL of the open vouchers, those alike together."""
        return SQL(
            """
            SELECT voucher.program_id, voucher.company_id, voucher.day,
                   voucher.last_day, gift.product_id, gift.categ_id,
                   GREATEST(0, FLOOR(EXTRACT(EPOCH FROM
                       %s - voucher.issued_at) / 604800))::int AS age,
                   COUNT(*) AS vouchers,
                   SUM(FLOOR(voucher.points / gift.required_points) * gift.quantity)
                       AS quantity
              FROM voucher
              JOIN gift ON gift.program_id = voucher.program_id
                       AND gift.required_points <= voucher.points
             WHERE voucher.is_open
          GROUP BY 1, 2, 3, 4, 5, 6, 7
            """,
            fields.Datetime.now(),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the vouchers that are valid in the weeks of the rows."""
        cards = self.env["loyalty.card"]
        domain = Domain.OR(
            Domain("program_id", "=", row.program_id.id)
            & Domain("company_id", "in", [row.company_id.id, False])
            & (
                Domain("expiration_date", "=", False)
                | Domain("expiration_date", ">=", row.week)
            )
            for row in self
        )
        domain &= Domain("points", ">", 0) & Domain("issued_at", "!=", False)
        return {
            **self._open_action(cards, self.env._("Open Vouchers")),
            "domain": list(domain & Domain("voided_at", "=", False)),
        }
