from odoo import api, models
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
        orders._loyalty_fetch_programs(self.env["loyalty.program"])
        return super(LoyaltySalePrefilterMixin, orders)._update_programs_and_rewards()

    def _try_apply_code(self, code):
        """Apply a code, of any program: the website does while it updates rewards."""
        order = self.with_context(loyalty_crm_prefilter=False)
        return super(LoyaltySalePrefilterMixin, order)._try_apply_code(code)

    def _get_program_domain(self):
        domain = super()._get_program_domain()
        if self.env.context.get("loyalty_crm_prefilter"):
            programs = self._loyalty_reachable_programs()
            self._loyalty_fetch_programs(programs)
            domain = [*domain, ("id", "in", programs.ids)]
        return domain

    def _loyalty_fetch_programs(self, programs):
        """Bring into memory what Odoo and the gate read of programs and cards.

        :param programs: programs besides those of the order's cards
        """
        cards = (
            self.coupon_point_ids.coupon_id
            | self.applied_coupon_ids
            | self.order_line.coupon_id
        )
        programs._gate_fetch(cards, programs, self.partner_id)

    def _loyalty_reachable_programs(self):
        """Return the automatic programs of which a rule can match the order.

        With those that are on the order already, and wallets: Odoo offers these
        without any points. Strict programs for an audience are left out where the
        customer is not one of it, as the gate does in `_program_check_compute_points`.

        :return: `loyalty.program` records
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
        programs.flush_model(
            ["active", "trigger", "applies_on", "program_type", "strict", "segment_ids"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT program.id
                  FROM loyalty_program program
                 WHERE program.id = ANY(%(kept)s)
                    OR program.active AND %(nominative)s
                    OR program.active AND program.trigger = 'auto'
                   AND program.id IN (%(matching)s)
                   AND (%(audience)s)
                """,
                nominative=programs._nominative_sql(),
                kept=kept.ids,
                matching=self._loyalty_matching_sql(lines, categories),
                audience=self._loyalty_audience_sql(),
            )
        )
        return programs.browse(program_id for [program_id] in rows)

    @api.model
    def _loyalty_matching_sql(self, lines, categories):
        """Return the query of the programs of which a rule can match.

        :param lines: order lines that count
        :param categories: ids of the categories of their products and of those above
        """
        products, rules = lines.product_id, self.env["loyalty.rule"]
        relation = rules._fields["product_ids"]
        listed = {
            "relation": SQL.identifier(relation.relation),
            "rule": SQL.identifier("listed", relation.column1),
            "product": SQL.identifier("listed", relation.column2),
        }
        quantity = sum(max(line.product_uom_qty, 0) for line in lines)
        return SQL(
            """
            SELECT rule.program_id
              FROM loyalty_rule rule JOIN %(relation)s listed ON %(rule)s = rule.id
             WHERE %(product)s = ANY(%(products)s)
               AND rule.active AND rule.minimum_qty <= %(quantity)s
             UNION ALL
            SELECT rule.program_id
              FROM loyalty_rule rule
             WHERE (rule.product_category_id = ANY(%(categories)s)
                 OR rule.product_tag_id IN (%(tags)s)
                 OR rule.product_category_id IS NULL
                AND rule.product_tag_id IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM %(relation)s listed WHERE %(rule)s = rule.id))
               AND rule.active AND rule.minimum_qty <= %(quantity)s
            """,
            **listed,
            products=products.ids,
            categories=list(categories),
            tags=SQL(
                "%s UNION ALL %s",
                self._loyalty_tags_sql(products.product_tmpl_id, "product_tag_ids"),
                self._loyalty_tags_sql(products, "additional_product_tag_ids"),
            ),
            quantity=quantity,
        )

    @api.model
    def _loyalty_tags_sql(self, records, name):
        """Return the query of the tags that records have in a many2many field."""
        field = records._fields[name]
        return SQL(
            "SELECT %s FROM %s WHERE %s = ANY(%s)",
            SQL.identifier(field.column2),
            SQL.identifier(field.relation),
            SQL.identifier(field.column1),
            records.ids,
        )

    def _loyalty_audience_sql(self):
        """Return the condition that the order's customer is of a program's audience."""
        if self.state == "sale":
            return SQL("TRUE")
        programs, people = self.env["loyalty.program"], []
        # Who the customer is, the salesperson may not read.
        customer = self.partner_id.sudo()
        if programs._gate_is_known(customer):
            people = (customer | customer.commercial_partner_id).ids
        self.env["loyalty.segment"].flush_model(["active"])
        # Who belongs to an audience is not for the salesperson to read.
        members = self.env["loyalty.segment.member"].sudo()
        members.flush_model(["segment_id", "partner_id", "date_to", "is_excluded"])
        audience = programs._fields["segment_ids"]
        return SQL(
            """
            NOT program.strict OR program.applies_on != 'current'
            OR NOT EXISTS (
               SELECT 1 FROM %(relation)s audience
                 JOIN loyalty_segment segment ON segment.id = audience.%(segment)s
                WHERE audience.%(program)s = program.id AND segment.active)
            OR program.id IN (
               SELECT audience.%(program)s FROM %(relation)s audience
                 JOIN loyalty_segment_member member
                   ON member.segment_id = audience.%(segment)s
                  AND member.date_to IS NULL AND member.is_excluded IS NOT TRUE
                WHERE member.partner_id = ANY(%(people)s))
            """,
            relation=SQL.identifier(audience.relation),
            program=SQL.identifier(audience.column1),
            segment=SQL.identifier(audience.column2),
            people=people,
        )
