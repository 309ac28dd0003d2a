from odoo import api, fields, models
from odoo.tools import SQL

from .loyalty_panel_mixin import READERS


class LoyaltyRecommendMixin(models.AbstractModel):
    """A record that shows what its customer may like, with the reason in words."""

    _name = "loyalty.recommend.mixin"
    _description = "Product Recommendations"

    loyalty_recommended_ids = fields.Many2many(
        "product.product",
        string="Recommended Products",
        compute="_compute_loyalty_recommended_ids",
        groups=READERS,
    )
    loyalty_recommended_text = fields.Text(
        string="Why",
        compute="_compute_loyalty_recommended_ids",
        groups=READERS,
    )

    def _loyalty_recommend_depends(self):
        """Hook: return the fields that decide what is recommended."""
        return ["commercial_partner_id"]

    def _loyalty_recommended(self):
        """Hook: return pairs of a product and the one that it goes with."""
        self.ensure_one()
        company = self.env.company
        return self.env["loyalty.product.pair"]._recommend(
            company, self._loyalty_bought_products(company), "customer"
        )

    @api.depends(lambda self: self._loyalty_recommend_depends())
    @api.depends_context("company", "lang")
    def _compute_loyalty_recommended_ids(self):
        for record in self:
            pairs = record._loyalty_recommended()
            record.loyalty_recommended_ids = self.env["product.product"].union(
                *(product for product, _reason in pairs)
            )
            record.loyalty_recommended_text = "\n".join(
                record._loyalty_reason(product, reason) for product, reason in pairs
            )

    def _loyalty_reason(self, product, reason):
        """Hook: return in words why a product is recommended."""
        # What was bought before may be of another company: its name is told.
        return self.env._(
            "%(product)s: customers who bought %(reason)s bought it too.",
            product=product.display_name,
            reason=reason.sudo().display_name,
        )

    def _loyalty_bought_products(self, company):
        """Return the products that the customer has bought in a company."""
        customer = self.commercial_partner_id._origin
        if not customer:
            return self.env["product.product"]
        self.env["loyalty.purchase"].flush_model()
        self.env["loyalty.purchase.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.product_id FROM loyalty_purchase row
                  JOIN loyalty_purchase_line line ON line.purchase_id = row.id
                 WHERE row.company_id = %s AND row.commercial_partner_id = %s
                   AND line.product_id IS NOT NULL
              GROUP BY 1 HAVING SUM(line.quantity) > 0
                """,
                company.id,
                customer.id,
            )
        )
        return self.env["product.product"].browse(row[0] for row in rows)
