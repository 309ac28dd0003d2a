from odoo import models

PRODUCT_VALUES = {"active", "description"}


class LoyaltyReward(models.Model):
    _inherit = "loyalty.reward"

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
            return super().write(vals)
        self.check_access("write")
        rest = {name: value for name, value in vals.items() if name not in inner}
        if rest:
            super().write(rest)
        # Odoo passes these two on to the product, which marketing may not write.
        return super(LoyaltyReward, self.sudo()).write(inner)
