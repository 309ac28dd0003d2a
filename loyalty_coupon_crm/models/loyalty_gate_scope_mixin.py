from odoo import api, fields, models
from odoo.fields import Domain

EXCLUSIONS = {"excluded_product_ids", "excluded_category_ids", "excluded_tag_ids"}


class LoyaltyGateScopeMixin(models.AbstractModel):
    """For whom, where and for what a program is: audience, channels and products."""

    _name = "loyalty.gate.scope.mixin"
    _description = "The Gate: Scope"

    segment_ids = fields.Many2many(
        "loyalty.segment",
        string="Audience",
        help="Only customers of one of these segments; without any, everybody.",
    )
    first_order_only = fields.Boolean(
        help="Only for customers who have not bought anything yet."
    )
    excluded_product_ids = fields.Many2many(
        "product.product",
        "loyalty_program_excluded_product_rel",
        string="Excluded Products",
        help="They neither count for the conditions nor are discounted. A discount on "
        "the whole order becomes one on all other products.",
    )
    excluded_category_ids = fields.Many2many(
        "product.category",
        "loyalty_program_excluded_category_rel",
        string="Excluded Categories",
        help="With the categories below them.",
    )
    excluded_tag_ids = fields.Many2many(
        "product.tag",
        "loyalty_program_excluded_tag_rel",
        string="Excluded Tags",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create programs; exclusions narrow their discounts."""
        programs = super().create(vals_list)
        programs._narrow_discounts()
        return programs

    def write(self, vals):
        """Write programs; exclusions narrow their discounts."""
        result = super().write(vals)
        if not EXCLUSIONS.isdisjoint(vals):
            self._narrow_discounts()
        return result

    def _has_exclusions(self):
        """Return whether some products do not count for the program."""
        self.ensure_one()
        return bool(
            self.excluded_product_ids
            or self.excluded_category_ids
            or self.excluded_tag_ids
        )

    def _narrow_discounts(self):
        """Have discounts on the order apply to products: only those can leave some out.

        Odoo's till and its sales orders then compute the same.
        """
        rewards = self.filtered(lambda program: program._has_exclusions()).reward_ids
        rewards.filtered(
            lambda reward: (
                reward.reward_type == "discount"
                and reward.discount_applicability == "order"
            )
        ).write({"discount_applicability": "specific"})

    def _exclusion_domain(self):
        """Return the domain of the products that count for the program."""
        self.ensure_one()
        domain = Domain.TRUE
        if self.excluded_product_ids:
            domain &= Domain("id", "not in", self.excluded_product_ids.ids)
        if self.excluded_category_ids:
            # Odoo's till evaluates the domain and knows no categories below.
            excluded = self.excluded_category_ids
            below = excluded._loyalty_ids_below(tuple(sorted(excluded.ids)))
            domain &= Domain("categ_id", "not in", below)
        if self.excluded_tag_ids:
            domain &= Domain("all_product_tag_ids", "not in", self.excluded_tag_ids.ids)
        return domain

    @api.model
    def _gate_offer(self, use):
        return [
            *super()._gate_offer(use),
            *self._gate_channel(use),
            *self._gate_audience(use),
        ]

    @api.model
    def _gate_document(self, use):
        blockers = super()._gate_document(use)
        if use.document and not use.program.is_nominative:
            blockers += use.facts.missing(use)
        return blockers

    @api.model
    def _gate_channel(self, use):
        """Return a blocker in a channel or shop in which the program is not offered."""
        program = use.program
        channels = use.facts.once("channels", self._gate_channel_fields)
        name = channels.get(use.channel, (None, None))[0]
        if name and not program[name]:
            where = [label for field, label in channels.values() if program[field]]
            message = self.env._(
                "%(program)s can be used %(where)s only.",
                program=program.name,
                where=", ".join(dict.fromkeys(where)) or self.env._("nowhere now"),
            )
            return [("channel", message)]
        site = use.document and use.channel == "website" and use.document.website_id
        # Without Odoo's bridge to the shop no program is for one website only.
        own = site and "website_id" in self._fields and program.website_id
        if own and own != site:
            message = self.env._(
                "%(program)s can be used on %(website)s only.",
                program=program.name,
                website=own.name,
            )
            return [("shop", message)]
        return []

    @api.model
    def _gate_channel_fields(self):
        """Hook: return {channel: (field that offers a program there, words)}."""
        found = {"sale": ("sale_ok", self.env._("in sales orders"))}
        if "ecommerce_ok" in self._fields:
            found["website"] = ("ecommerce_ok", self.env._("in the web shop"))
        return found

    @api.model
    def _gate_audience(self, use):
        """Return blockers for customers the program is not made for."""
        program = use.program
        if not (program.segment_ids or program.first_order_only):
            return []
        if not self._gate_knows(use):
            return [self._gate_unknown(use)]
        blockers = []
        if program.segment_ids and program.id not in use.facts.found.members:
            message = self.env._(
                "%(program)s is only for customers of the segment %(segments)s.",
                program=program.name,
                segments=", ".join(program.segment_ids.mapped("name")),
            )
            blockers.append(("segment", message))
        if program.first_order_only and use.facts.found.bought:
            message = self.env._(
                "%(program)s is for the first purchase; %(customer)s has bought "
                "before.",
                program=program.name,
                customer=use.partner.display_name,
            )
            blockers.append(("first_order", message))
        return blockers
