from odoo import fields, models

from ..tools import vouchers


class LoyaltyCardVoucherMixin(models.AbstractModel):
    """What the QR code of a card says: its code, signed where a till shall check it."""

    _name = "loyalty.card.voucher.mixin"
    _description = "Signed Codes"

    def _qr_text(self):
        """Return the text of the card's QR code.

        A coupon that can be used is signed when its program says so. Wallets are not:
        what is on them changes every day.
        """
        self.ensure_one()
        program = self.program_id
        if (
            not program.signed_codes
            or program.is_nominative
            or self.voided_at
            or self.points <= 0
            or not self._origin.id
        ):
            return self.code
        key = self.env["loyalty.voucher.key"]._current(program.company_id)
        personal = self.partner_id and not program.transferable
        voucher = vouchers.Voucher(
            self.code,
            key.id,
            self._origin.id,
            program.id,
            self.points,
            fields.Date.to_string(self.expiration_date or program.date_to),
            self.partner_id.id if personal else 0,
        )
        return key._sign(voucher)
