from odoo import api, models
from odoo.tools import SQL, format_amount, format_date

from ..tools.periods import next_start, period_start
from ..tools.use_slot import Slot


class LoyaltyGateLimitMixin(models.AbstractModel):
    """Whether something is left of the limits of a program, and of its budget."""

    _name = "loyalty.gate.limit.mixin"
    _description = "The Gate: Limits"

    def _limit_slots(self, partner, day, household=None):
        """Return the limits of the program as `Slot` for a customer on a day.

        :param partner: the customer, may be empty: limits per customer are left out
        :param day: the company's day of the use
        :param household: as of `_household_key`, looked up when it is not given
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
                household = household or self._household_key(partner)
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
        """Return blockers for limits that are reached and budgets that are used up."""
        program, found = use.program, use.facts.found
        slots = found.slots.get(program.id)
        if slots is None:
            return []
        customer = use.partner if self._gate_knows(use) else None
        blockers = []
        if not customer and (program.per_customer_limit or program.per_household_limit):
            blockers.append(self._gate_unknown(use))
        full = [
            slot
            for slot in slots
            if self._gate_is_full(slot, *found.counts[program.id, slot])
        ]
        if not full or self._gate_counts_already(use):
            return blockers
        return [
            *blockers,
            *(program._limit_blocker(slot, customer) for slot in full),
        ]

    @api.model
    def _gate_is_full(self, slot, uses, amount, held):
        """Return whether nothing is left of a limit.

        :param uses: uses that are counted
        :param amount: money given, in the program's currency
        :param held: uses that others hold at the moment
        """
        if slot.kind == "budget":
            return amount > slot.budget - 0.005
        return uses + held >= slot.limit

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
    def _gate_knows(self, use):
        """Return whether the customer of a use is somebody, not the public visitor."""
        return use.facts.once("known", lambda: self._gate_is_known(use.partner))

    @api.model
    def _gate_is_known(self, partner):
        """Return whether a customer is somebody, not the public visitor."""
        # As `is_public`, which Odoo computes at greater length, and as the system, too:
        # cashiers may not read users. The visitor's one is archived.
        users = partner.sudo().with_context(active_test=False).user_ids
        return bool(partner) and not any(user._is_public() for user in users)

    @api.model
    def _gate_unknown(self, use):
        """Return the blocker for a use that needs to know the customer."""
        message = self.env._(
            "%(program)s is for known customers only. Choose the customer first.",
            program=use.program.name,
        )
        return ("no_customer", message)

    def _limit_blocker(self, slot, partner):
        """Return that a limit is reached as (code, message).

        :param slot: the `Slot` that is full
        :param partner: the customer, may be empty
        """
        return (f"limit_{slot.kind}", self._limit_message(slot, partner))

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
