from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import format_date

BOOKKEEPER = "account.group_account_invoice"
ACCOUNT_DOMAIN = (
    "[('company_ids', 'parent_of', company_id), ('account_type', 'not in', "
    "('asset_receivable', 'liability_payable', 'off_balance'))]"
)


class LoyaltyLiabilityPropose(models.TransientModel):
    """Propose the journal entry of a period's points, as a draft (IFRS 15).

    The bookkeeper reads it and posts it, or deletes it.
    """

    _name = "loyalty.liability.propose"
    _description = "Propose Entries of Points"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date = fields.Date(
        string="At the End of",
        required=True,
        default=lambda self: self._default_date(),
        help="The last day of the period, in the company's time zone.",
    )
    program_ids = fields.Many2many(
        "loyalty.program",
        string="Programs",
        compute="_compute_program_ids",
        store=True,
        readonly=False,
        domain="[('program_type', '=', 'loyalty'), "
        "('company_id', 'in', [False, company_id])]",
        context={"active_test": False},
        help="Points cards whose points have a value; archived ones as long as the "
        "books owe something for them.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        compute="_compute_accounts",
        store=True,
        readonly=False,
        domain="[('type', '=', 'general'), ('company_id', 'parent_of', company_id)]",
    )
    revenue_account_id = fields.Many2one(
        "account.account",
        required=True,
        compute="_compute_accounts",
        store=True,
        readonly=False,
        domain=ACCOUNT_DOMAIN,
        help="Revenue of the sales that earn points: what is deferred is taken from "
        "it, what is recognised goes back to it.",
    )
    liability_account_id = fields.Many2one(
        "account.account",
        string="Contract Liability Account",
        required=True,
        compute="_compute_accounts",
        store=True,
        readonly=False,
        domain=ACCOUNT_DOMAIN,
        help="Where the points that customers can still spend are owed.",
    )

    @api.model
    def _default_date(self):
        today = self.env.company._loyalty_today()
        return today.replace(day=1) - relativedelta(days=1)

    @api.depends("company_id")
    def _compute_program_ids(self):
        rows = self.env["loyalty.point.liability"]
        for wizard in self:
            programs = rows._valued_programs(wizard.company_id)
            latest = rows._latest(wizard.company_id, programs)
            owed = {program for program, row in latest.items() if row.amount}
            wizard.program_ids = programs.filtered(
                lambda program, owed=owed: program.active or program in owed
            )

    @api.depends("company_id")
    def _compute_accounts(self):
        """Take the accounts of the last proposal."""
        for wizard in self:
            last = self.env["loyalty.point.liability"].search(
                [("company_id", "=", wizard.company_id.id), ("move_id", "!=", False)],
                limit=1,
            )
            move = last.move_id
            lines = move.line_ids
            owed = lines.filtered(lambda line: line.loyalty_liability_id)
            wizard.journal_id = move.journal_id or self.env["account.journal"].search(
                [
                    ("type", "=", "general"),
                    ("company_id", "=", wizard.company_id.id),
                ],
                limit=1,
            )
            wizard.liability_account_id = owed.account_id[:1]
            wizard.revenue_account_id = (lines - owed).account_id[:1]

    def action_propose(self):
        """Write the liabilities of the day and one draft entry for all programs.

        :return: the action that opens the entry, or the rows when nothing is to post
        :raise AccessError: for others than bookkeepers
        :raise UserError: when the day is not over, a program has no value, or a later
            day was proposed already
        """
        self.ensure_one()
        if not self.env.user.has_group(BOOKKEEPER):
            raise AccessError(
                self.env._("Only bookkeepers propose the entries of points.")
            )
        self.company_id.check_access("read")
        self._check_period()
        # Bookkeepers need not read wallets and purchases; they get sums.
        rows = self.env["loyalty.point.liability"].sudo()
        rows = rows.create(
            rows._prepare(self.company_id, self.program_ids.sudo(), self.date)
        )
        move = self._create_move(rows)
        if not move:
            return self._open_rows(rows)
        rows.move_id = move
        return rows[:1].action_open_move()

    def _check_period(self):
        """Refuse periods and programs that give no sum."""
        company = self.company_id
        if self.date >= company._loyalty_today():
            raise UserError(
                self.env._(
                    "%(day)s is not over yet: choose a day before today.",
                    day=format_date(self.env, self.date),
                )
            )
        if not self.program_ids:
            raise UserError(self.env._("Choose a program whose points have a value."))
        latest = (
            self.env["loyalty.point.liability"]
            .sudo()
            ._latest(company, self.program_ids)
        )
        for program in self.program_ids:
            if not program.points_value:
                raise UserError(
                    self.env._(
                        "The points of %(program)s have no value: enter one on the "
                        "program first.",
                        program=program.name,
                    )
                )
            if program.company_id and program.company_id != company:
                raise UserError(
                    self.env._(
                        "%(program)s is not a program of %(company)s.",
                        program=program.name,
                        company=company.name,
                    )
                )
            if program in latest and latest[program].date >= self.date:
                raise UserError(
                    self.env._(
                        "The points of %(program)s are told up to %(day)s already: "
                        "choose a later day, or delete that draft entry.",
                        program=program.name,
                        day=format_date(self.env, latest[program].date),
                    )
                )

    def _create_move(self, rows):
        """Return the draft entry of new rows, none when nothing changed.

        :param rows: `loyalty.point.liability` records
        """
        lines = [line for row in rows for line in self._prepare_move_lines(row)]
        if not lines:
            return self.env["account.move"]
        return (
            self.env["account.move"]
            .with_company(self.company_id)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": self.journal_id.id,
                    "date": self.date,
                    "ref": self.env._(
                        "Points up to %(day)s", day=format_date(self.env, self.date)
                    ),
                    "line_ids": [Command.create(line) for line in lines],
                }
            )
        )

    def _prepare_move_lines(self, row):
        """Return the lines of one program: what is deferred, what is recognised."""
        deferred = self.env._(
            "%(program)s: %(points)s points earned",
            program=row.program_id.name,
            points=round(row.earned, 2),
        )
        recognised = self.env._(
            "%(program)s: %(redeemed)s of %(expected)s points redeemed",
            program=row.program_id.name,
            redeemed=round(row.redeemed_total, 2),
            expected=round(row.expected_total, 2),
        )
        return [
            *self._prepare_pair(row, deferred, row.allocated),
            *self._prepare_pair(row, recognised, -row.recognised),
        ]

    def _prepare_pair(self, row, name, amount):
        """Return two lines that move an amount from revenue to the liability.

        :param amount: company currency; below zero the other way round
        """
        if row.currency_id.is_zero(amount):
            return []
        return [
            {
                "name": name,
                "account_id": self.revenue_account_id.id,
                "debit": max(0.0, amount),
                "credit": max(0.0, -amount),
            },
            {
                "name": name,
                "account_id": self.liability_account_id.id,
                "debit": max(0.0, -amount),
                "credit": max(0.0, amount),
                "loyalty_liability_id": row.id,
            },
        ]

    def _open_rows(self, rows):
        """Return the action that shows rows for which there is nothing to post."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_point_liability_action"
        )
        return {**action, "domain": [("id", "in", rows.ids)], "context": {}}
