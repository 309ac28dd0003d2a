import base64
import hashlib
import hmac
import re
import time

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import file_open

from ..tools import wallet_pass
from .loyalty_card_state_mixin import OPEN_STATES

ICON = "loyalty_coupon_crm/static/description/icon.png"
COLOR = "rgb(113, 75, 103)"


class LoyaltyCardPassMixin(models.AbstractModel):
    """Coupons and member cards in the wallet of a phone."""

    _name = "loyalty.card.pass.mixin"
    _description = "Phone Wallet Passes"

    def _pass_company(self):
        """Return the company that issues the pass, with its certificates."""
        self.ensure_one()
        # Certificates are the administrator's; who asks gets a signature, not a key.
        return (
            self.company_id or self.program_id.company_id or self.env.company
        ).sudo()

    def _is_open(self):
        """Return whether a customer can still use the card."""
        self.ensure_one()
        return bool(
            self.program_id.active and self.active and self.state in OPEN_STATES
        )

    def _pass_token(self):
        """Return the secret part of the address of the card's page."""
        self.ensure_one()
        # The database's secret stays on the server.
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret", "")
        text = f"loyalty.card/{self.id}/{self.code}"
        return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _pass_url(self):
        """Return the address of the card's page, for its customer alone."""
        self.ensure_one()
        return f"{self.get_base_url()}/loyalty/card/{self.id}/{self._pass_token()}"

    def action_open_pass(self):
        """Open the page that the customer can open, too."""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "url": self._pass_url(), "target": "new"}

    def _pass_texts(self):
        """Hook: return what a pass says, in the customer's language.

        :return: dict of `title`, `offer`, `label` and `value` of the balance (empty for
            coupons), `until` (a date or False) and `terms`
        """
        card = self.with_context(lang=self._print_lang())
        program = card.program_id
        wallet = program.is_nominative or program.is_payment_program
        return {
            "title": program.name,
            "offer": ", ".join(card._offer_lines()),
            "label": program.portal_point_name or "",
            "value": card._format_points(card.points).strip() if wallet else "",
            "until": card.expiration_date,
            "terms": "\n".join(card._condition_lines()),
        }

    # Apple

    def _apple_pass(self):
        """Return the card as a file for Apple Wallet, bytes.

        :raise UserError: when the company has no certificate
        """
        self.ensure_one()
        company = self._pass_company()
        if not company._loyalty_has_apple():
            raise UserError(
                self.env._("There is no certificate for Apple Wallet in the settings.")
            )
        with file_open(ICON, "rb") as stream:
            icon = stream.read()
        return wallet_pass.build_apple(
            self._apple_values(company), {"icon.png": icon}, self._sign_pass
        )

    def _sign_pass(self, manifest):
        """Hook: return the signature of a pass, in DER.

        :param manifest: bytes
        """
        company = self._pass_company()
        return wallet_pass.sign_apple(
            manifest,
            base64.b64decode(company.loyalty_apple_certificate),
            base64.b64decode(company.loyalty_apple_key),
            base64.b64decode(company.loyalty_apple_intermediate),
        )

    def _apple_values(self, company):
        """Return the content of `pass.json`."""
        texts = self._pass_texts()
        until = texts["until"]
        rows = {
            "primaryFields": [("offer", "", texts["offer"] or texts["title"])],
            "secondaryFields": [
                ("balance", texts["label"], texts["value"]),
                ("until", self.env._("Valid until"), fields.Date.to_string(until)),
            ],
            "backFields": [("terms", self.env._("Conditions"), texts["terms"])],
        }
        values = {
            "formatVersion": 1,
            "passTypeIdentifier": company.loyalty_apple_pass_type,
            "teamIdentifier": company.loyalty_apple_team,
            "organizationName": company.name,
            "serialNumber": self._pass_serial(),
            "description": texts["title"],
            "logoText": texts["title"],
            "backgroundColor": COLOR,
            "foregroundColor": "rgb(255, 255, 255)",
            "barcodes": [
                {
                    "format": "PKBarcodeFormatQR",
                    "message": self._qr_text(),
                    "messageEncoding": "iso-8859-1",
                    "altText": self.code_grouped,
                }
            ],
            "storeCard" if texts["value"] else "coupon": {
                place: [
                    {"key": key, "label": label, "value": value}
                    for key, label, value in entries
                    if value
                ]
                for place, entries in rows.items()
            },
        }
        if until:
            values["expirationDate"] = self._pass_end(company).isoformat()
        return values

    def _pass_end(self, company):
        """Return the first moment after the last day, in UTC."""
        day = fields.Date.add(self.expiration_date, days=1)
        return pytz.utc.localize(company._loyalty_day_start(day))

    def _pass_serial(self):
        return f"{self.env.cr.dbname}-{self.id}"

    # Google

    def _google_link(self):
        """Return the link that saves the card in Google Wallet.

        :raise UserError: when the company has no account
        """
        self.ensure_one()
        company = self._pass_company()
        if not company._loyalty_has_google():
            raise UserError(
                self.env._("There is no account for Google Wallet in the settings.")
            )
        account = wallet_pass.read_account(company.loyalty_google_account)
        return wallet_pass.google_link(
            account, self._google_payload(company), time.time()
        )

    def _google_payload(self, company):
        """Return classes and objects of Google Wallet for the card."""
        texts = self._pass_texts()
        issuer = company.loyalty_google_issuer
        # Of an id Google takes letters, digits, dots, dashes and underscores.
        database = re.sub(r"[^\w.-]", "_", self.env.cr.dbname, flags=re.ASCII)
        class_id = f"{issuer}.{database}-program-{self.program_id.id}"
        modules = [
            ("offer", "", texts["offer"]),
            ("balance", texts["label"], texts["value"]),
            ("terms", self.env._("Conditions"), texts["terms"]),
        ]
        card = {
            "id": f"{issuer}.{database}-card-{self.id}",
            "classId": class_id,
            "state": "ACTIVE",
            "cardTitle": self._google_text(company.name),
            "header": self._google_text(texts["title"]),
            "hexBackgroundColor": "#714b67",
            "barcode": {
                "type": "QR_CODE",
                "value": self._qr_text(),
                "alternateText": self.code_grouped,
            },
            "textModulesData": [
                {"id": key, "header": label or texts["title"], "body": body}
                for key, label, body in modules
                if body
            ],
        }
        if texts["until"]:
            end = {"date": self._pass_end(company).isoformat()}
            card["validTimeInterval"] = {"end": end}
        return {"genericClasses": [{"id": class_id}], "genericObjects": [card]}

    @api.model
    def _google_text(self, text):
        language = (self.env.lang or "en_US").replace("_", "-")
        return {"defaultValue": {"language": language, "value": text}}
