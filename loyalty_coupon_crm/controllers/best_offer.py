from odoo import http
from odoo.http import request

from .cart import current_cart

SAVED = "loyalty_best_offer"


class BestOffer(http.Controller):
    """The customer has the best offer looked for in the website's cart.

    Without a cart nothing is answered.
    """

    @http.route("/shop/best_offer/form", type="jsonrpc", auth="public", website=True)
    def form(self):
        """Return the piece of the cart with the button, "" where nothing can be chosen.

        It says once what the search found.
        """
        cart = current_cart()
        saved = request.session.pop(SAVED, None)
        if not cart or not (saved or cart._loyalty_has_choice()):
            return ""
        return request.env["ir.qweb"]._render(
            "loyalty_coupon_crm.cart_best_offer", {"saved": saved, "request": request}
        )

    @http.route(
        "/shop/best_offer",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def take(self, **_ignored):
        """Put the best combination of discounts on the cart and keep what it saves."""
        cart = current_cart()
        if cart:
            saved = cart._loyalty_take_best() or cart._loyalty_no_best_text()
            request.session[SAVED] = saved
        return request.redirect("/shop/cart")
