from odoo import api, fields, models

from ..tools import codes


class LoyaltyCard(models.Model):
    _name = "loyalty.card"
    _inherit = ["loyalty.wallet.mixin", "loyalty.card"]

    campaign_id = fields.Many2one(
        "loyalty.campaign", index="btree_not_null", readonly=True
    )
    campaign_member_id = fields.Many2one(
        "loyalty.campaign.member",
        index="btree_not_null",
        readonly=True,
    )
    issued_at = fields.Datetime(string="Issued on", readonly=True, copy=False)
    issued_by_id = fields.Many2one(
        "res.users", string="Issued by", readonly=True, copy=False
    )
    first_seen_at = fields.Datetime(string="First Seen on", readonly=True, copy=False)
    used_at = fields.Datetime(string="Used on", readonly=True, copy=False)
    voided_at = fields.Datetime(string="Voided on", readonly=True, copy=False)
    void_reason = fields.Char(readonly=True, copy=False)

    @api.model
    def _generate_code(self):
        """Return a code that cannot be guessed; see `tools/codes.py`."""
        return codes.generate_code()

    @api.model
    def _normalize_code(self, code):
        """Return a code as it is stored, from what was scanned or typed.

        Codes of ours lose the spaces and dashes people type and get their misread
        characters put right; any other code only loses the blanks around it.

        :param code: text as scanned or typed, may be empty
        """
        return codes.normalize_code(code)
