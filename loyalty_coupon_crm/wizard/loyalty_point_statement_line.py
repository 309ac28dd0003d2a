from odoo import api, fields, models
from odoo.tools import format_date


class LoyaltyPointStatementLine(models.TransientModel):
    """One wallet on a points statement."""

    _name = "loyalty.point.statement.line"
    _description = "Wallet on a Points Statement"

    statement_id = fields.Many2one(
        "loyalty.point.statement", required=True, ondelete="cascade"
    )
    card_id = fields.Many2one("loyalty.card", required=True, readonly=True)
    program_id = fields.Many2one(related="card_id.program_id")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    opening = fields.Float(
        string="Opening Balance",
        readonly=True,
        help="Balance at the end of the day before the period, in points.",
    )
    added = fields.Float(readonly=True, help="Points added within the period.")
    taken = fields.Float(readonly=True, help="Points taken within the period.")
    closing = fields.Float(
        string="Closing Balance",
        readonly=True,
        help="Balance at the end of the last day, in points.",
    )
    is_known = fields.Boolean(readonly=True, default=True)
    known_from = fields.Date(
        readonly=True,
        help="First day whose balance is known, when the period begins before.",
    )
    unknown = fields.Char(compute="_compute_unknown")
    pending_points = fields.Float(related="card_id.pending_points")
    next_expiry_points = fields.Float(
        related="card_id.next_expiry_points", string="Lapsing Next"
    )
    next_expiry_date = fields.Date(related="card_id.next_expiry_date")

    @api.depends("known_from", "card_id")
    def _compute_unknown(self):
        for line in self:
            line.unknown = line.known_from and self.env._(
                "The balance of %(code)s is known from %(day)s: earlier movements were "
                "archived, or made before the ledger began.",
                code=line.card_id.code_grouped,
                day=format_date(self.env, line.known_from),
            )
