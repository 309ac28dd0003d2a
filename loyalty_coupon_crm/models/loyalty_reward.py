from odoo import api, fields, models

PRODUCT_VALUES = {"active", "description"}


class LoyaltyReward(models.Model):
    _name = "loyalty.reward"
    _inherit = ["loyalty.reward.offer.mixin", "loyalty.reward"]

    offer_price = fields.Monetary(
        string="Bundle Price", help="With or without taxes, as prices of products are."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create rewards; exclusions of their program narrow discounts."""
        rewards = super().create(vals_list)
        rewards.program_id._narrow_discounts()
        return rewards

    def _get_discount_product_domain(self):
        """Leave out the products that the program excludes."""
        domain = super()._get_discount_product_domain()
        return domain & self.program_id._exclusion_domain()

    @api.depends(
        "program_id.excluded_product_ids",
        "program_id.excluded_category_ids",
        "program_id.excluded_tag_ids",
    )
    def _compute_all_discount_product_ids(self):
        return super()._compute_all_discount_product_ids()

    def _create_missing_discount_line_products(self):
        """Create the products of discount lines, also for who may not create products.

        They are Odoo's technical products of the reward, named after it.
        """
        # Marketing creates programs, not products.
        return super(
            LoyaltyReward, self.sudo()
        )._create_missing_discount_line_products()

    def write(self, vals):
        """Write rewards; name and state of their discount product follow."""
        inner = {name: vals[name] for name in PRODUCT_VALUES.intersection(vals)}
        if self.env.su or not inner:
            result = super().write(vals)
        else:
            self.check_access("write")
            rest = {name: value for name, value in vals.items() if name not in inner}
            if rest:
                super().write(rest)
            # Odoo passes these two on to the product, which marketing may not write.
            result = super(LoyaltyReward, self.sudo()).write(inner)
        if vals.get("discount_applicability", "specific") != "specific":
            self.program_id._narrow_discounts()
        return result
