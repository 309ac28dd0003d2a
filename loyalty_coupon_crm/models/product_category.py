from odoo import api, models, tools


class ProductCategory(models.Model):
    _inherit = "product.category"

    @api.model_create_multi
    def create(self, vals_list):
        """Create categories; those below others are looked up anew."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        """Write categories; those below others are looked up anew."""
        if "parent_id" in vals:
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """Delete categories; those below others are looked up anew."""
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache("ids")
    def _loyalty_ids_below(self, ids):
        """Return the ids of categories and of all below them, as a tuple.

        Discounts that leave categories out ask for every line of an order.

        :param ids: tuple of ids
        """
        # Exclusions hold for whoever sells.
        return self.sudo().search([("id", "child_of", ids)])._ids
