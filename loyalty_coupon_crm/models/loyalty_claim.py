from odoo import api, fields, models
from odoo.tools import email_normalize

MAX_CLAIMS = 1000


class LoyaltyClaim(models.Model):
    """What one visitor of a campaign's claim page left.

    The page only writes the row, so that its answer and its time are the same for
    everybody. Who it is, is found out by the scheduled job, one claim after the other:
    two claims of one address never make two contacts.
    """

    _name = "loyalty.claim"
    _description = "Claim of an Offer"
    _order = "id desc"
    _log_access = False
    _rec_name = "partner_id"

    campaign_id = fields.Many2one(
        "loyalty.campaign", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    date = fields.Datetime(required=True)
    name = fields.Char()
    email = fields.Char(string="E-mail")
    phone = fields.Char()
    lang = fields.Char(string="Language")
    allows_email = fields.Boolean(string="E-mail Allowed")
    allows_sms = fields.Boolean(string="Text Messages Allowed")
    allows_profiling = fields.Boolean(string="Profiling Allowed")
    wording = fields.Text(help="What the visitor agreed to, word for word.")
    state = fields.Selection(
        [("new", "Received"), ("done", "Accepted"), ("refused", "Refused")],
        required=True,
        default="new",
    )
    reason = fields.Char()
    partner_id = fields.Many2one(
        "res.partner", string="Customer", ondelete="set null", index="btree_not_null"
    )
    is_new_customer = fields.Boolean(string="New Customer")

    _new_index = models.Index("(campaign_id, id) WHERE state = 'new'")

    @api.model
    def _take(self, campaign):
        """Find or enter the customers of a campaign's new claims.

        What they left goes to the new contact; a known one stays as it is, because
        nobody has shown yet that the address is his. Then the row forgets it.

        :param campaign: the `loyalty.campaign` record
        """
        claims = self.search(
            [("campaign_id", "=", campaign.id), ("state", "=", "new")],
            order="id",
            limit=MAX_CLAIMS,
        )
        if not claims:
            return
        known = claims._known_customers()
        for claim in claims:
            claim._take_one(known)
        claims.write({"name": False, "email": False, "phone": False})

    def _known_customers(self):
        """Return {normalized address or number: contact} of what the claims name."""
        emails, phones = set(), set()
        for claim in self:
            email, phone = claim._addresses()
            emails.add(email)
            phones.add(phone)
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "in", [False, *self.company_id.parent_ids.ids]),
                    "|",
                    ("email_normalized", "in", list(emails - {False})),
                    ("phone_sanitized", "in", list(phones - {False})),
                ],
                # Of several, the one in use and the oldest; written last, it wins.
                order="active, id desc",
            )
        )
        known = {}
        for partner in partners:
            for key in (partner.email_normalized, partner.phone_sanitized):
                if key:
                    known[key] = partner
        return known

    def _addresses(self):
        """Return the normalized (e-mail address, phone number) of a claim."""
        self.ensure_one()
        country = self.company_id.country_id
        phone = self.phone and self.env["res.partner"]._phone_format(
            number=self.phone, country=country
        )
        return email_normalize(self.email or "") or False, phone or False

    def _take_one(self, known):
        """Find or enter the customer of one claim and note the consent.

        :param known: {address or number: contact}, to which a new one is added
        """
        keys = [key for key in self._addresses() if key]
        if not keys:
            self.write({"state": "refused", "reason": self.env._("No valid address.")})
            return
        partner = next((known[key] for key in keys if key in known), None)
        is_new = partner is None
        if is_new:
            partner = self._enter_customer()
        self._note_consent(partner)
        for key in keys:
            known.setdefault(key, partner)
        self.write(
            {"state": "done", "partner_id": partner.id, "is_new_customer": is_new}
        )

    def _enter_customer(self):
        """Return a new contact with what the visitor left."""
        return (
            self.env["res.partner"]
            .with_context(tracking_disable=True)
            .create(
                {
                    "name": self.name or self.email or self.phone,
                    "email": self.email,
                    "phone": self.phone,
                    "lang": self.lang or self.env.user.lang,
                    "country_id": self.company_id.country_id.id,
                    "company_id": self._company_of_new() or False,
                }
            )
        )

    def _company_of_new(self):
        """Return the id of the company that a new contact is kept in, if not in all.

        The visitor agreed with one company; where there are several, the others do not
        get the contact.
        """
        companies = self.env["res.company"].search([("parent_id", "=", False)], limit=2)
        return self.company_id.root_id.id if len(companies) > 1 else None

    def _note_consent(self, partner):
        """Note what the visitor agreed to; a page does not undo a refusal.

        Anybody may type in another's address.
        """
        consents = self.env["loyalty.consent"]
        wanted = {
            "programme": True,
            "email": self.allows_email,
            "sms": self.allows_sms,
            "profiling": self.allows_profiling,
        }
        held = consents._last(partner, list(wanted), self.company_id)
        consents._note(
            partner,
            {
                purpose: True
                for purpose, is_given in wanted.items()
                if is_given and (partner.id, purpose) not in held
            },
            company_id=self.company_id.id,
            source="claim",
            campaign_id=self.campaign_id.id,
            wording=self.wording,
        )

    @api.autovacuum
    def _gc_untaken(self):
        """Remove what nobody took for a month: details are not kept longer."""
        old = self.search(
            [("state", "=", "new"), ("date", "<", "-30d")], limit=MAX_CLAIMS
        )
        old.unlink()
        return len(old), len(old) == MAX_CLAIMS
