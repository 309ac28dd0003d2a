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
        parts = [
            *self._gate_slot_facts(uses, slots),
            *self._gate_member_facts(uses),
            *self._gate_bought_facts(uses),
        ]
        if not parts:
            return found
        rows = self.env.execute_query(SQL(" UNION ALL ").join(parts))
        for what, program_id, place, used, amount, held in rows:
            if what == "slot":
                found.counts[slots[place]] = (used, amount, held)
            elif what == "member":
                found.members.add(program_id)
            else:
                found.bought = True
        return found

    @api.model
    def _gate_fact_slots(self, uses, found):
        """Note the limits of each program; return [(program id, slot)] of all."""
        limited = [use for use in uses if use.program._has_limits()]
        if not limited:
            return []
        first = limited[0]
        customer = first.partner if self._gate_is_known(first.partner) else None
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
        """Return the query of what is counted and held of limits, in a list."""
        if not slots:
            return []
        counters = self.env["loyalty.use.counter"]
        # Counters and the holds of others are not for every salesperson to read.
        counters.sudo()._flush_for_limits()
        query = SQL(
            """
            SELECT 'slot' AS what, slot.program_id, slot.place,
                   counter.uses, counter.amount,
                   COALESCE(held.count, 0) AS held
              FROM %(slots)s
             CROSS JOIN LATERAL (%(counted)s) counter
              LEFT JOIN (%(held)s) held ON held.name = slot.name
            """,
            slots=counters._slots_sql(slots),
            counted=counters._counted_sql("slot"),
            held=counters._held_sql(
                {program_id for program_id, _slot in slots},
                uses[0].holder,
            ),
        )
        return [query]

    @api.model
    def _gate_member_facts(self, uses):
        """Return the query of the programs whose audience the customer belongs to."""
        programs = [use.program.id for use in uses if use.program.segment_ids]
        people = uses[0].partner | uses[0].partner.commercial_partner_id
        if not programs or not people:
            return []
        # Who belongs to an audience is not for the cashier to read.
        members = self.env["loyalty.segment.member"].sudo()
        members.flush_model(["segment_id", "partner_id", "date_to", "is_excluded"])
        audience = self._fields["segment_ids"]
        self.env["loyalty.program"].flush_model(["segment_ids"])
        query = SQL(
            """
            SELECT DISTINCT 'member', audience.%(program)s, 0, 0, 0.0::float8, 0
              FROM %(relation)s audience
              JOIN loyalty_segment_member member
                ON member.segment_id = audience.%(segment)s
               AND member.date_to IS NULL AND member.is_excluded IS NOT TRUE
             WHERE audience.%(program)s = ANY(%(programs)s)
               AND member.partner_id = ANY(%(people)s)
            """,
            relation=SQL.identifier(audience.relation),
            program=SQL.identifier(audience.column1),
            segment=SQL.identifier(audience.column2),
            programs=programs,
            people=people.ids,
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
            SELECT 'bought', 0, 0, 0, 0.0::float8, 0
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
