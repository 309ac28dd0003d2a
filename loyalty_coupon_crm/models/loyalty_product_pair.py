from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.planner import without_nested_loops

# So many baskets or customers must have both products before we speak of a pair.
FEWEST_BOTH = 3
PAIRS_EACH = 20
# So many products of a basket or customer make pairs, those bought most often: more
# would be millions of pairs.
MOST_PRODUCTS = 50


class LoyaltyProductPair(models.Model):
    """Two products that are bought together, or by the same customers.

    Computed every night from the purchases of the RFM window, the strongest pairs of
    each product. Refunded purchases and products given free do not count.
    """

    _name = "loyalty.product.pair"
    _description = "Products Bought Together"
    _log_access = False
    _rec_name = "product_id"
    _order = "product_id, kind, strength desc, id"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    other_id = fields.Many2one(
        "product.product", string="Goes with", required=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [("basket", "In one purchase"), ("customer", "By the same customers")],
        required=True,
    )
    both_count = fields.Integer(
        string="Both", help="Purchases, or customers, with both products."
    )
    product_count = fields.Integer(
        string="With the First", help="Purchases, or customers, with the first product."
    )
    confidence = fields.Float(
        aggregator="avg", help="With both ÷ with the first product."
    )
    lift = fields.Float(
        aggregator="avg",
        help="That share ÷ the share of the other product among all purchases or "
        "customers: above 1, the first product makes the other one likelier.",
    )
    strength = fields.Float(
        aggregator="avg",
        help="With both ÷ the root of with the first × with the other (cosine): 1 when "
        "they are always together.",
    )

    _product_index = models.Index("(company_id, kind, product_id)")

    @api.model
    def _cron_refresh_pairs(self):
        """Compute the pairs of every company."""
        self.env["res.company"]._loyalty_each_night(self._refresh)

    @api.model
    def _refresh(self, company):
        """Compute the pairs of a company anew, in one statement.

        :param company: `res.company` record
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL("DELETE FROM loyalty_product_pair WHERE company_id = %s", company.id)
        )
        with without_nested_loops(self.env.cr):
            self.env.cr.execute(self._pairs_sql(company))
        self.invalidate_model()

    @api.model
    def _pairs_sql(self, company):
        """Return SQL that writes the strongest pairs of each product."""
        return SQL(
            """
            WITH bought AS (%(bought)s),
            item AS (
                SELECT 'customer' AS kind, partner_id AS key, product_id,
                       COUNT(*) AS times
                  FROM bought WHERE partner_id IS NOT NULL GROUP BY 2, 3
                 UNION ALL
                SELECT 'basket', basket, product_id, 1 FROM bought),
            narrow AS (
                SELECT kind, key, product_id
                  FROM (SELECT item.*, ROW_NUMBER() OVER (
                                   PARTITION BY kind, key
                                   ORDER BY times DESC, product_id) AS place
                          FROM item) ranked
                 WHERE place <= %(most)s),
            size AS (
                SELECT kind, COUNT(DISTINCT key)::float AS keys
                  FROM narrow GROUP BY 1),
            single AS (
                SELECT kind, product_id, COUNT(*) AS keys
                  FROM narrow GROUP BY 1, 2),
            common AS (
                SELECT narrow.* FROM narrow
                  JOIN single USING (kind, product_id)
                 WHERE single.keys >= %(fewest)s),
            pair AS (
                SELECT one.kind, one.product_id, other.product_id AS other_id,
                       COUNT(*) AS keys
                  FROM common one
                  JOIN common other ON other.kind = one.kind
                                   AND other.key = one.key
                                   AND other.product_id != one.product_id
                 GROUP BY 1, 2, 3 HAVING COUNT(*) >= %(fewest)s)
            INSERT INTO loyalty_product_pair
                   (company_id, product_id, other_id, kind, both_count,
                    product_count, confidence, lift, strength)
            SELECT %(company)s, product_id, other_id, kind, together, one,
                   confidence, lift, strength
              FROM (SELECT pair.product_id, pair.other_id, pair.kind,
                           pair.keys AS together, one.keys AS one,
                           pair.keys::float / one.keys AS confidence,
                           pair.keys * size.keys / (one.keys * other.keys) AS lift,
                           pair.keys / SQRT(one.keys * other.keys) AS strength,
                           ROW_NUMBER() OVER (
                               PARTITION BY pair.kind, pair.product_id
                               ORDER BY pair.keys
                                        / SQRT(one.keys * other.keys) DESC,
                                        pair.other_id) AS place
                      FROM pair
                      JOIN size ON size.kind = pair.kind
                      JOIN single one ON one.kind = pair.kind
                                     AND one.product_id = pair.product_id
                      JOIN single other ON other.kind = pair.kind
                                       AND other.product_id = pair.other_id) ranked
             WHERE place <= %(each)s
            """,
            bought=self._bought_sql(company),
            most=MOST_PRODUCTS,
            fewest=FEWEST_BOTH,
            each=PAIRS_EACH,
            company=company.id,
        )

    @api.model
    def _bought_sql(self, company):
        """Return SQL of the products left of each purchase, edits and refunds counted.

        Columns: partner_id, basket (a number of the document), product_id.
        """
        start = fields.Date.subtract(
            company._loyalty_today(), months=company.loyalty_rfm_months
        )
        return SQL(
            """
            WITH fact AS (
                SELECT row.id, row.amount, origin.commercial_partner_id AS partner_id,
                       COALESCE(origin.order_model || ',' || NULLIF(origin.order_id, 0),
                                'row,' || origin.id) AS document
                  FROM loyalty_purchase row
                  JOIN loyalty_purchase origin
                    ON origin.id = COALESCE(row.reversal_of_id, row.id)
                 WHERE row.company_id = %(company)s AND origin.date >= %(start)s),
            live AS (
                SELECT document, MIN(id) AS basket, MIN(partner_id) AS partner_id
                  FROM fact GROUP BY document HAVING SUM(amount) > 0)
            SELECT live.partner_id, live.basket, line.product_id
              FROM live
              JOIN fact ON fact.document = live.document
              JOIN loyalty_purchase_line line ON line.purchase_id = fact.id
             WHERE line.product_id IS NOT NULL
          GROUP BY 1, 2, 3
            HAVING SUM(line.quantity) > 0 AND SUM(line.amount) > 0
            """,
            company=company.id,
            start=company._loyalty_day_start(start),
        )

    @api.model
    def _recommend(self, company, products, kind, limit=5):
        """Return what goes best with products, and because of which of them.

        :param company: `res.company` record
        :param products: `product.product` records, those bought or on the order
        :param kind: "basket" or "customer"
        :return: list of pairs of `product.product` records, the best first; products
            that are not sold or that the user may not read are left out
        """
        if not products.ids:
            return []
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT other_id, (ARRAY_AGG(product_id ORDER BY strength DESC,
                                            product_id))[1]
                  FROM loyalty_product_pair
                 WHERE company_id = %(company)s AND kind = %(kind)s
                   AND product_id = ANY(%(products)s)
                   AND other_id != ALL(%(products)s)
              GROUP BY other_id
              ORDER BY SUM(strength) DESC, other_id LIMIT %(limit)s
                """,
                company=company.id,
                kind=kind,
                products=products.ids,
                limit=limit * 4,
            )
        )
        found = self.env["product.product"].browse(row[0] for row in rows)
        offered = found._filtered_access("read").filtered(
            lambda product: (
                product.sale_ok
                and product.active
                and (not product.company_id or product.company_id == company)
            )
        )
        return [
            (found.browse(other), found.browse(reason))
            for other, reason in rows
            if other in offered._ids
        ][:limit]
