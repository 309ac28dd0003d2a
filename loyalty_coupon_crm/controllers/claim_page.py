from werkzeug.exceptions import BadRequest

from odoo import http
from odoo.http import request
from odoo.tools import email_normalize

LONGEST = {"name": 120, "email": 254, "phone": 40}


class ClaimPage(http.Controller):
    """The page behind the QR code of a campaign: leave an address, get the offer.

    Its answer is the same for everybody, known or not, first or second time: what was
    left is written down, and the coupon goes to that address.
    """

    @http.route(
        "/loyalty/claim/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET", "POST"],
    )
    def claim(self, token, **form):
        """Show the page, or write down what a visitor left."""
        campaign = self._campaign(token)
        if not campaign:
            raise request.not_found()
        if not campaign._claim_is_open():
            return self._render(campaign, "closed")
        if request.httprequest.method == "GET":
            return self._render(campaign, "form", values={})
        # Visitors have no right on what is counted about them.
        throttle = request.env["loyalty.throttle"].sudo()
        if throttle._claims_locked_until():
            return self._render(campaign, "wait", status=429)
        values = self._read(form)
        if problem := self._problem(campaign, values, form):
            return self._render(campaign, "form", values=values, problem=problem)
        throttle._note_claim()
        # Only a program fills in what nobody sees.
        if not form.get("homepage"):
            campaign._write_claim(values)
        return self._render(campaign, "thanks")

    def _campaign(self, token):
        """Return the campaign of a page, as the system: visitors have no rights.

        :raise BadRequest: for a token that cannot be one
        """
        campaigns = request.env["loyalty.campaign"].sudo()
        if "\x00" in token:
            # Odoo would look for a page with the address of what is not found.
            raise BadRequest()
        found = campaigns.search(
            [("claim_token", "=", token), ("trigger", "=", "claim")], limit=1
        )
        if not found or found.state == "draft":
            return None
        return found.with_company(found.company_id)

    def _read(self, form):
        """Return what a visitor entered, as fields of `loyalty.claim`."""
        values = {
            name: " ".join((form.get(name) or "").replace("\x00", "").split())[:longest]
            for name, longest in LONGEST.items()
        }
        for purpose in ("email", "sms", "profiling"):
            values[f"allows_{purpose}"] = bool(form.get(f"allows_{purpose}"))
        return {**values, "lang": request.env.lang}

    def _problem(self, campaign, values, form):
        """Return what a visitor has to correct, or an empty text."""
        asked = campaign._claim_asks()
        email = email_normalize(values["email"])
        phone = values["phone"] and request.env["res.partner"]._phone_format(
            number=values["phone"], country=campaign.company_id.country_id
        )
        if not values["name"]:
            return self.env._("Enter your name.")
        if values["email"] and not email:
            return self.env._(
                "This is no e-mail address: %(value)s", value=values["email"]
            )
        if values["phone"] and not phone:
            return self.env._(
                "This is no phone number: %(value)s. A number from abroad starts with "
                "+ and the code of its country.",
                value=values["phone"],
            )
        if not (("email" in asked and email) or ("phone" in asked and phone)):
            if asked == ["email"]:
                return self.env._(
                    "Enter your e-mail address: the coupon is sent to it."
                )
            if asked == ["phone"]:
                return self.env._("Enter your phone number: the coupon is sent to it.")
            return self.env._(
                "Enter an e-mail address or a phone number for the coupon."
            )
        if not form.get("agrees"):
            return self.env._(
                "Tick the first box: without your consent nothing is kept."
            )
        return ""

    def _render(self, campaign, step, status=200, values=None, problem=""):
        """Return the page."""
        program = campaign.program_id
        response = request.render(
            "loyalty_coupon_crm.claim_page",
            {
                "campaign": campaign,
                "company": campaign.company_id,
                "asked": campaign._claim_asks(),
                "offers": program.reward_ids.filtered("active").mapped("description"),
                "step": step,
                "values": values or {},
                "problem": problem,
            },
            status=status,
        )
        response.headers["Cache-Control"] = "no-store"
        return response
