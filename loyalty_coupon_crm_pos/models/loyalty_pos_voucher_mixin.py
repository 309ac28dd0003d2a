from odoo import api, fields, models


class LoyaltyPosVoucherMixin(models.AbstractModel):
    """The public keys with which a till checks signed vouchers by itself."""

    _name = "loyalty.pos.voucher.mixin"
    _description = "Signed Codes at the Till"

    loyalty_voucher_keys = fields.Json(
        string="Signing Keys",
        compute="_compute_loyalty_voucher_keys",
        help="Public keys of signed codes that the till accepts without connection.",
    )

    @api.depends("company_id", "loyalty_offline")
    def _compute_loyalty_voucher_keys(self):
        keys = self.env["loyalty.voucher.key"]
        for till in self:
            trusted = {}
            if till.loyalty_offline != "refuse":
                trusted = keys._trusted(till.company_id.sudo().parent_ids)
            till.loyalty_voucher_keys = trusted
