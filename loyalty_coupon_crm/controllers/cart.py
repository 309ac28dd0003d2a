from odoo.http import request


def current_cart():
    """Return the cart of the website's session, which the shop reads as the system.

    The shop is an optional neighbour: without it, or without a cart, that is None. As
    it comes from the session, nobody reaches the cart of somebody else.
    """
    return getattr(request, "cart", None)
