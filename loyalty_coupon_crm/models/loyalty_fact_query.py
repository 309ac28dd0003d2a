from odoo import api, models
from odoo.tools import SQL

WALLET_TYPES = ("loyalty", "ewallet", "gift_card")
COUPON_TYPES = ("coupons", "next_order_coupons")


class LoyaltyFactQuery(models.AbstractModel):
    """SQL that says what counts of facts after their corrections and reversals.

    Reports and daily figures share it, so that they cannot disagree. `only` restricts
    a query to some rows: SQL of a query of ids, empty for all of them.
    """

    _name = "loyalty.fact.query"
    _description = "Queries of Facts"

    @api.model
    def _by_company(self, column, value):
        """Return SQL that gives each row the value of its company.

        :param column: SQL of the company's id; rows without one count as the current
            company's
        :param value: function of a `res.company` record
        """
        companies = self.env["res.company"]._loyalty_all()
        values = {company.id: value(company) for company in companies}
        default = values[self.env.company.id]
        others = {key: val for key, val in values.items() if val != default}
        if not others:
            return SQL("%s", default)
        cases = SQL(" ").join(
            SQL("WHEN %s THEN %s", key, val) for key, val in others.items()
        )
        return SQL("CASE %s %s ELSE %s END", column, cases, default)

    @api.model
    def _issued_sql(self):
        """Return the condition that a card is a coupon that was issued.

        Replaced ones count as the one that replaced them. `card` and `program` are the
        rows it is about.
        """
        return SQL(
            """
            card.issued_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM loyalty_card newer
                             WHERE newer.reissued_from_id = card.id)
            AND (program.program_type IN %(coupons)s
                 OR (card.campaign_id IS NOT NULL
                     AND program.program_type NOT IN %(wallets)s))
            """,
            coupons=COUPON_TYPES,
            wallets=WALLET_TYPES,
        )

    @api.model
    def _local(self, moment, company):
        """Return SQL of a moment in the time zone of its company.

        :param moment: SQL of a timestamp in UTC
        :param company: SQL of the company's id
        """
        zone = self._by_company(company, lambda record: record._loyalty_timezone())
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)", moment, zone)

    @api.model
    def _among(self, column, only):
        """Return the condition that a column is one of some ids, empty for all."""
        return SQL("AND %s IN (%s)", column, only) if only else SQL()

    @api.model
    def _live_uses(self, only=None):
        """Return SQL of the uses that count: reversed ones are gone, others are net.

        A use is gone when none of its points is left; one that took no points, when
        none of its discount and its goods is. It has the columns of
        `loyalty.redemption`.
        """
        return SQL(
            """
            SELECT use.id, use.card_id, use.program_id, use.campaign_id,
                   use.partner_id, use.company_id, use.channel, use.shop, use.user_id,
                   use.order_model, use.order_id, use.date,
                   COALESCE(use.points, 0) + COALESCE(back.points, 0) AS points,
                   COALESCE(use.discount_amount, 0)
                       + COALESCE(back.discount_amount, 0) AS discount_amount,
                   COALESCE(use.goods_cost, 0)
                       + COALESCE(back.goods_cost, 0) AS goods_cost,
                   COALESCE(use.order_amount, 0)
                       + COALESCE(back.order_amount, 0) AS order_amount
              FROM loyalty_redemption use
              LEFT JOIN (SELECT reversal_of_id, SUM(points) AS points,
                                SUM(discount_amount) AS discount_amount,
                                SUM(goods_cost) AS goods_cost,
                                SUM(order_amount) AS order_amount
                           FROM loyalty_redemption
                          WHERE reversal_of_id IS NOT NULL %(backs)s
                          GROUP BY reversal_of_id) back
                ON back.reversal_of_id = use.id
             WHERE use.reversal_of_id IS NULL %(uses)s
               AND (back.reversal_of_id IS NULL
                 OR ABS(COALESCE(use.points, 0) + COALESCE(back.points, 0)) >= 0.005
                 OR COALESCE(use.points, 0) = 0
                AND ABS(COALESCE(use.discount_amount, 0)
                        + COALESCE(back.discount_amount, 0))
                  + ABS(COALESCE(use.goods_cost, 0)
                        + COALESCE(back.goods_cost, 0)) >= 0.005)
            """,
            backs=self._among(SQL("reversal_of_id"), only),
            uses=self._among(SQL("use.id"), only),
        )

    @api.model
    def _uses_per_document(self, only=None):
        """Return SQL of how many live uses a document has, for sharing its amount."""
        return SQL(
            """
            SELECT live.order_model, live.order_id, COUNT(*) AS uses
              FROM (%s) live
             WHERE live.order_model IS NOT NULL
             GROUP BY live.order_model, live.order_id
            """,
            self._live_uses(only),
        )

    @api.model
    def _same_document(self, alias):
        """Return SQL of the ids of all uses on the document of a row.

        :param alias: name of the row, which has `order_model` and `order_id`
        """
        return SQL(
            "SELECT same.id FROM loyalty_redemption same"
            " WHERE same.order_model = %(row)s.order_model"
            " AND same.order_id = %(row)s.order_id",
            row=SQL.identifier(alias),
        )

    @api.model
    def _counts_sql(self):
        """Return the condition that rows of one document are a purchase.

        As the figures of customers count them: of an order that was edited and refunded
        in full, rows are left that bring each other to zero.
        """
        return SQL(
            """
            (SUM(row.amount) > 0
             OR (BOOL_AND(row.is_nothing) AND COUNT(*) > SUM(row.reversals)))
            """
        )

    @api.model
    def _document_date_sql(self):
        """Return SQL of the moment of a document: of its first row that sold."""
        return SQL(
            "COALESCE(MIN(row.date) FILTER (WHERE row.amount > 0), MIN(row.date))"
        )

    @api.model
    def _documents(self, rows=None):
        """Return SQL of one row per document, or per purchase that has none.

        `is_counted` tells a purchase from what is left of one that was undone; `margin`
        is empty when the cost of any of it is unknown.

        :param rows: name of a query of rows of `loyalty_purchase`, with all rows of a
            document or none, and without reversals; all of them by default
        """
        return SQL(
            """
            SELECT row.order_model, row.order_id,
                   MIN(row.commercial_partner_id) AS customer_id, row.company_id,
                   %(date)s AS date, SUM(row.amount) AS amount,
                   SUM(row.discount_amount) AS discount_amount,
                   CASE WHEN COUNT(row.margin) = COUNT(*) THEN SUM(row.margin) END
                       AS margin,
                   %(counts)s AS is_counted
              FROM (%(rows)s) row
             GROUP BY row.order_model, row.order_id, row.company_id
            """,
            date=self._document_date_sql(),
            counts=self._counts_sql(),
            rows=self._live_purchases(rows=rows),
        )

    @api.model
    def _rows_of_span(self, company):
        """Return SQL of the purchases of customers since a day, without refunds.

        With all rows of their documents: an order is of the moment of the first row of
        which something is left, be it one before that day. `span` is a query with
        `customer_id` and `reach`, the first moment that counts.

        :param company: `res.company` record
        """
        return SQL(
            """
            WITH late AS MATERIALIZED (
                SELECT row.* FROM loyalty_purchase row
                 WHERE row.company_id = %(company)s
                   AND row.reversal_of_id IS NULL
                   AND row.date >= (SELECT MIN(reach) FROM span)
                   AND row.commercial_partner_id IN (SELECT customer_id FROM span))
            SELECT * FROM late
             UNION ALL
            SELECT other.*
              FROM (SELECT DISTINCT order_model, order_id FROM late
                     WHERE order_id <> 0) document
              JOIN loyalty_purchase other
                ON other.order_model = document.order_model
               AND other.order_id = document.order_id
             WHERE other.company_id = %(company)s
               AND other.reversal_of_id IS NULL
               AND NOT EXISTS (SELECT FROM late WHERE late.id = other.id)
            """,
            company=company.id,
        )

    @api.model
    def _baskets(self, only=None):
        """Return SQL of one row per document that is a purchase.

        :param only: must have all rows of a document, or none
        """
        return SQL(
            """
            SELECT MIN(row.id) AS id, row.order_model, row.order_id,
                   MIN(row.commercial_partner_id) AS customer_id, row.company_id,
                   MIN(row.channel) AS channel, MIN(row.shop) AS shop,
                   %(date)s AS date, SUM(row.amount) AS amount,
                   SUM(row.discount_amount) AS discount_amount
              FROM (%(rows)s) row
             GROUP BY row.order_model, row.order_id, row.company_id
            HAVING %(counts)s
            """,
            date=self._document_date_sql(),
            counts=self._counts_sql(),
            rows=self._live_purchases(only),
        )

    @api.model
    def _live_purchases(self, only=None, rows=None):
        """Return SQL of the purchase rows, net of refunds.

        A purchase without a document is its own document.

        :param rows: name of a query of the rows to take, in place of `only`
        """
        source = SQL.identifier(rows or self.env["loyalty.purchase"]._table)
        if rows:
            only = SQL("SELECT id FROM %s", source)
        return SQL(
            """
            SELECT row.id, row.commercial_partner_id, row.company_id, row.date,
                   row.channel, row.shop,
                   COALESCE(row.order_model, 'loyalty.purchase') AS order_model,
                   COALESCE(NULLIF(row.order_id, 0), row.id) AS order_id,
                   COALESCE(row.amount, 0) + COALESCE(back.amount, 0) AS amount,
                   COALESCE(row.discount_amount, 0)
                       + COALESCE(back.discount_amount, 0) AS discount_amount,
                   CASE WHEN back.reversal_of_id IS NULL THEN row.margin
                        WHEN back.margins = back.reversals
                        THEN row.margin + back.margin END AS margin,
                   COALESCE(row.amount, 0) = 0
                       AND COALESCE(back.is_nothing, TRUE) AS is_nothing,
                   COALESCE(back.reversals, 0) AS reversals
              FROM %(source)s row
              LEFT JOIN (SELECT reversal_of_id, SUM(amount) AS amount,
                                SUM(discount_amount) AS discount_amount,
                                BOOL_AND(COALESCE(amount, 0) = 0) AS is_nothing,
                                SUM(margin) AS margin, COUNT(margin) AS margins,
                                COUNT(*) AS reversals
                           FROM loyalty_purchase
                          WHERE reversal_of_id IS NOT NULL %(backs)s
                          GROUP BY reversal_of_id) back
                ON back.reversal_of_id = row.id
             WHERE row.reversal_of_id IS NULL %(rows)s
            """,
            source=source,
            backs=self._among(SQL("reversal_of_id"), only),
            rows=SQL() if rows else self._among(SQL("row.id"), only),
        )
