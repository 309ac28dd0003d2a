from odoo import api, fields, models
from odoo.exceptions import UserError

# What is a matter of policy. What was used, is void, is held or has no points left
# nobody can allow, and the money of a budget is not the shop's to give.
ALLOWABLE = {
    "closed",
    "expired",
    "first_order",
    "limit_customer",
    "limit_day",
    "limit_household",
    "limit_period",
    "minimum",
    "no_customer",
    "not_started",
    "segment",
}


class LoyaltyConcession(models.Model):
    """What a manager allowed or gave against the rules: who, to whom, and why.

    Allowed is one use of one card, or of one promotion, on one order.
    """

    _name = "loyalty.concession"
    _description = "Concession of a Manager"
    _order = "id desc"
    _log_access = False
    _rec_name = "reason_id"

    date = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    kind = fields.Selection(
        [("allow", "Refusal allowed"), ("goodwill", "Goodwill coupon")], required=True
    )
    card_id = fields.Many2one("loyalty.card", index="btree_not_null")
    program_id = fields.Many2one(
        "loyalty.program", required=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    shop = fields.Char()
    user_id = fields.Many2one("res.users", string="Asked by", required=True)
    manager_id = fields.Many2one(
        "res.users", string="Granted by", required=True, index=True
    )
    reason_id = fields.Many2one(
        "loyalty.adjust.reason", required=True, ondelete="restrict"
    )
    note = fields.Char()
    reason_codes = fields.Char(
        string="Rules set aside", help="Codes of the reasons that were set aside."
    )
    reasons = fields.Text(string="Refused because")
    holder = fields.Char(
        index="btree_not_null", help="Names the document for which it was allowed."
    )
    redemption_ids = fields.One2many("loyalty.redemption", "concession_id")

    def write(self, vals):
        """Refuse to change a concession.

        :raise UserError: when anything but the customer changes
        """
        if set(vals) - {"partner_id"}:
            raise UserError(self.env._("A concession is never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A concession is never deleted."))

    @api.model
    def _granted(self, holder):
        """Return what was allowed on a document: {(program id, card id): codes}.

        :param holder: key of the document; a use without a card has no card id
        """
        granted = {}
        # Concessions are the gate's to read, whoever asks it.
        for one in self.sudo().search([("holder", "=", holder)]):
            key = (one.program_id.id, one.card_id.id)
            codes = (one.reason_codes or "").split(",")
            granted.setdefault(key, set()).update(codes)
        return granted

    @api.model
    def _of_use(self, document, card):
        """Return the concession under which a card was used on a document, if any."""
        domain = [
            ("holder", "=", document._loyalty_holder()),
            ("program_id", "=", card.program_id.id),
            ("card_id", "in", [card.id, False]),
        ]
        # The redemption names its concession, whoever makes the sale.
        return self.sudo().search(domain, limit=1)
