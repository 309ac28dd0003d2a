from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

PERIODS = [
    ("ever", "ever"),
    ("day", "a day"),
    ("week", "a week"),
    ("month", "a month"),
    ("year", "a year"),
]
LIMIT_FIELDS = {
    "strict",
    "limit_usage",
    "max_usage",
    "per_day_limit",
    "period_limit",
    "limit_period",
    "per_customer_limit",
    "per_customer_period",
    "per_household_limit",
    "per_household_period",
    "budget_amount",
}
COUNTS = (
    "per_day_limit",
    "period_limit",
    "per_customer_limit",
    "per_household_limit",
    "budget_amount",
    "budget_coupons",
)


class LoyaltyProgramLimitMixin(models.AbstractModel):
    """How often a program may be used, how much it may give, and what is left."""

    _name = "loyalty.program.limit.mixin"
    _description = "Limits of a Program"

    per_day_limit = fields.Integer(
        string="Uses a Day", help="Uses of all customers on one day; 0 for no limit."
    )
    period_limit = fields.Integer(
        string="Uses in a Period", help="Uses of all customers; 0 for no limit."
    )
    limit_period = fields.Selection(PERIODS[2:], default="month", required=True)
    per_customer_limit = fields.Integer(
        string="Uses per Customer",
        help="0 for no limit. A company counts with all its contacts.",
    )
    per_customer_period = fields.Selection(PERIODS, default="ever", required=True)
    per_household_limit = fields.Integer(
        string="Uses per Household",
        help="0 for no limit. Those who share a wallet are a household, and so are a "
        "company and its contacts.",
    )
    per_household_period = fields.Selection(PERIODS, default="ever", required=True)
    budget_coupons = fields.Integer(
        string="Coupons to Issue", help="Coupons that may be issued; 0 for no limit."
    )
    coupons_issued = fields.Integer(compute="_compute_coupons")
    coupons_left = fields.Integer(compute="_compute_coupons")
    uses_left = fields.Integer(
        compute="_compute_budget", help="Uses that are left of the limit in total."
    )
    is_used_up = fields.Boolean(
        compute="_compute_budget",
        search="_search_is_used_up",
        help="The limit of uses or the budget is reached: the program has stopped.",
    )
    counter_ids = fields.One2many(
        "loyalty.use.counter", "program_id", string="Counted Uses"
    )

    @api.depends("budget_amount", "limit_usage", "max_usage", "strict", "counter_ids")
    def _compute_budget(self):
        counts = self._read_program_counts()
        for program in self:
            uses = counts.get((program._origin.id, "total"), (0, 0.0))[0]
            spent = counts.get((program._origin.id, "budget"), (0, 0.0))[1]
            program.budget_spent = spent
            program.budget_left = max(program.budget_amount - spent, 0.0)
            program.uses_left = max(program.max_usage - uses, 0)
            program.is_used_up = program.strict and (
                (program.limit_usage and not program.uses_left)
                or (program.budget_amount > 0 and program.budget_left < 0.005)
            )

    def _read_program_counts(self):
        """Return {(program id, kind): (uses, amount)} of what is counted in total."""
        groups = self.env["loyalty.use.counter"]._read_group(
            [
                ("program_id", "in", self._origin.ids),
                ("kind", "in", ("total", "budget")),
            ],
            ["program_id", "kind"],
            ["uses:sum", "amount:sum"],
        )
        return {
            (program.id, kind): (uses, amount) for program, kind, uses, amount in groups
        }

    def _compute_coupons(self):
        issued = dict(
            self.env["loyalty.card"]._read_group(
                [
                    ("program_id", "in", self._origin.ids),
                    ("issued_at", "!=", False),
                    ("active", "in", (True, False)),
                ],
                ["program_id"],
                ["__count"],
            )
        )
        for program in self:
            program.coupons_issued = issued.get(program._origin, 0)
            program.coupons_left = max(
                program.budget_coupons - program.coupons_issued, 0
            )

    def _search_is_used_up(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        self.env["loyalty.use.counter"].flush_model()
        self.env["loyalty.program"].flush_model(list(LIMIT_FIELDS))
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                """(%(program)s.strict AND EXISTS (
                    SELECT 1 FROM loyalty_use_counter counter
                     WHERE counter.program_id = %(program)s.id
                       AND counter.kind IN ('total', 'budget')
                     GROUP BY counter.kind
                    HAVING counter.kind = 'total' AND %(program)s.limit_usage
                       AND SUM(counter.uses) >= %(program)s.max_usage
                        OR counter.kind = 'budget' AND %(program)s.budget_amount > 0
                       AND SUM(counter.amount) > %(program)s.budget_amount - 0.005))""",
                program=SQL.identifier(alias),
            )
        )

    @api.constrains(*COUNTS)
    def _check_limits(self):
        for program in self:
            for name in COUNTS:
                if program[name] < 0:
                    raise ValidationError(
                        self.env._(
                            "%(label)s of %(program)s cannot be %(value)s: give a "
                            "number above zero, or 0 for no limit.",
                            label=self._fields[name]._description_string(self.env),
                            program=program.name,
                            value=program[name],
                        )
                    )

    def write(self, vals):
        """Write programs; limits that come or change count the uses so far."""
        result = super().write(vals)
        if not LIMIT_FIELDS.isdisjoint(vals):
            # Counters are written by the gate alone.
            self.env["loyalty.use.counter"].sudo()._rebuild(self.sudo())
        return result

    def _compute_total_order_count(self):
        counted = self._counted_one_by_one()
        others = super(LoyaltyProgramLimitMixin, self - counted)
        result = others._compute_total_order_count()
        counted._count_confirmed_uses()
        return result

    def _counted_one_by_one(self):
        """Return the programs of which each use is counted when it happens."""
        return self.filtered(lambda program: program.strict and program.limit_usage)

    def _count_confirmed_uses(self):
        """Count confirmed uses where Odoo counts carts and drafts too (strict only)."""
        limited = self._counted_one_by_one()
        if not limited:
            return
        # How often a program was used is counted for who may not read it, too.
        counts = limited.sudo()._read_program_counts()
        for program in limited:
            uses = counts.get((program._origin.id, "total"), (0, 0.0))[0]
            program.total_order_count = uses

    def _has_limits(self):
        """Return whether uses of the program are counted."""
        self.ensure_one()
        return self.strict and self._names_limits()

    def _names_limits(self):
        """Return whether the program has limits, which count with strict rules only."""
        self.ensure_one()
        return bool(
            self.limit_usage
            or self.per_day_limit
            or self.period_limit
            or self.per_customer_limit
            or self.per_household_limit
            or self.budget_amount
        )

    def _check_coupons_left(self, count):
        """Refuse to issue more coupons than the program may.

        :param count: coupons about to be issued
        :raise UserError: when fewer are left
        """
        self.ensure_one()
        left = self._lock_coupons_left()
        if left is not None and count > left:
            raise UserError(
                self.env._(
                    "%(program)s may issue %(budget)s coupons, %(left)s are left: "
                    "%(count)s are too many.",
                    program=self.name,
                    budget=self.budget_coupons,
                    left=left,
                    count=count,
                )
            )

    def _lock_coupons_left(self):
        """Return how many coupons may still be issued, None when there is no limit.

        Of two who issue at once the second begins anew, and sees what the first did.
        """
        self.ensure_one()
        if not self.strict or not self.budget_coupons:
            return None
        self.env.cr.execute(
            SQL(
                "UPDATE loyalty_program SET write_date = write_date WHERE id = %s",
                self.id,
            )
        )
        self.invalidate_recordset(["coupons_issued", "coupons_left"])
        # Whoever may issue coupons need not see those of other companies.
        return self.sudo().coupons_left
