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
        """Put the best combination of discounts on the cart and keep what it saves.

        Who searches too often is told to wait.
        """
        cart = current_cart()
        if cart:
            request.session[SAVED] = self._search(cart)
        return request.redirect("/shop/cart")

    def _search(self, cart):
        """Return what the best combination saves, or why it is not searched."""
        # Visitors have no right on what is counted about them.
        throttle = request.env["loyalty.throttle"].sudo()
        if throttle._searches_locked_until():
            return request.env._(
                "The best offer was searched very often. Try again in a few minutes."
            )
        throttle._note_search()
        return cart._loyalty_take_best() or cart._loyalty_no_best_text()
