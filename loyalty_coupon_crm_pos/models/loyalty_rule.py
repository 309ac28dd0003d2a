from odoo import api, models
from odoo.fields import Domain


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    @api.depends(
        "program_id.excluded_category_ids",
        "program_id.excluded_product_ids",
        "program_id.excluded_tag_ids",
    )
    def _compute_valid_product_ids(self):
        """Leave out what the program excludes.

        Odoo takes a rule without conditions for one of any product, and looks up rules
        of several programs together.
        """
        narrowed = self.filtered(lambda rule: rule.program_id._has_exclusions())
        result = super(LoyaltyRule, self - narrowed)._compute_valid_product_ids()
        at_tills = Domain("available_in_pos", "=", True)
        products = self.env["product.product"]
        for rule in narrowed:
            domain = at_tills & rule._get_valid_product_domain()
            rule.valid_product_ids = products.search(domain, order="id")
            rule.any_product = False
        return result

    def _loyalty_has(self, product):
        """Return whether the rule counts a product."""
        self.ensure_one()
        return self.any_product or product in self.valid_product_ids
