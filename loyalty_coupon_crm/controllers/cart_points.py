from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .cart import current_cart


class CartPoints(http.Controller):
    """The customer chooses in the website's cart how many points to spend.

    Without a cart nothing is answered.
    """

    @http.route("/shop/points/choices", type="jsonrpc", auth="public", website=True)
    def choices(self):
        """Return what can be chosen in the cart, each with its piece of the page."""
        cart = current_cart()
        if not cart:
            return []
        return [self._choice(cart, choice) for choice in cart._loyalty_cart_choices()]

    @http.route(
        "/shop/points",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def change(self, line_id=None, loyalty_points=None, **_ignored):
        """Spend another number of points on a reward that is in the cart."""
        cart = current_cart()
        line = cart and cart.order_line.filtered(
            lambda line: str(line.id) == line_id and line.reward_id and line.coupon_id
        )
        if line:
            try:
                cart._loyalty_change_choice(line, loyalty_points)
            except UserError as error:
                # The cart of Odoo's shop shows it.
                request.session["error_promo_code"] = str(error)
        return request.redirect("/shop/cart")

    def _choice(self, cart, choice):
        """Return what the page needs of one choice."""
        currency = cart.currency_id
        piece = request.env["ir.qweb"]._render(
            "loyalty_coupon_crm.cart_points_choice", {**choice, "request": request}
        )
        return {
            "reward_id": choice["reward"].id,
            "code": choice["card"].code,
            "applied": bool(choice["line"]),
            "rate": choice["rate"],
            "limit": choice["limit"],
            "currency": {
                "symbol": currency.symbol,
                "before": currency.position == "before",
                "digits": currency.decimal_places,
            },
            "html": piece,
        }
