from odoo import api, fields, models
from odoo.tools import SQL

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
        string="Open Quotations",
        compute="_compute_changes",
        help="Quotations and carts whose coupon of the program would be refused now.",
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
            refused = self._refused_orders(program)
            line.order_count = len(refused)
            line.changes = "\n".join(line._sentences(refused))

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
    def _refused_orders(self, program):
        """Return {order name: reasons} of open orders that would be refused.

        The gate is asked as if the program were strict, and nothing of it stays.
        """
        refused = {}
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
        if not orders:
            return refused
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(
                    SQL(
                        "UPDATE loyalty_program SET strict = TRUE WHERE id = %s",
                        program.id,
                    )
                )
                program.invalidate_recordset(["strict"])
                for order in orders:
                    reasons = self._reasons(order, program)
                    if reasons:
                        refused[order.display_name] = reasons
                raise UndoError
        except UndoError:
            program.invalidate_recordset(["strict"])
        return refused

    @api.model
    def _reasons(self, order, program):
        """Return why the gate would refuse the cards of a program on an order."""
        cards = order.order_line.coupon_id.filtered(
            lambda card: card.program_id == program
        )
        return " ".join(
            message
            for card in cards
            for _code, message in order._loyalty_blockers(card)
        )

    def _sentences(self, refused):
        """Return what would change, as sentences."""
        self.ensure_one()
        found = []
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
                    "Quotation %(order)s: %(reasons)s", order=name, reasons=reasons
                )
            )
        if len(refused) > 5:
            found.append(
                self.env._("%s more quotations would be refused.", len(refused) - 5)
            )
        return found or [
            self.env._("Nothing: no card, use or quotation would be refused.")
        ]
