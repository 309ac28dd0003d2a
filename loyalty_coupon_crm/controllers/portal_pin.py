from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class PinPortal(CustomerPortal):
    """The page on which members set the PIN that they type at the till."""

    @http.route("/my/loyalty-pin", type="http", auth="user", website=True)
    def portal_my_loyalty_pin(self, pin=None, pin_again=None, **_ignored):
        """Show the form; a posted PIN becomes the member's own."""
        partner = request.env.user.partner_id
        values = {"page_name": "loyalty_pin", "problem": "", "saved": False}
        if request.httprequest.method == "POST":
            values["problem"] = self._save_pin(partner, pin or "", pin_again or "")
            values["saved"] = not values["problem"]
        values["has_pin"] = bool(partner._loyalty_pin_hash())
        return request.render("loyalty_coupon_crm.portal_my_loyalty_pin", values)

    def _save_pin(self, partner, pin, again):
        """Set the PIN of a member; return what is wrong, empty when it is set."""
        if pin != again:
            return request.env._("The two PINs differ. Type the same one two times.")
        try:
            partner._loyalty_set_pin(pin.strip())
        except UserError as error:
            return str(error)
        return ""
