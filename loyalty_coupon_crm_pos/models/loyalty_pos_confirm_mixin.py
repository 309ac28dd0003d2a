from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_coupon_crm.tools.masked import masked_email, masked_phone


class LoyaltyPosConfirmMixin(models.AbstractModel):
    """How a member confirms at the till what coupons and points pay.

    The server keeps what was confirmed, and refuses the payment without it.
    """

    _name = "loyalty.pos.confirm.mixin"
    _description = "Confirmation at the Till"

    def confirm_choices(self, partner_id):
        """Return how a member can confirm.

        :param partner_id: id of the member
        :return: dict of `name`, `pin` (bool), `sms` and `email` (where a code goes to,
            mostly hidden; empty for nowhere)
        """
        self.ensure_one()
        partner = self._loyalty_member(partner_id)
        return {
            "name": partner.name,
            "pin": bool(partner._loyalty_pin_hash()),
            "sms": masked_phone(partner._phone_format(fname="phone") or ""),
            "email": masked_email(partner.email_normalized),
        }

    def send_confirm_code(self, uuid, partner_id, amount, method):
        """Send a member a code.

        :param uuid: uuid of the order, as the till made it
        :param partner_id: id of the member
        :param amount: what is to be confirmed, in the currency of the till
        :param method: `sms` or `email`
        :return: True
        :raise UserError: when the member cannot be reached, or got too many codes
        """
        self.ensure_one()
        if method not in ("sms", "email"):
            raise UserError(self.env._("Choose how the code is to be sent."))
        # Confirmations are written by this flow alone.
        confirmations = self.env["loyalty.confirmation"].sudo()
        confirmations._send_code(method, self._confirm_vals(uuid, partner_id, amount))
        return True

    def confirm_member(self, uuid, partner_id, amount, method, secret):
        """Take the PIN or the code of a member.

        :param uuid: uuid of the order, as the till made it
        :param partner_id: id of the member
        :param amount: what is to be confirmed, in the currency of the till; a code
            confirms the amount it was sent for
        :param method: `pin`, `sms` or `email`
        :param secret: what the member says or types
        :return: dict of `amount` confirmed and `message`, what is wrong
        """
        self.ensure_one()
        # Confirmations are written by this flow alone.
        confirmations = self.env["loyalty.confirmation"].sudo()
        vals = self._confirm_vals(uuid, partner_id, amount)
        partner = self._loyalty_member(partner_id)
        if method == "pin":
            problem = confirmations._confirm_pin(secret, vals)
        else:
            problem = confirmations._confirm_code(vals["holder"], partner, secret)
        confirmed = confirmations._confirmed_amount(vals["holder"], partner)
        return {"amount": confirmed, "message": problem or ""}

    def _loyalty_member(self, partner_id):
        """Return a customer by what the till claims.

        :raise UserError: when there is none
        """
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        if not partner:
            raise UserError(self.env._("Choose the customer on the order first."))
        return partner

    def _confirm_vals(self, uuid, partner_id, amount):
        """Return the values of a confirmation."""
        return {
            "holder": self._loyalty_holder_of(uuid),
            "partner_id": self._loyalty_member(partner_id).id,
            "amount": self.currency_id.round(float(amount)),
            "currency_id": self.currency_id.id,
            "company_id": self.company_id.id,
            "shop": self.name,
            "user_id": self.env.uid,
        }
