from odoo import api, fields, models


class LoyaltyProgramMatchMixin(models.AbstractModel):
    """Which products the rules of many programs are for, mostly without a domain.

    Odoo builds and evaluates a domain for each rule, several times for each change of
    a cart. Most rules are for some products, or for all.
    """

    _name = "loyalty.program.match.mixin"
    _description = "Products of Rules"

    lists_products = fields.Boolean(
        compute="_compute_lists_products",
        help="All rules are for listed products, or for any.",
    )

    @api.depends(
        "excluded_category_ids",
        "excluded_product_ids",
        "excluded_tag_ids",
        "rule_ids.product_category_id",
        "rule_ids.product_domain",
        "rule_ids.product_tag_id",
    )
    def _compute_lists_products(self):
        for program in self:
            program.lists_products = program._lists_products()

    def _get_valid_products(self, products):
        """Return the products that each rule is for, as {rule: products}."""
        if products._ids != tuple(products.ids):
            return super()._get_valid_products(products)
        plain = self.filtered("lists_products")
        found = {}
        if others := self - plain:
            others = super(LoyaltyProgramMatchMixin, others)
            found = others._get_valid_products(products)
        for program in plain:
            for rule in program.rule_ids:
                listed = rule.product_ids._ids
                if listed:
                    found[rule] = products.browse(
                        one for one in products._ids if one in listed
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
