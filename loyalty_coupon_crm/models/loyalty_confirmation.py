import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

CODE_DIGITS = 6
CODE_MINUTES = 5
CODE_TRIES = 5
CODES_PER_HOUR = 5


class LoyaltyConfirmation(models.Model):
    """One time that a member was asked to confirm what is spent on one document.

    By the PIN of the member, or by a code that was sent and counts for a few minutes
    and tries. Confirmed is an amount: who spends more asks again.
    """

    _name = "loyalty.confirmation"
    _description = "Confirmation by a Member"
    _order = "id desc"
    _log_access = False
    _rec_name = "partner_id"

    date = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Member", required=True, ondelete="cascade", index=True
    )
    method = fields.Selection(
        [("pin", "PIN"), ("sms", "Text Message"), ("email", "E-mail")], required=True
    )
    amount = fields.Monetary(help="What coupons and points may pay, with taxes.")
    currency_id = fields.Many2one("res.currency", required=True)
    confirmed_at = fields.Datetime(string="Confirmed on")
    expires_at = fields.Datetime(string="Code valid until")
    tries = fields.Integer(string="Wrong Codes")
    code_hash = fields.Char(groups=fields.NO_ACCESS, prefetch=False)
    company_id = fields.Many2one("res.company", required=True, index=True)
    shop = fields.Char()
    user_id = fields.Many2one("res.users", string="Asked by", required=True)
    holder = fields.Char(
        required=True, index=True, help="Names the document that is confirmed."
    )

    @api.model
    def _send_code(self, method, vals):
        """Send a member a code that confirms an amount on a document.

        :param method: `sms` or `email`
        :param vals: values of the row
        :raise UserError: when the member cannot be reached, or got too many codes
        """
        partner = self.env["res.partner"].browse(vals["partner_id"])
        hour_ago = fields.Datetime.now() - timedelta(hours=1)
        sent = self.search_count(
            [
                ("partner_id", "=", partner.id),
                ("method", "!=", "pin"),
                ("date", ">", hour_ago),
            ]
        )
        if sent >= CODES_PER_HOUR:
            raise UserError(
                self.env._(
                    "%(member)s got %(count)s codes within an hour. Ask for the PIN, "
                    "or take the reward off the order.",
                    member=partner.name,
                    count=sent,
                )
            )
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        context = self.env["res.users"]._crypt_context()
        row = self.create(
            {
                **vals,
                "method": method,
                "code_hash": context.hash(code),
                "expires_at": fields.Datetime.now() + timedelta(minutes=CODE_MINUTES),
            }
        )
        getattr(row.with_context(lang=partner.lang), f"_send_by_{method}")(code)

    def _code_text(self, code):
        """Return what the member reads, in the language of the record."""
        return self.env._(
            "%(code)s confirms that %(amount)s are paid with your coupons and points "
            "at %(shop)s. Tell it nobody but the cashier. It is valid for %(minutes)s "
            "minutes.",
            code=code,
            amount=format_amount(self.env, self.amount, self.currency_id),
            shop=self.shop or self.company_id.name,
            minutes=CODE_MINUTES,
        )

    def _send_by_sms(self, code):
        number = self.partner_id._phone_format(fname="phone")
        if not number:
            raise UserError(self.env._("%s has no phone number.", self.partner_id.name))
        self.env["sms.sms"].create(
            {
                "number": number,
                "body": self._code_text(code),
                "partner_id": self.partner_id.id,
            }
        )
        # Sent when this is committed, without the cashier waiting for it.
        self.env.ref("sms.ir_cron_sms_scheduler_action")._trigger()

    def _send_by_email(self, code):
        if not self.partner_id.email:
            raise UserError(
                self.env._("%s has no e-mail address.", self.partner_id.name)
            )
        self.env["mail.mail"].create(
            {
                "subject": self.env._("Your code for %s", self.company_id.name),
                "body_html": self._code_text(code),
                "email_from": self.company_id.email_formatted
                or self.env.user.email_formatted,
                "email_to": self.partner_id.email_formatted,
                "auto_delete": True,
            }
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    @api.model
    def _confirm_code(self, holder, partner, code):
        """Confirm what a code was sent for.

        :return: why the code is not accepted, as a sentence, or None
        """
        row = self.search(
            [
                ("holder", "=", holder),
                ("partner_id", "=", partner.id),
                ("method", "!=", "pin"),
            ],
            limit=1,
        )
        if not row or row.confirmed_at or row.expires_at < fields.Datetime.now():
            return self.env._("No code is valid any more. Send a new one.")
        if row.tries >= CODE_TRIES:
            return self.env._("Too many wrong codes. Send a new one.")
        context = self.env["res.users"]._crypt_context()
        if not context.verify(str(code or ""), row.code_hash):
            row.tries += 1
            return self.env._("This is not the code that was sent.")
        row.write({"confirmed_at": fields.Datetime.now(), "code_hash": False})
        return None

    @api.model
    def _confirm_pin(self, pin, vals):
        """Confirm an amount by the PIN of the member.

        :param vals: values of the row
        :return: why the PIN is not accepted, as a sentence, or None
        """
        partner = self.env["res.partner"].browse(vals["partner_id"])
        problem = partner._loyalty_pin_problem(pin)
        if not problem:
            now = fields.Datetime.now()
            self.create({**vals, "method": "pin", "confirmed_at": now})
        return problem

    @api.model
    def _confirmed_amount(self, holder, partner):
        """Return the amount that a member confirmed on a document, 0 for none."""
        rows = self.search(
            [
                ("holder", "=", holder),
                ("partner_id", "=", partner.id),
                ("confirmed_at", "!=", False),
            ]
        )
        return max(rows.mapped("amount"), default=0.0)

    @api.autovacuum
    def _gc_unconfirmed(self):
        """Remove codes that nobody entered, after a month."""
        old = self.search(
            [("confirmed_at", "=", False), ("date", "<", "-30d")], limit=10000
        )
        old.unlink()
        return len(old), len(old) == 10000
