from odoo import api, models
from odoo.tools import SQL

from .loyalty_fact_query import WALLET_TYPES

# Which figure a movement belongs to; a reversal belongs where what it reverses does.
POINT_GROUPS = {
    "points_issued": ("opening", "issue"),
    "points_earned": ("earn",),
    "points_spent": ("spend",),
    "points_lapsed": ("expire", "void"),
    "points_adjusted": ("adjust", "transfer", "loss"),
}
TAKEN = ("points_spent", "points_lapsed")
KEYS = ("company_id", "day", "channel", "shop", "program_id")
COUNTS = (
    "purchase_count",
    "coupon_purchase_count",
    "use_count",
    "reversal_count",
    "refusal_count",
    "issued_count",
    "used_count",
    "move_count",
    "row_count",
    "sale_count",
)
MONEY = (
    "amount",
    "coupon_amount",
    "discount_amount",
    "coupon_discount",
    "use_discount",
    "goods_cost",
    "row_amount",
    "row_discount",
)
POINTS = (*POINT_GROUPS, "points_change")
MEASURES = (*COUNTS, *MONEY, *POINTS)


class LoyaltyDailyQuery(models.AbstractModel):
    """SQL that computes the figures of some days, said by a scope, from the facts."""

    _name = "loyalty.daily.query"
    _inherit = "loyalty.daily.scope"
    _description = "Queries of Daily Figures"

    @api.model
    def _replace_rows(self, table, columns, query, removed):
        """Write rows of added-up days anew.

        :param table: empty recordset of the rows' model
        :param columns: names of the columns that the query gives, in its order
        :param query: SQL of the new rows
        :param removed: SQL condition on the rows that go, as `kept`
        """
        name = SQL.identifier(table._table)
        self.env.cr.execute(SQL("DELETE FROM %s kept WHERE %s", name, removed))
        names = SQL(", ").join(map(SQL.identifier, columns))
        self.env.cr.execute(SQL("INSERT INTO %s (%s) %s", name, names, query))
        table.invalidate_model()

    @api.model
    def _figures_sql(self, scope):
        """Return SQL of the figures of the days of a scope: `KEYS` and `MEASURES`."""
        parts = [
            self._purchase_part(scope),
            self._row_part(scope),
            self._use_part(scope),
            self._reversal_part(scope),
            self._refusal_part(scope),
            self._coupon_part(scope),
            self._points_part(scope),
        ]
        sums = [
            SQL(
                "COALESCE(SUM(%(name)s), 0)%(cast)s AS %(name)s",
                name=SQL.identifier(name),
                cast=SQL("::integer") if name in COUNTS else SQL(),
            )
            for name in MEASURES
        ]
        return SQL(
            "SELECT %(keys)s, %(sums)s FROM (%(parts)s) part GROUP BY %(keys)s",
            keys=SQL(", ").join(map(SQL.identifier, KEYS)),
            sums=SQL(", ").join(sums),
            parts=SQL(" UNION ALL ").join(parts),
        )

    @api.model
    def _customers_sql(self, scope):
        """Return SQL of who bought on the days of a scope, and where."""
        return SQL(
            """
            SELECT DISTINCT basket.company_id, %(day)s AS day, basket.shop,
                   basket.customer_id AS partner_id
              FROM (%(baskets)s) basket
             WHERE basket.customer_id IS NOT NULL AND %(here)s
            """,
            **self._basket_parts(scope),
        )

    @api.model
    def _part(self, measures, day, source, **keys):
        """Return the query of one kind of fact, in the columns of all of them."""
        types = dict.fromkeys(COUNTS, "integer") | dict.fromkeys(MONEY, "numeric")
        columns = [
            SQL("%s AS company_id, %s AS day", keys["company_id"], day),
            *(
                SQL(
                    "%s::%s AS %s",
                    keys.get(name, SQL("NULL")),
                    SQL("integer" if name == "program_id" else "varchar"),
                    SQL.identifier(name),
                )
                for name in KEYS[2:]
            ),
            *(
                SQL(
                    "%s::%s AS %s",
                    measures.get(name, SQL("NULL")),
                    SQL(types.get(name, "double precision")),
                    SQL.identifier(name),
                )
                for name in MEASURES
            ),
        ]
        return SQL("SELECT %s %s", SQL(", ").join(columns), source)

    @api.model
    def _fact_keys(self, alias, *names):
        return {name: SQL.identifier(alias, name) for name in ("company_id", *names)}

    @api.model
    def _document_rows(self, scope):
        """Return SQL of the ids of purchases near a scope with all their document's."""
        if scope.get("spans") is None:
            return SQL()
        # The index begins with the company.
        everywhere = self.env["res.company"]._loyalty_all().ids
        near = SQL(
            "hit.company_id = ANY(%s) AND %s",
            everywhere,
            self._is_near(SQL("hit.date"), scope),
        )
        return SQL(
            """
            SELECT hit.id FROM loyalty_purchase hit WHERE %(near)s
             UNION
            SELECT same.id
              FROM loyalty_purchase hit
              JOIN loyalty_purchase same ON same.order_model = hit.order_model
                                        AND same.order_id = hit.order_id
             WHERE %(near)s AND hit.order_id > 0 AND same.order_id > 0
            """,
            near=near,
        )

    @api.model
    def _document_uses(self, scope):
        """Return SQL of the ids of uses on purchases near a scope."""
        if scope.get("spans") is None:
            return SQL()
        return SQL(
            """
            SELECT used.id
              FROM loyalty_purchase hit
              JOIN loyalty_redemption used
                ON used.order_model = COALESCE(hit.order_model, 'loyalty.purchase')
               AND used.order_id = COALESCE(NULLIF(hit.order_id, 0), hit.id)
             WHERE hit.id IN (%s) AND used.order_id > 0
            """,
            self._document_rows(scope),
        )

    @api.model
    def _basket_parts(self, scope):
        company = SQL("basket.company_id")
        day = self._day(SQL("basket.date"), company)
        return {
            "baskets": self._baskets(self._document_rows(scope)),
            "day": day,
            "here": self._is_in(day, company, scope),
        }

    @api.model
    def _purchase_part(self, scope):
        parts = self._basket_parts(scope)
        day = parts.pop("day")
        source = SQL(
            """
              FROM (%(baskets)s) basket
              LEFT JOIN (%(used)s) redeemed
                ON redeemed.order_model = basket.order_model
               AND redeemed.order_id = basket.order_id
             WHERE %(here)s
            """,
            used=self._uses_per_document(self._document_uses(scope)),
            **parts,
        )
        with_coupon = SQL("redeemed.uses IS NOT NULL")
        measures = {
            "purchase_count": SQL("1"),
            "coupon_purchase_count": SQL("(%s)::int", with_coupon),
            "amount": SQL("basket.amount"),
            "coupon_amount": SQL("CASE WHEN %s THEN basket.amount END", with_coupon),
            "discount_amount": SQL("basket.discount_amount"),
            "coupon_discount": SQL(
                "CASE WHEN %s THEN basket.discount_amount END", with_coupon
            ),
        }
        keys = self._fact_keys("basket", "channel", "shop")
        return self._part(measures, day, source, **keys)

    @api.model
    def _row_part(self, scope):
        """Return SQL of the rows of purchases, refunds and edits on their own day."""
        day = self._day(SQL("row.date"), SQL("row.company_id"))
        # The index begins with the company.
        source = SQL(
            "FROM loyalty_purchase row WHERE row.company_id = ANY(%s) AND %s AND %s",
            self.env["res.company"]._loyalty_all().ids,
            self._is_near(SQL("row.date"), scope),
            self._is_in(day, SQL("row.company_id"), scope),
        )
        measures = {
            "row_count": SQL("1"),
            "sale_count": SQL("(row.reversal_of_id IS NULL AND row.amount >= 0)::int"),
            "row_amount": SQL("row.amount"),
            "row_discount": SQL("row.discount_amount"),
        }
        keys = self._fact_keys("row", "channel", "shop")
        return self._part(measures, day, source, **keys)

    @api.model
    def _use_part(self, scope):
        day = self._day(SQL("live.date"), SQL("live.company_id"))
        source = SQL(
            "FROM (%s) live WHERE %s",
            self._live_uses(self._near_ids("loyalty_redemption", scope)),
            self._is_in(day, SQL("live.company_id"), scope),
        )
        measures = {
            "use_count": SQL("1"),
            "use_discount": SQL("live.discount_amount"),
            "goods_cost": SQL("live.goods_cost"),
        }
        keys = self._fact_keys("live", "channel", "shop", "program_id")
        return self._part(measures, day, source, **keys)

    @api.model
    def _reversal_part(self, scope):
        day = self._day(SQL("back.date"), SQL("back.company_id"))
        source = SQL(
            """
              FROM loyalty_redemption back
             WHERE back.reversal_of_id IS NOT NULL
               AND (COALESCE(back.points, 0) < 0
                 OR COALESCE(back.points, 0) = 0
                AND COALESCE(back.discount_amount, 0) < 0)
               AND %s AND %s
            """,
            self._is_near(SQL("back.date"), scope),
            self._is_in(day, SQL("back.company_id"), scope),
        )
        keys = self._fact_keys("back", "channel", "shop", "program_id")
        return self._part({"reversal_count": SQL("1")}, day, source, **keys)

    @api.model
    def _refusal_part(self, scope):
        day = self._day(SQL("refusal.date"), SQL("refusal.company_id"))
        source = SQL(
            "FROM loyalty_refusal refusal WHERE %s AND %s",
            self._is_near(SQL("refusal.date"), scope),
            self._is_in(day, SQL("refusal.company_id"), scope),
        )
        keys = self._fact_keys("refusal", "channel", "shop", "program_id")
        return self._part({"refusal_count": SQL("1")}, day, source, **keys)

    @api.model
    def _coupon_part(self, scope):
        """Return SQL of the coupons by day of issue, and how many of them are used up.

        As the funnel counts them: a replaced coupon counts as its replacement.
        """
        company = SQL("COALESCE(card.company_id, campaign.company_id)")
        day = self._day(SQL("card.issued_at"), company)
        source = SQL(
            """
              FROM loyalty_card card
              JOIN loyalty_program program ON program.id = card.program_id
              LEFT JOIN loyalty_campaign campaign ON campaign.id = card.campaign_id
             WHERE %(issued)s
               AND %(near)s AND %(here)s
            """,
            issued=self._issued_sql(),
            near=self._is_near(SQL("card.issued_at"), scope),
            here=self._is_in(day, company, scope),
        )
        state = self.env["loyalty.card"]._state_sql("card")
        measures = {
            "issued_count": SQL("1"),
            "used_count": SQL("(%s = 'used')::int", state),
        }
        keys = {"company_id": company, "program_id": SQL("card.program_id")}
        return self._part(measures, day, source, **keys)

    @api.model
    def _points_part(self, scope):
        """Return SQL of the points moved, at the shop of their document.

        `points_change` is what the positive balances rose by.
        """
        day = self._day(SQL("move.date"), SQL("move.company_id"))
        kind = SQL(
            """CASE WHEN move.kind != 'reverse' THEN move.kind
                    WHEN origin.id IS NOT NULL THEN origin.kind
                    WHEN move.points > 0 THEN 'spend' ELSE 'earn' END"""
        )
        near = self._is_near(SQL("move.date"), scope)
        source = SQL(
            """
              FROM loyalty_point_move move
              LEFT JOIN loyalty_point_move origin
                ON origin.id = move.reversal_of_id AND move.kind = 'reverse'
              LEFT JOIN (%(risen)s) risen ON risen.id = move.id
              LEFT JOIN (SELECT order_model, order_id, MIN(channel) AS channel,
                                MIN(shop) AS shop
                           FROM loyalty_purchase
                          WHERE order_id > 0 %(documents)s
                          GROUP BY order_model, order_id) bought
                ON bought.order_model = move.order_model
               AND bought.order_id = move.order_id
             WHERE move.program_id IN (SELECT id FROM loyalty_program
                                        WHERE program_type IN %(wallets)s)
               AND %(near)s AND %(here)s
            """,
            documents=SQL()
            if scope.get("spans") is None
            else SQL(
                """
                AND (order_model, order_id) IN (
                    SELECT move.order_model, move.order_id FROM loyalty_point_move move
                     WHERE %s AND move.order_id > 0)
                """,
                near,
            ),
            risen=self._risen_sql(scope),
            wallets=WALLET_TYPES,
            near=near,
            here=self._is_in(day, SQL("move.company_id"), scope),
        )
        measures = {
            name: SQL(
                "CASE WHEN %s IN %s THEN %s END",
                kind,
                kinds,
                SQL("-move.points") if name in TAKEN else SQL("move.points"),
            )
            for name, kinds in POINT_GROUPS.items()
        }
        measures["points_change"] = SQL("COALESCE(risen.rise, move.points)")
        measures["move_count"] = SQL("1")
        keys = {
            **self._fact_keys("move", "program_id"),
            "channel": SQL("bought.channel"),
            "shop": SQL("bought.shop"),
        }
        return self._part(measures, day, source, **keys)

    @api.model
    def _risen_sql(self, scope):
        """Return SQL of how far movements raised a balance above zero: `id`, `rise`.

        Only of cards that were below zero once: of all others it is what was moved.
        Nothing but awards is ever dated back, and they lower no balance: the cards that
        were below zero in the order of writing are all that were by date.
        """
        cards = SQL()
        if scope.get("spans") is not None:
            cards = SQL(
                "AND below.card_id IN (SELECT card_id FROM loyalty_point_move"
                " WHERE %s)",
                self._is_near(SQL("date"), scope),
            )
        return SQL(
            """
            SELECT step.id,
                   (GREATEST(step.after, 0)
                    - GREATEST(step.after - step.points, 0))::float8 AS rise
              FROM (SELECT DISTINCT below.card_id FROM loyalty_point_move below
                     WHERE below.balance_after < 0 %s) card
              -- The movements of few cards, each found by the index.
             CROSS JOIN LATERAL (
                   SELECT row.id, ROUND(row.points::numeric, 2) AS points,
                          SUM(ROUND(row.points::numeric, 2)) OVER (
                              ORDER BY row.date, row.id) AS after
                     FROM loyalty_point_move row
                    WHERE row.card_id = card.card_id) step
            """,
            cards,
        )
