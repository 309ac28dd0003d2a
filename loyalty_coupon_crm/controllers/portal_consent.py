from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.loyalty_consent import PURPOSES


class ConsentPortal(CustomerPortal):
    """The page on which a customer sees and changes what he consents to."""

    @http.route(
        "/my/consent", type="http", auth="user", website=True, methods=["GET", "POST"]
    )
    def portal_my_consent(self, **form):
        """Show what holds, or note what the customer decided."""
        partner = request.env.user.partner_id
        company = request.env.company
        # Customers have no right on the rows; only their own are asked for.
        consents = request.env["loyalty.consent"].sudo()
        labels = dict(consents._fields["purpose"]._description_selection(request.env))
        saved = request.httprequest.method == "POST"
        keys = [key for key, _label in PURPOSES]
        held = consents._last(partner, keys, company)
        # Without a decision, what campaigns take for one; the setting itself is the
        # company's.
        asked = company.sudo().loyalty_consent_required
        unasked = {"email": not asked, "sms": not asked}
        if saved:
            for key in keys:
                now = bool(form.get(key))
                if now != held.get((partner.id, key), unasked.get(key, True)):
                    consents._note(
                        partner,
                        {key: now},
                        company_id=company.id,
                        source="portal",
                        wording=labels[key],
                    )
            held = consents._last(partner, keys, company)
        values = {
            "page_name": "consent",
            "company": company,
            "saved": saved,
            "purposes": [
                {
                    "key": key,
                    "label": labels[key],
                    "held": held.get((partner.id, key), unasked.get(key, True)),
                }
                for key in keys
            ],
        }
        return request.render("loyalty_coupon_crm.portal_my_consent", values)
