from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_amount


class LoyaltyGateStackMixin(models.AbstractModel):
    """What goes together on one order, and how low a price may get."""

    _name = "loyalty.gate.stack.mixin"
    _description = "The Gate: Stacking"

    stacking_policy = fields.Selection(
        [
            ("all", "With all others"),
            ("group", "With all but those of its group"),
            ("alone", "Alone"),
        ],
        string="Combined with Others",
        required=True,
        default="all",
        help="Gift cards and eWallets pay; they go with everything.",
    )
    stacking_group_id = fields.Many2one("loyalty.stacking.group")
    margin_guard = fields.Boolean(
        help="Discounts may not take a line below its least margin."
    )
    margin_floor = fields.Float(
        string="Least Margin",
        help="Percent of the net price of a line that must be left above its cost; 0 "
        "for not below cost.",
    )

    @api.constrains("margin_floor")
    def _check_margin_floor(self):
        for program in self:
            if not 0 <= program.margin_floor < 100:
                raise ValidationError(
                    self.env._(
                        "A least margin of %s %% is not possible: give a number from "
                        "0 to below 100.",
                        program.margin_floor,
                    )
                )

    @api.model
    def _gate_document(self, use):
        blockers = super()._gate_document(use)
        if not use.document or use.program.is_payment_program:
            return blockers
        # The salesperson may not read every program of the company.
        order = use.document.sudo()
        used = use.facts.once("used", order._loyalty_used_programs)
        return [
            *blockers,
            *use.program._stacking_blockers(used - use.program),
            *use.program._margin_blockers(use.document),
        ]

    def _stacking_blockers(self, others):
        """Return a blocker when the program does not go with others of the order.

        :param others: `loyalty.program` records that the order uses, too
        """
        self.ensure_one()
        against = others.filtered(lambda other: self._excludes_program(other))
        if not against:
            return []
        message = self.env._(
            "%(program)s cannot be combined with %(others)s on one order. Remove one "
            "of them.",
            program=self.name,
            others=", ".join(against.mapped("name")),
        )
        return [("stacking", message)]

    def _excludes_program(self, other):
        """Return whether two programs do not go on one order, whichever says so."""
        self.ensure_one()
        if self == other or self.is_payment_program or other.is_payment_program:
            return False
        if self._stands_alone() or other._stands_alone():
            return True
        return self._stacking_group()._excludes(other._stacking_group())

    def _stands_alone(self):
        return self.strict and self.stacking_policy == "alone"

    def _stacking_group(self):
        """Return the group that counts, empty when the program has none."""
        grouped = self.filtered(
            lambda program: program.strict and program.stacking_policy == "group"
        )
        return grouped.stacking_group_id

    def _margin_blockers(self, document):
        """Return blockers for lines that get cheaper than their least margin.

        :param document: the order, of any model
        """
        self.ensure_one()
        if not self.margin_guard:
            return []
        # Costs are not for everybody who sells to read.
        gaps = document.sudo()._loyalty_margin_gaps(self)
        return [
            (
                "margin",
                self.env._(
                    "%(program)s would take %(product)s below its least margin, by "
                    "%(amount)s. Remove another discount, or use it on other products.",
                    program=self.name,
                    product=product,
                    amount=amount,
                ),
            )
            for product, amount in gaps
        ]

    def _margin_gap(self, net, cost, currency):
        """Return by how much a price is below the least margin, as text, or None.

        :param net: untaxed price of a line, all discounts taken off
        :param cost: cost of its goods
        :param currency: currency of both, the company's
        """
        self.ensure_one()
        floor = cost / (1 - self.margin_floor / 100)
        if currency.compare_amounts(net, floor) >= 0:
            return None
        return format_amount(self.env, floor - net, currency)
