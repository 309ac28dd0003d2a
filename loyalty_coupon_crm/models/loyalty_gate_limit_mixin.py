from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

from ..tools.periods import next_start, period_start
from ..tools.use_slot import Slot

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


class LoyaltyGateLimitMixin(models.AbstractModel):
    """How often a program may be used, and how much it may give."""

    _name = "loyalty.gate.limit.mixin"
    _description = "The Gate: Limits"

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
                       AND (counter.kind = 'total' AND %(program)s.limit_usage
                        AND counter.uses >= %(program)s.max_usage
                         OR counter.kind = 'budget' AND %(program)s.budget_amount > 0
                        AND counter.amount > %(program)s.budget_amount - 0.005)))""",
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
        result = super()._compute_total_order_count()
        self._count_confirmed_uses()
        return result

    def _count_confirmed_uses(self):
        """Count confirmed uses where Odoo counts carts and drafts too (strict only)."""
        limited = self.filtered(lambda program: program.strict and program.limit_usage)
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
        return self.strict and bool(
            self.limit_usage
            or self.per_day_limit
            or self.period_limit
            or self.per_customer_limit
            or self.per_household_limit
            or self.budget_amount
        )

    def _limit_slots(self, partner, day):
        """Return the limits of the program as `Slot` for a customer on a day.

        :param partner: the customer, may be empty: limits per customer are left out
        :param day: the company's day of the use
        """
        self.ensure_one()
        slots = []
        if self.limit_usage:
            slots.append(("total", "", "ever", self.max_usage))
        slots.append(("day", "", "day", self.per_day_limit))
        slots.append(("period", "", self.limit_period, self.period_limit))
        if partner:
            customer = f"c{partner.commercial_partner_id.id}"
            slots.append(
                (
                    "customer",
                    customer,
                    self.per_customer_period,
                    self.per_customer_limit,
                )
            )
            if self.per_household_limit:
                household = self._household_key(partner)
                span = self.per_household_period
                slots.append(("household", household, span, self.per_household_limit))
        found = [
            Slot(kind, key, period_start(span, day), limit, 0.0, span, day)
            for kind, key, span, limit in slots
            if limit
        ]
        if self.budget_amount:
            start = period_start("ever", day)
            found.append(Slot("budget", "", start, budget=self.budget_amount))
        return found

    def _limit_slots_of(self, use):
        """Return the limits that a redemption counts for."""
        company = use.company_id or self.company_id or self.env.company
        partner = use.used_by_id or use.partner_id
        # The cashier may not read every customer; the count needs the household.
        return self._limit_slots(partner.sudo(), company._loyalty_today(use.date))

    @api.model
    def _household_key(self, partner):
        """Return whom a limit per household counts together with a customer."""
        people = (partner | partner.commercial_partner_id).ids
        [(wallet,)] = self.env.execute_query(
            SQL(
                """
                SELECT MIN(card.id)
                  FROM loyalty_card card
                  JOIN loyalty_card_member member ON member.card_id = card.id
                   AND member.active
                 WHERE card.active
                   AND (card.partner_id = ANY(%(people)s)
                     OR member.partner_id = ANY(%(people)s))
                """,
                people=people,
            )
        )
        return f"w{wallet}" if wallet else f"c{partner.commercial_partner_id.id}"

    @api.model
    def _gate_offer(self, use):
        return [*super()._gate_offer(use), *self._gate_limits(use)]

    @api.model
    def _gate_limits(self, use):
        """Return blockers for limits that are reached and budgets that are used up.

        What was paid before is honoured.
        """
        program = use.program
        if not program._has_limits():
            return []
        customer = use.partner if self._gate_is_known(use.partner) else None
        if not customer and (program.per_customer_limit or program.per_household_limit):
            return [self._gate_unknown(use)]
        slots = program._limit_slots(customer, use.today)
        # Counters are not for every salesperson and no cashier to read.
        counts = self.env["loyalty.use.counter"].sudo()._read_slots(program, slots)
        full = [slot for slot in slots if self._gate_is_full(use, slot, counts[slot])]
        paid = full and use.document and use.document._loyalty_is_paid()
        if not full or paid or self._gate_counts_already(use):
            return []
        return [
            (f"limit_{slot.kind}", program._limit_message(slot, customer))
            for slot in full
        ]

    @api.model
    def _gate_is_full(self, use, slot, counted):
        """Return whether nothing is left of a limit.

        Uses that others hold at the moment count for the limit in total.
        """
        uses, amount = counted
        if slot.kind == "budget":
            return amount > slot.budget - 0.005
        if slot.kind == "total" and uses < slot.limit:
            uses += self._gate_held_uses(use)
        return uses >= slot.limit

    @api.model
    def _gate_held_uses(self, use):
        """Return how many other documents hold cards of the program now."""
        # Holds of others are not for the salesperson to read.
        return (
            self.env["loyalty.point.hold"]
            .sudo()
            .search_count(
                [
                    ("card_id.program_id", "=", use.program.id),
                    ("holder", "!=", use.holder),
                    ("expires_at", ">", fields.Datetime.now()),
                ]
            )
        )

    @api.model
    def _gate_counts_already(self, use):
        """Return whether the document has a use of the program that is counted."""
        if not use.document or not use.document.id:
            return False
        origin = use.document._loyalty_origin()
        # Redemptions are not for the cashier to read.
        rows = (
            self.env["loyalty.redemption"]
            .sudo()
            .search(
                [
                    ("program_id", "=", use.program.id),
                    ("order_model", "=", origin["order_model"]),
                    ("order_id", "=", origin["order_id"]),
                    ("is_live", "=", True),
                ],
                limit=1,
            )
        )
        return bool(rows)

    @api.model
    def _gate_is_known(self, partner):
        """Return whether a customer is somebody, not the public visitor."""
        return bool(partner) and not partner.is_public

    @api.model
    def _gate_unknown(self, use):
        """Return the blocker for a use that needs to know the customer."""
        message = self.env._(
            "%(program)s is for known customers only. Choose the customer first.",
            program=use.program.name,
        )
        return ("no_customer", message)

    def _limit_message(self, slot, partner):
        """Return that a limit is reached, and when it begins anew.

        :param slot: the `Slot` that is full
        :param partner: the customer, may be empty
        """
        self.ensure_one()
        if slot.kind == "budget":
            return self.env._(
                "The budget of %(program)s (%(budget)s) does not suffice any more.",
                program=self.name,
                budget=format_amount(self.env, self.budget_amount, self.currency_id),
            )
        values = {
            "program": self.name,
            "limit": slot.limit,
            "customer": partner.display_name if partner else "",
            "period": self._limit_period_name(slot.span),
            "next": self._limit_next(slot),
        }
        if slot.kind == "customer":
            return self.env._(
                "%(customer)s has used %(program)s as often as allowed: %(limit)s "
                "times %(period)s.%(next)s",
                **values,
            )
        if slot.kind == "household":
            return self.env._(
                "The household of %(customer)s has used %(program)s as often as "
                "allowed: %(limit)s times %(period)s.%(next)s",
                **values,
            )
        return self.env._(
            "%(program)s was used as often as allowed: %(limit)s times "
            "%(period)s.%(next)s",
            **values,
        )

    @api.model
    def _limit_period_name(self, span):
        return {
            "ever": self.env._("in all"),
            "day": self.env._("a day"),
            "week": self.env._("a week"),
            "month": self.env._("a month"),
            "year": self.env._("a year"),
        }[span]

    @api.model
    def _limit_next(self, slot):
        """Return when a limit begins anew, as a sentence after a blank."""
        day = slot.day and next_start(slot.span, slot.day)
        if not day:
            return ""
        return " " + self.env._("Again from %(day)s.", day=format_date(self.env, day))

    def _check_coupons_left(self, count):
        """Refuse to issue more coupons than the program may.

        :param count: coupons about to be issued
        :raise UserError: when fewer are left
        """
        self.ensure_one()
        if not self.strict or not self.budget_coupons:
            return
        # Of two who issue at once the second begins anew, and sees what the first did.
        self.env.cr.execute(
            SQL(
                "UPDATE loyalty_program SET write_date = write_date WHERE id = %s",
                self.id,
            )
        )
        self.invalidate_recordset(["coupons_issued", "coupons_left"])
        # Whoever may issue coupons need not see those of other companies.
        left = self.sudo().coupons_left
        if count > left:
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
