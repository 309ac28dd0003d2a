from odoo import api, models
from odoo.tools import SQL

from ..tools.gate_facts import Found


class LoyaltyGateFactsMixin(models.AbstractModel):
    """What the gate looks up, by one statement for all programs that are asked.

    A cart beside many promotions asks for a hundred of them at once.
    """

    _name = "loyalty.gate.facts.mixin"
    _description = "The Gate: Facts"

    @api.model
    def _gate_read_facts(self, uses):
        """Return what counters, holds, segments and purchases say of uses.

        :param uses: list of `Use` of one customer, document and day
        :return: `Found`
        """
        found = Found()
        slots = self._gate_fact_slots(uses, found)
        audiences = self._gate_audiences(uses)
        parts = [
            *self._gate_slot_facts(uses, slots),
            *self._gate_member_facts(uses, audiences),
            *self._gate_bought_facts(uses),
        ]
        used, held, segments = {}, {}, set()
        rows = self.env.execute_query(SQL(" UNION ALL ").join(parts)) if parts else ()
        for what, number, name, key, period, count, amount in rows:
            if what == "used":
                used[number, name, key, period] = (max(count, 0), max(amount, 0.0))
            elif what == "held":
                held[name] = count
            elif what == "member":
                segments.add(number)
            else:
                found.bought = True
        for number, slot in slots:
            counted = used.get((number, slot.kind, slot.key, slot.period), (0, 0.0))
            found.counts[number, slot] = (*counted, held.get(slot.name(number), 0))
        found.members = {
            program_id
            for program_id, ids in audiences.items()
            if not segments.isdisjoint(ids)
        }
        return found

    @api.model
    def _gate_fact_slots(self, uses, found):
        """Note the limits of each program; return [(program id, slot)] of all."""
        limited = [use for use in uses if use.program._has_limits()]
        if not limited:
            return []
        first = limited[0]
        customer = first.partner if self._gate_knows(first) else None
        household = None
        if customer and any(use.program.per_household_limit for use in limited):
            household = self._household_key(customer)
        for use in limited:
            found.slots[use.program.id] = use.program._limit_slots(
                customer, use.today, household
            )
        return [
            (program_id, slot)
            for program_id, slots in found.slots.items()
            for slot in slots
        ]

    @api.model
    def _gate_slot_facts(self, uses, slots):
        """Return the queries of what is counted and held of limits."""
        if not slots:
            return []
        counters = self.env["loyalty.use.counter"]
        # Counters and the holds of others are not for every salesperson to read.
        counters.sudo()._flush_for_limits()
        return counters._read_sql(slots, uses[0].holder)

    @api.model
    def _gate_audiences(self, uses):
        """Return {program id: ids of its segments} of programs that have some."""
        # Who is in an archived segment still belongs to the audience, and whoever asks
        # the gate need not read segments.
        own = self.sudo().browse().with_context(active_test=False)
        programs = own.union(*(use.program for use in uses))
        return {
            program.id: segments.ids
            for program in programs
            if (segments := program.segment_ids)
        }

    @api.model
    def _gate_member_facts(self, uses, audiences):
        """Return the query of the segments to which the customer belongs, in a list.

        :param audiences: as of `_gate_audiences`
        """
        people = uses[0].partner | uses[0].partner.commercial_partner_id
        if not audiences or not people:
            return []
        # Who belongs to an audience is not for the cashier to read.
        members = self.env["loyalty.segment.member"].sudo()
        members.flush_model(["segment_id", "partner_id", "date_to", "is_excluded"])
        query = SQL(
            """
            SELECT 'member', segment_id, NULL, NULL, NULL::date, 0, 0.0::float8
              FROM loyalty_segment_member
             WHERE partner_id = ANY(%s) AND segment_id = ANY(%s)
               AND date_to IS NULL AND is_excluded IS NOT TRUE
            """,
            people.ids,
            sorted({one for ids in audiences.values() for one in ids}),
        )
        return [query]

    @api.model
    def _gate_bought_facts(self, uses):
        """Return the query of whether something is left of an earlier purchase."""
        use = uses[0]
        asked = any(one.program.first_order_only for one in uses)
        if not asked or not use.partner:
            return []
        origin = use.document._loyalty_origin() if use.document else {}
        self.env["loyalty.purchase"].flush_model()
        query = SQL(
            """
            SELECT 'bought', 0, NULL, NULL, NULL::date, 0, 0.0::float8
             WHERE EXISTS (
                   SELECT 1
                     FROM loyalty_purchase purchase
                    WHERE purchase.commercial_partner_id = %(customer)s
                      AND purchase.company_id = %(company)s
                      AND purchase.reversal_of_id IS NULL
                      AND (purchase.order_model, purchase.order_id)
                          IS DISTINCT FROM (%(model)s, %(order)s)
                      AND purchase.amount + COALESCE(purchase.discount_amount, 0)
                        + COALESCE((
                          SELECT SUM(back.amount + COALESCE(back.discount_amount, 0))
                            FROM loyalty_purchase back
                           WHERE back.reversal_of_id = purchase.id), 0) > 0.005)
            """,
            customer=use.partner.commercial_partner_id.id,
            company=use.company.id,
            model=origin.get("order_model"),
            order=origin.get("order_id") or None,
        )
        return [query]
