import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import wallet_pass

APPLE_FIELDS = (
    "loyalty_apple_certificate",
    "loyalty_apple_key",
    "loyalty_apple_intermediate",
    "loyalty_apple_pass_type",
    "loyalty_apple_team",
)


class LoyaltyCompanyPassMixin(models.AbstractModel):
    """With what a company signs the passes of phone wallets."""

    _name = "loyalty.company.pass.mixin"
    _description = "Phone Wallets of a Company"

    loyalty_apple_pass_type = fields.Char(
        string="Pass Type ID",
        help="Identifier of the pass type at Apple, for example pass.com.example.",
    )
    loyalty_apple_team = fields.Char(
        string="Team ID", help="Identifier of your team at Apple, ten characters."
    )
    loyalty_apple_certificate = fields.Binary(
        string="Pass Certificate",
        attachment=False,
        groups="base.group_system",
        help="Certificate of the pass type, as PEM file.",
    )
    loyalty_apple_key = fields.Binary(
        string="Private Key",
        attachment=False,
        groups="base.group_system",
        help="Private key of the certificate without password, as PEM file.",
    )
    loyalty_apple_intermediate = fields.Binary(
        string="Apple's WWDR Certificate",
        attachment=False,
        groups="base.group_system",
        help="Intermediate certificate of Apple that issued yours, as PEM file.",
    )
    loyalty_google_issuer = fields.Char(
        string="Issuer ID", help="Identifier of your issuer account at Google Wallet."
    )
    loyalty_google_account = fields.Text(
        string="Service Account",
        groups="base.group_system",
        help="Content of the JSON file that Google gives for the service account.",
    )

    def _loyalty_has_apple(self):
        """Return whether passes for Apple Wallet can be signed."""
        self.ensure_one()
        return all(self[name] for name in APPLE_FIELDS)

    def _loyalty_has_google(self):
        """Return whether links for Google Wallet can be signed."""
        self.ensure_one()
        return bool(self.loyalty_google_issuer and self.loyalty_google_account)

    @api.constrains(*APPLE_FIELDS)
    def _check_loyalty_apple(self):
        for company in self.filtered(lambda company: company._loyalty_has_apple()):
            try:
                wallet_pass.check_apple(
                    *(base64.b64decode(company[name]) for name in APPLE_FIELDS[:3])
                )
            except (ValueError, TypeError, binascii.Error) as error:
                raise ValidationError(
                    self.env._(
                        "Passes for Apple Wallet cannot be signed with these files: "
                        "%(reason)s. Upload the certificate of the pass type, its key "
                        "without password and Apple's WWDR certificate, as PEM files.",
                        reason=error,
                    )
                ) from error

    @api.constrains("loyalty_google_account")
    def _check_loyalty_google(self):
        for company in self.filtered("loyalty_google_account"):
            try:
                wallet_pass.read_account(company.loyalty_google_account)
            except (ValueError, TypeError) as error:
                raise ValidationError(
                    self.env._(
                        "This is no service account of Google: %(reason)s. Paste the "
                        "whole JSON file of the account.",
                        reason=error,
                    )
                ) from error
