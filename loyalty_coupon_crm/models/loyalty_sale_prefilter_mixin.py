from odoo import models
from odoo.tools import SQL


class LoyaltySalePrefilterMixin(models.AbstractModel):
    """Which of many live promotions a cart can reach at all, from one query.

    Odoo evaluates every automatic program at every change of a cart. Most are for
    products the cart does not have, or ask for more than it holds: they are left out
    before Odoo sees them. What is left out would have been refused by Odoo, so that
    nothing but the time changes.
    """

    _name = "loyalty.sale.prefilter.mixin"
    _description = "Promotions a Cart Can Reach"

    def _update_programs_and_rewards(self):
        """Update rewards; programs out of reach are not evaluated.

        The context key `loyalty_crm_prefilter` is read by `_get_program_domain` only.
        """
        orders = self.with_context(loyalty_crm_prefilter=True)
        return super(LoyaltySalePrefilterMixin, orders)._update_programs_and_rewards()

    def _get_program_domain(self):
        domain = super()._get_program_domain()
        if self.env.context.get("loyalty_crm_prefilter"):
            unreachable = self._loyalty_unreachable_programs()
            if unreachable:
                domain = [*domain, ("id", "not in", unreachable)]
        return domain

    def _loyalty_unreachable_programs(self):
        """Return the ids of automatic programs of which no rule can match the order.

        Programs that are on the order already are never among them, nor wallets: Odoo
        offers those without any points.
        """
        self.ensure_one()
        lines = self._get_not_rewarded_order_lines().filtered(
            lambda line: not line.combo_item_id
        )
        products = lines.product_id
        paths = products.categ_id.mapped("parent_path")
        categories = {int(part) for path in paths for part in path.split("/") if part}
        kept = (
            self._get_points_programs()
            | self.applied_coupon_ids.program_id
            | self._get_reward_programs()
        )
        rules, programs = self.env["loyalty.rule"], self.env["loyalty.program"]
        rules.flush_model()
        programs.flush_model(["active", "trigger", "applies_on", "program_type"])
        relation = rules._fields["product_ids"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT program.id
                  FROM loyalty_program program
                 WHERE program.active AND program.trigger = 'auto'
                   AND NOT %(nominative)s
                   AND program.id != ALL(%(kept)s)
                   AND NOT EXISTS (
                       SELECT 1 FROM loyalty_rule rule
                        WHERE rule.program_id = program.id AND rule.active
                          AND rule.minimum_qty <= %(quantity)s
                          AND (rule.product_category_id = ANY(%(categories)s)
                            OR rule.product_tag_id = ANY(%(tags)s)
                            OR EXISTS (
                               SELECT 1 FROM %(relation)s listed
                                WHERE listed.%(rule)s = rule.id
                                  AND listed.%(product)s = ANY(%(products)s))
                            OR rule.product_category_id IS NULL
                           AND rule.product_tag_id IS NULL
                           AND NOT EXISTS (
                               SELECT 1 FROM %(relation)s listed
                                WHERE listed.%(rule)s = rule.id)))
                """,
                nominative=programs._nominative_sql(),
                kept=kept.ids,
                quantity=sum(max(line.product_uom_qty, 0) for line in lines),
                categories=list(categories),
                tags=products.all_product_tag_ids.ids,
                products=products.ids,
                relation=SQL.identifier(relation.relation),
                rule=SQL.identifier(relation.column1),
                product=SQL.identifier(relation.column2),
            )
        )
        return [program_id for [program_id] in rows]
