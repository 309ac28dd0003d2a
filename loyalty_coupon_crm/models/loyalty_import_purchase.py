from odoo import api, models
from odoo.tools import SQL

from ..tools.import_reader import PURCHASE_COLUMNS

# What has to be the same on every line of one basket.
BASKET_COLUMNS = ("date", "customer_ref", "channel", "shop", "refund_of")


class LoyaltyImportPurchase(models.AbstractModel):
    """Purchases from another system: one row per line of a basket.

    A basket that was imported before is left alone, so a file may be imported again.
    """

    _name = "loyalty.import.purchase"
    _inherit = "loyalty.import.stage"
    _description = "Import of Purchases"

    @api.model
    def _columns(self):
        return PURCHASE_COLUMNS

    @api.model
    def _check(self, company, create_customers=False, create_products=False):
        self._match_customers(company)
        self._match_products(company)
        problems = self._check_matches("customer", create_customers)
        problems += self._check_matches("product", create_products)
        for column in BASKET_COLUMNS:
            problems += self._check_basket(column)
        return problems + self._check_refunds(company)

    def _match_customers(self, company):
        """Find each customer by reference, archived ones included."""
        self.env["res.partner"].flush_model(["ref", "company_id"])
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE loyalty_import_customer AS
                SELECT file.ref, file.line, file.name, COUNT(partner.id) AS found,
                       MIN(partner.id) AS record_id
                  FROM (SELECT customer_ref AS ref, MIN(line) AS line,
                               MAX(customer_name) AS name
                          FROM loyalty_import_line
                         WHERE customer_ref IS NOT NULL
                      GROUP BY customer_ref) file
             LEFT JOIN res_partner partner
                    ON partner.ref = file.ref
                   AND COALESCE(partner.company_id, %(company)s) = %(company)s
              GROUP BY file.ref, file.line, file.name
                """,
                company=company.id,
            )
        )

    def _match_products(self, company):
        """Find each product by internal reference or else by barcode."""
        self.env["product.product"].flush_model()
        self.env["product.template"].flush_model(["company_id"])
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE loyalty_import_product AS
                SELECT file.ref, file.line, file.name, file.category,
                       COUNT(product.id) AS found, MIN(product.id) AS record_id
                  FROM (SELECT product_ref AS ref, MIN(line) AS line,
                               MAX(product_name) AS name,
                               MAX(product_category) AS category
                          FROM loyalty_import_line
                         WHERE product_ref IS NOT NULL
                      GROUP BY product_ref) file
             LEFT JOIN (SELECT product.id, key.ref
                          FROM product_product product
                          JOIN product_template template
                            ON template.id = product.product_tmpl_id
                         CROSS JOIN LATERAL (
                               SELECT product.default_code AS ref
                                UNION SELECT product.barcode) key
                         WHERE COALESCE(template.company_id, %(company)s)
                               = %(company)s) product
                    ON product.ref = file.ref
              GROUP BY file.ref, file.line, file.name, file.category
                """,
                company=company.id,
            )
        )

    def _check_matches(self, what, may_create):
        """Return the references of customers or products that are not one record."""
        return self._problems(
            SQL(
                """
                SELECT line, %(column)s,
                       CASE found WHEN 0 THEN %(unknown)s ELSE %(several)s END, ref
                  FROM %(table)s
                 WHERE found > 1 OR (found = 0 AND NOT %(may_create)s)
              ORDER BY line
                """,
                column=f"{what}_ref",
                unknown=f"unknown_{what}",
                several=f"several_{what}s",
                table=SQL.identifier(f"loyalty_import_{what}"),
                may_create=may_create,
            )
        )

    def _check_basket(self, column):
        """Return the baskets whose lines do not agree."""
        value = SQL("COALESCE(%s::text, '')", SQL.identifier(column))
        return self._problems(
            SQL(
                """
                SELECT MAX(line), %(column)s, 'basket_differs', external_ref
                  FROM loyalty_import_line
              GROUP BY external_ref
                HAVING MIN(%(value)s) != MAX(%(value)s)
              ORDER BY 1
                """,
                column=column,
                value=value,
            )
        )

    def _check_refunds(self, company):
        """Return the refunds of a purchase that nobody knows."""
        return self._problems(
            SQL(
                """
                SELECT MIN(line), 'refund_of', 'unknown_refund', refund_of
                  FROM loyalty_import_line refund
                 WHERE refund_of IS NOT NULL
                   AND NOT EXISTS (SELECT FROM loyalty_import_line line
                                    WHERE line.external_ref = refund.refund_of
                                      AND line.refund_of IS NULL)
                   AND NOT EXISTS (SELECT FROM loyalty_purchase known
                                    WHERE known.external_ref = refund.refund_of
                                      AND known.company_id = %s)
              GROUP BY refund_of
              ORDER BY 1
                """,
                company.id,
            )
        )

    @api.model
    def _prepare(self, company):
        counts = {
            "customers": self.env["loyalty.import.record"]._create_customers(company),
            "products": self.env["loyalty.import.record"]._create_products(company),
        }
        self.env["loyalty.purchase"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMP TABLE loyalty_import_basket AS
                SELECT basket.*, ROW_NUMBER() OVER (
                           ORDER BY refund_of IS NOT NULL, date, external_ref) AS place,
                       nextval('loyalty_purchase_id_seq')::integer AS id
                  FROM (SELECT external_ref, MIN(date) AS date,
                               MIN(customer_ref) AS customer_ref,
                               MIN(channel) AS channel, MIN(shop) AS shop,
                               MIN(refund_of) AS refund_of,
                               ROUND(SUM(amount), %(digits)s) AS amount,
                               ROUND(SUM(COALESCE(discount, 0)), %(digits)s)
                                   AS discount,
                               CASE WHEN BOOL_AND(cost IS NOT NULL)
                                    THEN ROUND(SUM(amount) - SUM(cost), %(digits)s)
                               END AS margin
                          FROM loyalty_import_line
                      GROUP BY external_ref) basket
                 WHERE NOT EXISTS (
                       SELECT FROM loyalty_purchase known
                        WHERE known.company_id = %(company)s
                          AND known.external_ref = basket.external_ref)
                """,
                digits=company.currency_id.decimal_places,
                company=company.id,
            )
        )
        self.env.cr.execute(SQL("CREATE INDEX ON loyalty_import_basket (external_ref)"))
        self.env.cr.execute(SQL("ANALYZE loyalty_import_basket"))
        [(total, read)] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT COUNT(*) FROM loyalty_import_basket),
                       (SELECT COUNT(DISTINCT external_ref) FROM loyalty_import_line)
                """
            )
        )
        return {**counts, "total": total, "known": read - total}

    @api.model
    def _write_batch(self, company, start, size):
        here = SQL("basket.place > %s AND basket.place <= %s", start, start + size)
        self._write_purchases(company, here)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_purchase_line
                       (purchase_id, product_id, categ_id, quantity, amount, cost)
                SELECT basket.id, product.id, template.categ_id,
                       COALESCE(line.quantity, 1), ROUND(line.amount, %(digits)s),
                       ROUND(line.cost, %(digits)s)
                  FROM loyalty_import_basket basket
                  JOIN loyalty_import_line line
                    ON line.external_ref = basket.external_ref
             LEFT JOIN loyalty_import_product file ON file.ref = line.product_ref
             LEFT JOIN product_product product ON product.id = file.record_id
             LEFT JOIN product_template template
                    ON template.id = product.product_tmpl_id
                 WHERE %(here)s
              ORDER BY basket.id, line.line
                """,
                digits=company.currency_id.decimal_places,
                here=here,
            )
        )
        self.env["loyalty.purchase"].invalidate_model()
        [(left,)] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM loyalty_import_basket basket WHERE %s", here)
        )
        return left

    def _write_purchases(self, company, here):
        """Write purchases; each is the document that redemptions of it point at."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_purchase
                       (id, partner_id, commercial_partner_id, company_id, date,
                        amount, amount_total, discount_amount, margin, channel, shop,
                        order_model, order_id, external_ref, reversal_of_id)
                SELECT basket.id, partner.id, partner.commercial_partner_id,
                       %(company)s, basket.date, basket.amount, basket.amount,
                       basket.discount, basket.margin,
                       COALESCE(basket.channel, 'import'), basket.shop,
                       'loyalty.purchase', basket.id, basket.external_ref,
                       COALESCE(origin.id, known.id)
                  FROM loyalty_import_basket basket
             LEFT JOIN loyalty_import_customer file ON file.ref = basket.customer_ref
             LEFT JOIN res_partner partner ON partner.id = file.record_id
             LEFT JOIN loyalty_import_basket origin
                    ON origin.external_ref = basket.refund_of
             LEFT JOIN loyalty_purchase known
                    ON known.external_ref = basket.refund_of
                   AND known.company_id = %(company)s
                 WHERE %(here)s
              ORDER BY basket.place
                """,
                company=company.id,
                here=here,
            )
        )
