from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.periods import period_start

ORDERS_CHECKED = 200
DAYS_BACK = 90


class UndoError(Exception):
    """Ends a trial whose changes are rolled back."""


class LoyaltyStrictCheckLine(models.TransientModel):
    """What strict rules would change in one running program."""

    _name = "loyalty.strict.check.line"
    _description = "Program before Strict Rules"

    check_id = fields.Many2one(
        "loyalty.strict.check", required=True, ondelete="cascade"
    )
    program_id = fields.Many2one(
        "loyalty.program", required=True, readonly=True, ondelete="cascade"
    )
    is_chosen = fields.Boolean(string="Switch")
    double_count = fields.Integer(
        string="Members with Several Wallets",
        compute="_compute_changes",
        help="Their wallets are merged into the oldest one, with rows on either side.",
    )
    negative_count = fields.Integer(
        string="Cards below Zero",
        compute="_compute_changes",
        help="They stay as they are; nothing can be spent before they are above zero.",
    )
    foreign_count = fields.Integer(
        string="Uses by Others",
        compute="_compute_changes",
        help="Uses of the last 90 days by somebody else than the owner, which would "
        "have been refused.",
    )
    order_count = fields.Integer(
        string="Open Orders",
        compute="_compute_changes",
        help="Quotations, carts and orders that wait at tills, whose coupon or "
        "promotion of the program would be refused now.",
    )
    limit_count = fields.Integer(
        string="Limits Reached",
        compute="_compute_changes",
        help="Limits and budgets of which nothing is left, by the uses so far.",
    )
    changes = fields.Text(string="What Would Change", compute="_compute_changes")

    @api.depends("program_id")
    def _compute_changes(self):
        for line in self:
            # Whoever switches a program sees what it does to all its cards and orders.
            program = line.program_id.sudo()
            line.double_count = self._count_double(program)
            line.negative_count = self._count_negative(program)
            line.foreign_count = self._count_foreign(program)
            refused, passed = self._try_strict(program)
            line.order_count = len(refused)
            line.limit_count = len(passed)
            line.changes = "\n".join(line._sentences(refused, passed))

    @api.model
    def _count_double(self, program):
        if not program.is_nominative:
            return 0
        # What would change is counted in full, whichever cards the manager may read.
        groups = (
            self.env["loyalty.card"]
            .sudo()
            ._read_group(
                [("program_id", "=", program.id), ("partner_id", "!=", False)],
                ["partner_id"],
                having=[("__count", ">", 1)],
            )
        )
        return len(groups)

    @api.model
    def _count_negative(self, program):
        # As above: all cards count.
        cards = self.env["loyalty.card"].sudo()
        return cards.search_count([("program_id", "=", program.id), ("points", "<", 0)])

    @api.model
    def _count_foreign(self, program):
        if program.transferable:
            return 0
        self.env["loyalty.redemption"].flush_model()
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*)
                  FROM loyalty_redemption use
                  JOIN loyalty_card card ON card.id = use.card_id
                  JOIN res_partner owner ON owner.id = card.partner_id
                  JOIN res_partner buyer ON buyer.id = use.used_by_id
                 WHERE use.program_id = %s AND use.reversal_of_id IS NULL
                   AND use.date > %s
                   AND owner.commercial_partner_id != buyer.commercial_partner_id
                """,
                program.id,
                fields.Datetime.subtract(fields.Datetime.now(), days=DAYS_BACK),
            )
        )
        return count

    @api.model
    def _try_strict(self, program):
        """Return what the gate would refuse if the program were strict.

        Its uses are counted for that, and nothing of it stays.

        :return: {order name: reasons} of open orders, and sentences about limits
        """
        refused, passed = {}, []
        orders = self._open_orders(program)
        if not orders and not program._names_limits():
            return refused, passed
        # Uses of all customers count, whichever the manager may read.
        counters = self.env["loyalty.use.counter"].sudo()
        self.env.flush_all()
        try:
            # What the user has typed is in memory only, and stays there.
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        "UPDATE loyalty_program SET strict = TRUE WHERE id = %s",
                        program.id,
                    )
                )
                program.invalidate_recordset(["strict"])
                counters._rebuild(program)
                passed = self._passed_limits(program)
                for order in orders:
                    if reasons := self._reasons(order, program):
                        refused[order.display_name] = reasons
                self.env.flush_all()
                raise UndoError
        except UndoError:
            program.invalidate_recordset(["strict", "counter_ids"], flush=False)
            counters.invalidate_model(flush=False)
        return refused, passed

    @api.model
    def _open_orders(self, program):
        """Hook: return a list of open documents with rewards of the program."""
        # Orders of every salesperson would be refused, not the manager's alone.
        orders = (
            self.env["sale.order"]
            .sudo()
            .search(
                [
                    ("state", "in", ("draft", "sent")),
                    ("order_line.reward_id.program_id", "=", program.id),
                ],
                order="id desc",
                limit=ORDERS_CHECKED,
            )
        )
        return list(orders)

    @api.model
    def _reasons(self, order, program):
        """Return why the gate would refuse the uses of a program on an order."""
        uses = order._loyalty_reward_uses()
        cards = [use["card"] for use in uses if use["card"].program_id == program]
        return " ".join(
            message
            for card in cards or [self.env["loyalty.card"]]
            for _code, message in program._redemption_blockers(
                card, order.partner_id, order._loyalty_channel(), document=order
            )
        )

    @api.model
    def _passed_limits(self, program):
        """Return what is left of no limit any more, as sentences.

        :param program: `loyalty.program` record that is strict, its uses counted
        """
        if not program._has_limits():
            return []
        today = (program.company_id or self.env.company)._loyalty_today()
        found = [
            program._limit_message(slot, None)
            for slot in program._limit_slots(None, today)
            if program._gate_is_full(slot, *self._counted(program, slot), 0)
        ]
        for kind, limit, span in (
            ("customer", program.per_customer_limit, program.per_customer_period),
            ("household", program.per_household_limit, program.per_household_period),
        ):
            full = limit and self._count_full(program, kind, limit, span, today)
            if full and kind == "customer":
                found.append(
                    self.env._("%s customers have used it as often as allowed.", full)
                )
            elif full:
                found.append(
                    self.env._("%s households have used it as often as allowed.", full)
                )
        return found

    @api.model
    def _counted(self, program, slot):
        """Return the uses of a limit, and the money given."""
        # As above: uses of everybody count.
        counters = self.env["loyalty.use.counter"].sudo()
        [(uses, amount)] = counters._read_group(
            [
                ("program_id", "=", program.id),
                ("kind", "=", slot.kind),
                ("key", "=", slot.key),
                ("period", "=", slot.period),
            ],
            [],
            ["uses:sum", "amount:sum"],
        )
        return uses or 0, amount or 0.0

    @api.model
    def _count_full(self, program, kind, limit, span, day):
        """Return of how many customers, or households, a limit is reached.

        :param span: length of the period
        :param day: the company's day
        """
        # Whoever switches a program sees what it does to all customers.
        counters = self.env["loyalty.use.counter"].sudo()
        return len(
            counters._read_group(
                [
                    ("program_id", "=", program.id),
                    ("kind", "=", kind),
                    ("period", "=", period_start(span, day)),
                ],
                ["key"],
                having=[("uses:sum", ">=", limit)],
            )
        )

    def _sentences(self, refused, passed):
        """Return what would change, as sentences.

        :param refused: {order name: reasons}, as of `_try_strict`
        :param passed: sentences about limits
        """
        self.ensure_one()
        found = list(passed)
        if self.double_count:
            found.append(
                self.env._(
                    "%s members have several wallets: they are merged into one.",
                    self.double_count,
                )
            )
        if self.negative_count:
            found.append(
                self.env._("%s cards are below zero and stay so.", self.negative_count)
            )
        if self.foreign_count:
            found.append(
                self.env._(
                    "%(count)s uses of the last %(days)s days were by somebody else "
                    "than the owner: such uses are refused.",
                    count=self.foreign_count,
                    days=DAYS_BACK,
                )
            )
        for name, reasons in list(refused.items())[:5]:
            found.append(
                self.env._(
                    "Open order %(order)s: %(reasons)s", order=name, reasons=reasons
                )
            )
        if len(refused) > 5:
            found.append(
                self.env._("%s more open orders would be refused.", len(refused) - 5)
            )
        return found or [
            self.env._("Nothing: no card, use or open order would be refused.")
        ]
