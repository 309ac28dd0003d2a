import re

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

LEAST_DIGITS = 6
# Who joins at a till leaves a phone number and buys there.
ASKED_PURPOSES = ("sms", "profiling")


class LoyaltyPosMemberMixin(models.AbstractModel):
    """How a till finds a member, and takes in a new one."""

    _name = "loyalty.pos.member.mixin"
    _description = "Members at the Till"

    def find_member(self, text):
        """Find a member by what the customer says or shows.

        :param text: phone number however it is written, code or QR of a card, or the
            barcode of the customer
        :return: dict of `partner_id` (False for nobody), `phone`, the number in the
            form in which it is stored, False when the text is none, and `purposes`,
            what somebody who joins is asked to agree to, as pairs of key and words
        """
        self.ensure_one()
        text = (text or "").replace("\x00", "").strip()
        phone = self._loyalty_phone(text)
        partner = self._loyalty_card_owner(text) or self._loyalty_phone_owner(phone)
        labels = self._loyalty_purposes()
        return {
            "partner_id": partner.id,
            "phone": phone,
            "purposes": [[purpose, labels[purpose]] for purpose in ASKED_PURPOSES],
        }

    def _wallet_member(self, partner, wallets):
        """Return since when a customer is a member, and when they were here last.

        :param wallets: points cards of the customer
        :return: dict of `since` and `last_visit`, days of the company, as text or False
        """
        self.ensure_one()
        own = wallets.filtered(lambda card: card.partner_id == partner)
        since = min((card.issued_at or card.create_date for card in own), default=False)
        # Purchases are closed to cashiers; the day of the last one is for them.
        last = (
            self.env["loyalty.purchase"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("commercial_partner_id", "=", partner.commercial_partner_id.id),
                    ("reversal_of_id", "=", False),
                ],
                order="date desc",
                limit=1,
            )
        )
        return {
            "since": since and self._loyalty_day_text(since),
            "last_visit": last.date and self._loyalty_day_text(last.date),
        }

    def _loyalty_day_text(self, moment):
        return fields.Date.to_string(self.company_id._loyalty_today(moment))

    def _wallet_worth(self, program, points):
        """Return what points are worth, in the currency of the till; 0 for unknown."""
        if program.is_payment_program or not program.points_value:
            return 0.0
        return program.currency_id._convert(
            points * program.points_value,
            self.currency_id,
            self.company_id,
            self.company_id._loyalty_today(),
        )

    def enrol_member(self, phone, name, purposes=()):
        """Take in a member, with the points cards of the till.

        Nobody gets a second record for a phone number, of two tills that enrol the
        same customer neither: the second one finds what the first one wrote.

        :param phone: number as it was typed
        :param name: name of the customer
        :param purposes: keys of `find_member`'s purposes to which the customer agreed
        :return: id of the customer, new or known
        :raise UserError: when the number or the name is missing
        """
        self.ensure_one()
        number = self._loyalty_phone(phone)
        name = (name or "").replace("\x00", "").strip()
        if not number:
            raise UserError(
                self.env._(
                    "%s is no phone number. Type it with its digits, for another "
                    "country with + in front.",
                    phone,
                )
            )
        if not name:
            raise UserError(self.env._("Type the name of the new member."))
        with self.env["loyalty.card"]._hold_cursor() as cursor:
            # Whoever waits here sees the member whom the one before took in.
            key = f"loyalty.member/{number}"
            cursor.execute(SQL("SELECT pg_advisory_xact_lock(hashtext(%s))", key))
            own = self.with_env(self.env(cr=cursor))
            partner = own._loyalty_phone_owner(number)
            if not partner:
                # Odoo's cashiers create no contacts; ours enrol, and no more than that.
                partner = (
                    own.env["res.partner"]
                    .sudo()
                    .create({"name": name, "phone": number, "lang": self.env.lang})
                )
            own._loyalty_give_cards(partner)
            own._loyalty_note_consent(partner, purposes or ())
            partner_id = partner.id
        self.env["res.partner"].invalidate_model()
        return partner_id

    def _loyalty_purposes(self):
        """Return {purpose: its words}, in the cashier's language."""
        purpose = self.env["loyalty.consent"]._fields["purpose"]
        return dict(purpose._description_selection(self.env))

    def _loyalty_note_consent(self, partner, purposes):
        """Note what a customer agreed to; what they decided elsewhere stays.

        To join is to take part; what was not ticked counts as not asked.
        """
        labels = self._loyalty_purposes()
        # Cashiers may not read consents; that one was given is noted as theirs.
        consents = self.env["loyalty.consent"].sudo()
        asked = ["programme", *(one for one in ASKED_PURPOSES if one in purposes)]
        held = consents._last(partner, asked, self.company_id)
        for purpose in asked:
            if (partner.id, purpose) not in held:
                consents._note(
                    partner,
                    {purpose: True},
                    company_id=self.company_id.id,
                    source="till",
                    wording=labels[purpose],
                )

    def _loyalty_phone(self, text):
        """Return a phone number in the form in which it is stored, or False."""
        if not re.fullmatch(r"[+\d\s()./-]+", text or ""):
            return False
        if len(re.findall(r"\d", text)) < LEAST_DIGITS:
            return False
        country = self.company_id.country_id
        return self.env["res.partner"]._phone_format(number=text, country=country)

    def _loyalty_phone_owner(self, phone):
        """Return the customer with a phone number; one with a points card first."""
        partners = self.env["res.partner"]
        if not phone:
            return partners
        found = partners.search([("phone_sanitized", "=", phone)], order="id", limit=20)
        cards = self.env["loyalty.card"].search(
            [
                ("partner_id", "in", found.ids),
                ("program_id", "in", self._loyalty_club().ids),
            ],
            order="id",
            limit=1,
        )
        return cards.partner_id or found[:1]

    def _loyalty_card_owner(self, text):
        """Return the customer whose card or barcode was scanned."""
        partners = self.env["res.partner"]
        if not text:
            return partners
        cards = self.env["loyalty.card"]
        found = cards.get_loyalty_card_partner_by_code(text)
        return found or partners.search([("barcode", "=", text)], limit=1)

    def _loyalty_club(self):
        """Return the points cards that the till offers."""
        return self._loyalty_programs_among([("program_type", "=", "loyalty")])

    def _loyalty_give_cards(self, partner):
        """Give a customer the points cards of the till that they do not have yet."""
        # Cashiers have members, they create no cards: the enrolment does.
        cards = self.env["loyalty.card"].sudo()
        club = self._loyalty_club()
        known = cards.search(
            [("partner_id", "=", partner.id), ("program_id", "in", club.ids)]
        )
        cards.create(
            [
                {"program_id": program.id, "partner_id": partner.id}
                for program in club - known.program_id
            ]
        )
