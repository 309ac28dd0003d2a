from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import float_round

from ..models.loyalty_fact_query import WALLET_TYPES
from ..tools.rounding import POINTS_DIGITS


class LoyaltyPointStatement(models.TransientModel):
    """The points of one customer over a period, on the screen and on paper.

    Also answers what the balance of every wallet was on any day.
    """

    _name = "loyalty.point.statement"
    _description = "Points Statement"

    partner_id = fields.Many2one("res.partner", string="Customer")
    card_ids = fields.Many2many(
        "loyalty.card",
        string="Cards",
        help="Empty for all wallets of the customer.",
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._loyalty_today().replace(month=1, day=1),
    )
    date_to = fields.Date(
        string="To",
        required=True,
        default=lambda self: self.env.company._loyalty_today(),
        help="The last day is included, in the time zone of the company.",
    )
    unknown = fields.Text(
        compute="_compute_unknown",
        help="From which days the balances are known, where that is not the period.",
    )
    line_ids = fields.One2many(
        "loyalty.point.statement.line",
        "statement_id",
        compute="_compute_line_ids",
        # Of the cards that the reader may read, not of all.
        compute_sudo=False,
        store=True,
        readonly=True,
    )

    @api.model
    def default_get(self, fields_list):
        """Start from the contact or the cards on which the statement is asked for."""
        values = super().default_get(fields_list)
        model = self.env.context.get("active_model")
        active_ids = self.env.context.get("active_ids") or []
        if model == "res.partner" and active_ids:
            values["partner_id"] = active_ids[0]
        elif model == "loyalty.card" and active_ids:
            cards = self.env["loyalty.card"].browse(active_ids).exists()
            partner = cards.partner_id[:1]
            cards = cards.filtered(lambda card: card.partner_id == partner)
            values["partner_id"] = partner.id
            values["card_ids"] = [Command.set(cards.ids)]
        return values

    @api.depends("partner_id", "card_ids", "date_from", "date_to")
    def _compute_line_ids(self):
        for statement in self:
            statement.line_ids = [
                Command.clear(),
                *(Command.create(values) for values in statement._prepare_lines()),
            ]

    @api.depends("line_ids")
    def _compute_unknown(self):
        for statement in self:
            late = statement.line_ids.filtered("known_from")
            statement.unknown = "\n".join(late.mapped("unknown")) or False

    def action_show_moves(self):
        """Open the movements of the period."""
        self.ensure_one()
        self._check_period()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_point_move_action"
        )
        action["domain"] = list(self._period_domain(self._cards()))
        return action

    def action_print(self):
        """Print the statement.

        :raise UserError: when there is nothing to print
        """
        self.ensure_one()
        self._check_period()
        if not self._cards():
            raise UserError(
                self.env._("Choose a customer who has a wallet, or a card.")
            )
        report = self.env.ref("loyalty_coupon_crm.report_point_statement")
        return report.report_action(self)

    def _check_period(self):
        if self.date_from > self.date_to:
            raise UserError(
                self.env._(
                    "The statement would start on %(start)s and end before, on "
                    "%(end)s. Exchange the days.",
                    start=self.date_from,
                    end=self.date_to,
                )
            )

    def _cards(self):
        """Return the cards of the statement, archived ones included."""
        self.ensure_one()
        if self.card_ids:
            return self.card_ids._origin
        if not self.partner_id:
            return self.env["loyalty.card"]
        # The commercial partner of a readable contact may not be readable itself.
        customer = self.partner_id.sudo().commercial_partner_id
        cards = self.env["loyalty.card"].with_context(active_test=False)
        return cards.search(
            [
                ("partner_id", "child_of", customer.id),
                ("program_type", "in", WALLET_TYPES),
            ],
            order="program_id, id",
        )

    def _period_domain(self, cards):
        """Return the domain of the movements of the period on these cards."""
        company = self.company_id or self.env.company
        start = company._loyalty_day_start(self.date_from)
        end = company._loyalty_day_start(fields.Date.add(self.date_to, days=1))
        return (
            Domain("card_id", "in", cards.ids)
            & Domain("date", ">=", start)
            & Domain("date", "<", end)
        )

    def _prepare_lines(self):
        """Return values of a line per card: balances and sums of the period.

        Where a card is known from a day within the period only, its opening balance is
        that of this day. What other companies moved on a shared wallet counts.
        """
        self.ensure_one()
        cards = self._cards()._filtered_access("read")
        if not cards or not self.date_from or not self.date_to:
            return []
        day_before = fields.Date.subtract(self.date_from, days=1)
        opening = cards._balance_on(day_before)
        closing = cards._balance_on(self.date_to)
        first = cards._known_from()
        moves = self.env["loyalty.point.move"].sudo()
        period = self._period_domain(cards)
        period &= Domain("id", "not in", moves.concat(*first.values()).ids)
        added, taken = (
            {
                card.id: points
                for card, points in moves._read_group(
                    period & sign, ["card_id"], ["points:sum"]
                )
            }
            for sign in (Domain("points", ">", 0), Domain("points", "<", 0))
        )
        lines = []
        for card in cards:
            start = opening[card.id]
            if start is None and closing[card.id] is not None:
                start = sum(first[card].mapped("points"))
            lines.append(
                {
                    "card_id": card.id,
                    "opening": start or 0.0,
                    "added": added.get(card.id, 0.0),
                    "taken": taken.get(card.id, 0.0),
                    "closing": closing[card.id] or 0.0,
                    "is_known": closing[card.id] is not None,
                    "known_from": self._day_of(first[card][0])
                    if opening[card.id] is None
                    else False,
                }
            )
        return lines

    def _day_of(self, move):
        """Return the day of a movement in the company's time zone."""
        company = move.card_id.company_id or self.company_id or self.env.company
        return company._loyalty_today(move.date)

    def _card_sections(self):
        """Return what the printed statement says of each card.

        Movements of companies that the reader does not work in are not shown, but they
        are in the balances.

        :return: list of dicts with `card`, `opening`, `closing`, `is_known`,
            `known_from` and `rows`, dicts of `move`, `document` (its name) and
            `balance` after it
        """
        self.ensure_one()
        cards = self._cards()._filtered_access("read")
        moves = self.env["loyalty.point.move"].sudo()
        first = moves.concat(*cards._known_from().values())
        domain = self._period_domain(cards) & Domain("id", "not in", first.ids)
        moves = moves.search(domain, order="id")
        shown = moves.sudo(False)._filtered_access("read")
        names = shown._document_names()
        by_card = moves.grouped(lambda move: move.card_id.id)
        sections = []
        for values in self._prepare_lines():
            card = self.env["loyalty.card"].browse(values["card_id"])
            balance, rows = values["opening"], []
            for move in by_card.get(card.id, ()):
                balance = float_round(
                    balance + move.points, precision_digits=POINTS_DIGITS
                )
                if move not in shown:
                    continue
                rows.append(
                    {
                        "move": move.sudo(False),
                        "document": names.get((move.order_model, move.order_id), ""),
                        "balance": balance,
                    }
                )
            sections.append(
                {
                    "card": card,
                    "opening": values["opening"],
                    "closing": values["closing"],
                    "is_known": values["is_known"],
                    "known_from": values["known_from"],
                    "rows": rows,
                }
            )
        return sections

    def _print_lang(self):
        """Return the language of the statement: the customer's."""
        self.ensure_one()
        return self.partner_id.lang or self.env.lang
