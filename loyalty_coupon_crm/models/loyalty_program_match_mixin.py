from odoo import models


class LoyaltyProgramMatchMixin(models.AbstractModel):
    """Which products the rules of many programs are for, mostly without a domain.

    Odoo builds and evaluates a domain for each rule, several times for each change of
    a cart. Most rules are for some products, or for all.
    """

    _name = "loyalty.program.match.mixin"
    _description = "Products of Rules"

    def _get_valid_products(self, products):
        """Return the products that each rule is for, as {rule: products}."""
        if products._ids != tuple(products.ids):
            return super()._get_valid_products(products)
        plain = self.filtered(lambda program: program._lists_products())
        others = super(LoyaltyProgramMatchMixin, self - plain)
        found = others._get_valid_products(products)
        for program in plain:
            for rule in program.rule_ids:
                listed = set(rule.product_ids.ids)
                if listed:
                    found[rule] = products.filtered(
                        lambda one, ids=listed: one.id in ids
                    )
                elif program.program_type != "gift_card":
                    found[rule] = products
        return found

    def _lists_products(self):
        """Hook: return whether all rules are for listed products, or for any.

        A program whose rules ask for more than Odoo's and our own conditions must not
        say so.
        """
        self.ensure_one()
        return not self._has_exclusions() and not any(
            rule.product_category_id
            or rule.product_tag_id
            or rule.product_domain not in (False, "[]")
            for rule in self.rule_ids
        )
