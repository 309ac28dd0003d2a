from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..tools.periods import EVER
from ..tools.use_slot import LimitReachedError, Slot

KINDS = [
    ("total", "All uses"),
    ("day", "All uses of a day"),
    ("period", "All uses of a period"),
    ("customer", "Uses of a customer"),
    ("household", "Uses of a household"),
    ("budget", "Budget"),
]


class LoyaltyUseCounter(models.Model):
    """How often a program was used, per limit that it has.

    A use adds one, in the transaction that redeems, by one conditional statement: it
    writes nothing when the limit is reached. Of two transactions that meet on a row
    the database lets one wait and start anew, so that together they never exceed it.

    What was paid already is counted in any case, in a row of its own, so that tills
    never wait for each other; at night these rows become one. A count is their sum.
    """

    _name = "loyalty.use.counter"
    _description = "Counted Uses"
    _log_access = False
    _rec_name = "program_id"
    _order = "program_id, kind, period desc, id"

    program_id = fields.Many2one(
        "loyalty.program", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="program_id.company_id", store=True)
    kind = fields.Selection(KINDS, required=True)
    key = fields.Char(required=True, default="", help="Whose uses are counted.")
    period = fields.Date(
        string="Period from", required=True, help="First day of the counted period."
    )
    uses = fields.Integer(required=True, default=0)
    part = fields.Integer(
        required=True,
        default=0,
        help="0 for the row on which limits are kept, else what was paid already.",
    )
    amount = fields.Float(
        required=True,
        default=0.0,
        help="Discount and cost of free goods given, in the program's currency.",
    )
    customer_id = fields.Many2one(
        "res.partner", compute="_compute_customer_id", compute_sudo=True
    )

    _slot_unique = models.Constraint(
        "UNIQUE(program_id, kind, key, period, part)", "This limit is counted already."
    )

    @api.depends("key")
    def _compute_customer_id(self):
        for counter in self:
            partner = counter.key.startswith("c") and int(counter.key[1:])
            counter.customer_id = self.env["res.partner"].browse(partner or []).exists()

    @api.model
    def _flush_for_limits(self):
        """Write what queries of counted and held uses read."""
        transaction = self.env.transaction
        if not (transaction.field_dirty or transaction.tocompute):
            return
        self.flush_model()
        self.env["loyalty.point.hold"].flush_model()
        self.env["loyalty.card"].flush_model(["program_id"])

    @api.model
    def _read_sql(self, slots, holder):
        """Return queries of what is counted of limits, and of what others hold of them.

        Their columns: `used`, program id, kind, key, period, uses and amount; `held`,
        0, name of the limit, nothing twice, uses and 0. What is asked for is a part of
        what `used` gives; of a limit of which nothing is counted there is no row.

        :param slots: list of (program id, `Slot`)
        :param holder: key of the document that asks, may be None
        """
        program_ids = sorted({program_id for program_id, _slot in slots})
        used = SQL(
            """
            SELECT 'used', program_id, kind, key, period,
                   SUM(uses)::int, SUM(amount)
              FROM loyalty_use_counter
             WHERE program_id = ANY(%s) AND kind = ANY(%s) AND key = ANY(%s)
               AND period = ANY(%s)
             GROUP BY program_id, kind, key, period
            """,
            program_ids,
            sorted({slot.kind for _program_id, slot in slots}),
            sorted({slot.key for _program_id, slot in slots}),
            sorted({slot.period for _program_id, slot in slots}),
        )
        held = SQL(
            """
            SELECT 'held', 0, held.name, NULL, NULL::date, held.count::int, 0.0::float8
              FROM (%s) held
             WHERE held.name = ANY(%s)
            """,
            self._held_sql(program_ids, holder),
            [slot.name(program_id) for program_id, slot in slots],
        )
        return [used, held]

    @api.model
    def _slots_sql(self, slots):
        """Return limits as SQL table `slot`, with their place in the list from 0 on.

        :param slots: list of (program id, `Slot`)
        """
        return SQL(
            """
            (SELECT *, (ROW_NUMBER() OVER ())::int - 1 AS place
               FROM unnest(%s::int[], %s::varchar[], %s::varchar[], %s::date[],
                           %s::varchar[], %s::int[], %s::float8[])
                 AS slot (program_id, kind, key, period, name, most, budget)) slot
            """,
            [program_id for program_id, _slot in slots],
            [slot.kind for _program_id, slot in slots],
            [slot.key for _program_id, slot in slots],
            [slot.period for _program_id, slot in slots],
            [slot.name(program_id) for program_id, slot in slots],
            [slot.limit for _program_id, slot in slots],
            [slot.budget for _program_id, slot in slots],
        )

    @api.model
    def _counted_sql(self, alias, own=True):
        """Return the query of what is counted of a limit, as `uses` and `amount`.

        :param alias: name of the table with the limit, in the surrounding query
        :param own: with the row on which the limit is kept
        """
        return SQL(
            """
            SELECT GREATEST(COALESCE(SUM(row.uses), 0), 0) AS uses,
                   GREATEST(COALESCE(SUM(row.amount), 0), 0) AS amount
              FROM loyalty_use_counter row
             WHERE row.program_id = %(limit)s.program_id
               AND row.kind = %(limit)s.kind
               AND row.key = %(limit)s.key
               AND row.period = %(limit)s.period
               AND (%(own)s OR row.part != 0)
            """,
            limit=SQL.identifier(alias),
            own=own,
        )

    @api.model
    def _held_sql(self, program_ids, holder, card_ids=None):
        """Return the query of how many uses others hold now, as `name` and `count`.

        Whatever holds a card of a program, or a promotion that needs none, holds one
        of its uses in total; of the other limits a hold names those it claims.

        :param holder: key of the document that asks, may be None
        :param card_ids: cards on which its own holds do not count, by default all; its
            holds of promotions without a card never do
        """
        return SQL(
            """
            SELECT claim.name, COUNT(*)
              FROM (
                   SELECT card.program_id, hold.limit_slots
                     FROM loyalty_point_hold hold
                     JOIN loyalty_card card ON card.id = hold.card_id
                    WHERE hold.expires_at > %(now)s
                      AND card.program_id = ANY(%(programs)s)
                      AND (hold.holder IS DISTINCT FROM %(holder)s
                        OR hold.card_id != ALL(%(cards)s::int[]))
                    UNION ALL
                   SELECT hold.program_id, hold.limit_slots
                     FROM loyalty_point_hold hold
                    WHERE hold.card_id IS NULL AND hold.expires_at > %(now)s
                      AND hold.program_id = ANY(%(programs)s)
                      AND hold.holder IS DISTINCT FROM %(holder)s) held
             CROSS JOIN LATERAL jsonb_array_elements_text(
                   COALESCE(held.limit_slots, '[]') - (held.program_id || '/total')
                   || jsonb_build_array(held.program_id || '/total')) AS claim (name)
             GROUP BY claim.name
            """,
            now=fields.Datetime.now(),
            programs=sorted(program_ids),
            holder=holder,
            cards=card_ids,
        )

    @api.model
    def _claim(self, cursor, program, holder, slots, card_ids=None):
        """See that something is left of the limits of a program.

        In the short transaction that takes a hold: holds of one program follow each
        other, so that together they claim no more than is left.

        :param cursor: cursor that sees what others committed while it waited
        :param program: `loyalty.program` record
        :param holder: key of the document
        :param slots: list of `Slot` of the program
        :param card_ids: ids of the cards that are held; None for a promotion that needs
            none
        :raise LimitReachedError: with the limit of which nothing is left
        """
        if not slots:
            return
        program_id = program.id
        cursor.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(hashtext('loyalty_point_hold'), %s)",
                program_id,
            )
        )
        cursor.execute(
            SQL(
                """
                SELECT slot.place
                  FROM %(slots)s
                 CROSS JOIN LATERAL (%(counted)s) counter
                  LEFT JOIN (%(held)s) held ON held.name = slot.name
                 WHERE slot.most > 0
                   AND counter.uses + COALESCE(held.count, 0) >= slot.most
                    OR slot.budget > 0 AND counter.amount > slot.budget - 0.005
                 ORDER BY slot.place
                 LIMIT 1
                """,
                slots=self._slots_sql([(program_id, slot) for slot in slots]),
                held=self._held_sql([program_id], holder, card_ids),
                counted=self._counted_sql("slot"),
            )
        )
        full = cursor.fetchone()
        if full:
            raise LimitReachedError(slots[full[0]])

    @api.model
    def _count(self, redemptions):
        """Count new rows of the redemptions: a use adds, a reversal gives back.

        :raise ValidationError: when a use would exceed a limit of its program
        """
        for row in redemptions.sorted("id"):
            program = row.program_id
            if not program._has_limits():
                continue
            use = row.reversal_of_id or row
            uses, amount = row._counted()
            slots = program._limit_slots_of(use)
            paid = row._is_honoured()
            part = row.id if paid and not row.external_ref else 0
            force = paid or uses <= 0
            for slot in sorted(slots, key=lambda slot: (slot.kind, slot.key)):
                if not self._add(program, slot, uses, amount, force, part):
                    self._refuse(row, program, slot)

    @api.model
    def _add(self, program, slot, uses, amount, force=False, part=0):
        """Add to a counter, by one statement, unless its limit would be exceeded.

        :param slot: `Slot` of the program
        :param amount: money, currency of the program
        :param force: count in any case
        :param part: number of the row to add to, 0 for the one that keeps the limit
        :return: whether it was counted
        """
        limit, budget = slot.limit or None, slot.budget or None
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO loyalty_use_counter AS counter
                       (program_id, company_id, kind, key, period, part, uses, amount)
                SELECT wanted.program_id, program.company_id, wanted.kind, wanted.key,
                       wanted.period, %(part)s, %(uses)s, %(amount)s
                  FROM (SELECT %(program)s AS program_id, %(kind)s AS kind,
                               %(key)s AS key, %(period)s::date AS period) wanted
                  JOIN loyalty_program program ON program.id = wanted.program_id
                 CROSS JOIN LATERAL (%(paid)s) paid
                 WHERE %(force)s
                    OR (COALESCE(paid.uses + %(uses)s <= %(limit)s, TRUE)
                    AND COALESCE(paid.amount + %(amount)s <= %(budget)s, TRUE))
                    ON CONFLICT (program_id, kind, key, period, part) DO UPDATE
                   SET uses = counter.uses + %(uses)s,
                       amount = counter.amount + %(amount)s
                 WHERE %(force)s OR (
                       SELECT COALESCE(counter.uses + paid.uses + %(uses)s
                                       <= %(limit)s, TRUE)
                          AND COALESCE(counter.amount + paid.amount + %(amount)s
                                       <= %(budget)s, TRUE)
                         FROM (%(paid_beside)s) paid)
                RETURNING id
                """,
                program=program.id,
                kind=slot.kind,
                key=slot.key,
                period=slot.period,
                part=part,
                uses=uses,
                amount=amount,
                paid=self._counted_sql("wanted", own=False),
                paid_beside=self._counted_sql("counter", own=False),
                # The difference of two amounts in binary is no overrun of a budget.
                limit=limit,
                budget=budget and budget + 0.005,
                force=force,
            )
        )
        self.invalidate_model(["uses", "amount"], flush=False)
        return bool(rows)

    @api.model
    def _refuse(self, row, program, slot):
        """Refuse a use that would exceed a limit, and log it."""
        partner = row.used_by_id or row.partner_id
        message = program._limit_message(slot, partner)
        document = row._document()
        self.env["loyalty.refusal"]._log_refusal(
            row.card_id,
            partner,
            row.channel,
            document,
            row.card_id.code,
            [(f"limit_{slot.kind}", message)],
        )
        answer = document._loyalty_answer([("limit", message)]) if document else message
        raise ValidationError(answer)

    @api.model
    def _rebuild(self, programs):
        """Count the uses of programs anew, for limits that came or changed."""
        programs = programs.filtered("id")
        self.search([("program_id", "in", programs.ids)]).unlink()
        limited = programs.filtered(lambda program: program._has_limits())
        if not limited:
            return
        counts = defaultdict(lambda: [0, 0.0])
        redemptions = self.env["loyalty.redemption"]
        for use in redemptions.search(
            [("program_id", "in", limited.ids), ("reversal_of_id", "=", False)]
        ):
            rows = use + use.reversed_by_ids
            amount = use._program_amount(rows)
            uses = int(use._is_left(rows))
            for slot in use.program_id._limit_slots_of(use):
                count = counts[use.program_id.id, slot.kind, slot.key, slot.period]
                count[0] += uses
                count[1] += amount
        self.create(
            [
                {
                    "program_id": program,
                    "kind": kind,
                    "key": key,
                    "period": period,
                    "uses": uses,
                    "amount": max(amount, 0.0),
                }
                for (program, kind, key, period), (uses, amount) in counts.items()
            ]
        )

    @api.model
    def _merge_customers(self, src_partners, dst_partner):
        """Add what merged customers used to what the one that stays used.

        :param src_partners: customers that are merged
        :param dst_partner: the customer that stays
        """
        keys = [f"c{partner.id}" for partner in src_partners]
        target = f"c{dst_partner.commercial_partner_id.id}"
        rows = self.search([("key", "in", keys), ("key", "!=", target)])
        for row in rows:
            slot = Slot(row.kind, target, row.period)
            self._add(row.program_id, slot, row.uses, row.amount, force=True)
        rows.unlink()

    @api.model
    def _recount_customer(self, partner):
        """Count anew in the programs whose limits a customer counts for.

        :param partner: `res.partner` record whose uses were handed to somebody else
        """
        key = f"c{partner.commercial_partner_id.id}"
        self._rebuild(self.search([("key", "=", key)]).program_id)

    @api.autovacuum
    def _gc_past_periods(self):
        """Remove counters of periods that ended more than a year ago."""
        old = fields.Date.subtract(fields.Date.today(), years=2)
        rows = self.search([("period", "<", old), ("period", ">", EVER)], limit=10000)
        rows.unlink()
        return len(rows), len(rows) == 10000

    @api.autovacuum
    def _gc_parts(self):
        """Add the rows of what was paid to the rows that keep the limits."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH part AS (
                    DELETE FROM loyalty_use_counter WHERE part != 0
                 RETURNING program_id, company_id, kind, key, period, uses, amount
                )
                INSERT INTO loyalty_use_counter AS counter
                       (program_id, company_id, kind, key, period, part, uses, amount)
                SELECT program_id, company_id, kind, key, period, 0,
                       SUM(uses), SUM(amount)
                  FROM part
                 GROUP BY program_id, company_id, kind, key, period
                    ON CONFLICT (program_id, kind, key, period, part) DO UPDATE
                   SET uses = counter.uses + EXCLUDED.uses,
                       amount = counter.amount + EXCLUDED.amount
                """
            )
        )
        self.invalidate_model()
