from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal, pager

from ..models.loyalty_card_state_mixin import OPEN_STATES


class CouponPortal(CustomerPortal):
    """The page on which a customer finds the open coupons, ready to be scanned."""

    @http.route(
        ["/my/coupons", "/my/coupons/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_coupons(self, page=1, **_ignored):
        """Show the customer's open coupons; from now on they count as seen."""
        cards = self._my_coupons()
        pages = pager(
            url="/my/coupons",
            total=cards.search_count(self._coupon_domain()),
            page=page,
            step=self._items_per_page,
        )
        shown = cards.search(
            self._coupon_domain(),
            order="expiration_date, id",
            limit=self._items_per_page,
            offset=pages["offset"],
        )
        shown._mark_seen()
        values = {
            "cards": shown,
            "page_name": "coupons",
            "pager": pages,
            "wallets": cards.search(self._wallet_domain()),
        }
        return request.render("loyalty_coupon_crm.portal_my_coupons", values)

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "coupon_count" in counters:
            values["coupon_count"] = self._my_coupons().search_count(
                self._coupon_domain()
            )
        return values

    def _my_coupons(self):
        # Customers have no right on cards; the domain leaves them their own only.
        return request.env["loyalty.card"].sudo()

    def _coupon_domain(self):
        return [
            *self._own_domain(),
            ("program_id.program_type", "not in", ("loyalty", "ewallet", "gift_card")),
        ]

    def _wallet_domain(self):
        return [
            *self._own_domain(),
            ("program_id.program_type", "in", ("loyalty", "ewallet", "gift_card")),
        ]

    def _own_domain(self):
        return [
            ("partner_id", "=", request.env.user.partner_id.id),
            ("program_id.active", "=", True),
            ("state", "in", OPEN_STATES),
        ]
