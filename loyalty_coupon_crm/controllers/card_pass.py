from werkzeug.exceptions import BadRequest, NotFound

from odoo import http
from odoo.http import request
from odoo.tools import consteq

from ..tools import wallet_pass
from ..tools.answer_time import ANSWER_SECONDS, wait_for_full


class CardPass(http.Controller):
    """A card's own page, and the card as a file for the wallet of a phone.

    Whoever has the address with its token may see it, as whoever has the paper may.
    Without token the customer has to be logged in. Cards of others, and cards that
    cannot be used any more, look as if there were none.
    """

    @http.route(
        ["/my/coupons/<int:card_id>", "/loyalty/card/<int:card_id>/<string:token>"],
        type="http",
        auth="public",
        website=True,
        sitemap=False,
    )
    def card_page(self, card_id, token=None, **_ignored):
        """Show the QR code of a card, and what a phone can save."""
        card = self._card(card_id, token)
        card._mark_seen()
        if token:
            card.campaign_member_ids._note_followed()
        values = {"card": card, "page_name": "coupon", "token": token or ""}
        return request.render("loyalty_coupon_crm.portal_card_pass", values)

    @http.route(
        [
            "/my/coupons/<int:card_id>/apple",
            "/loyalty/card/<int:card_id>/<string:token>/apple",
        ],
        type="http",
        auth="public",
        sitemap=False,
    )
    def card_apple(self, card_id, token=None, **_ignored):
        """Return the card as a file for Apple Wallet."""
        card = self._card(card_id, token)
        if not card._pass_company()._loyalty_has_apple():
            raise NotFound()
        headers = [
            ("Content-Type", wallet_pass.APPLE_TYPE),
            ("Content-Disposition", http.content_disposition(f"{card.code}.pkpass")),
            ("Cache-Control", "no-store"),
        ]
        return request.make_response(card._apple_pass(), headers)

    @http.route(
        [
            "/my/coupons/<int:card_id>/google",
            "/loyalty/card/<int:card_id>/<string:token>/google",
        ],
        type="http",
        auth="public",
        sitemap=False,
    )
    def card_google(self, card_id, token=None, **_ignored):
        """Lead to the page on which Google saves the card."""
        card = self._card(card_id, token)
        if not card._pass_company()._loyalty_has_google():
            raise NotFound()
        return request.redirect(card._google_link(), local=False)

    def _card(self, card_id, token):
        """Return a card that the visitor may see.

        :param token: secret part of the address, None for a customer who is logged in
        :raise NotFound: for any other card
        :raise BadRequest: for a token that cannot be one
        """
        if "\x00" in (token or ""):
            # Odoo looks for a page with the address of what is not found, and the
            # database takes no such text.
            raise BadRequest()
        # Customers have no right on cards; what follows leaves them their own only.
        card = request.env["loyalty.card"].sudo().browse(card_id).exists()
        if not self._may_see(card, token):
            # The time must not tell whether there is such a card.
            wait_for_full(ANSWER_SECONDS)
            raise NotFound()
        return card

    def _may_see(self, card, token):
        """Return whether a card can still be used, and is the visitor's."""
        if not card or not card.code or not card._is_open():
            return False
        if token is not None:
            return token.isascii() and consteq(card._pass_token(), token)
        user = request.env.user
        return not user._is_public() and card.partner_id == user.partner_id
