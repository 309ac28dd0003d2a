import math
from contextlib import contextmanager

from odoo import api, models

SENDING = "loyalty_coupon_crm_pos.sending"


class LoyaltyPosClaimMixin(models.AbstractModel):
    """Which claims of a till are heard at all: of paid orders, for their own cards.

    Odoo's call names a program and a card beside each other, and takes both as they
    are sent. Who runs the till may send anything.
    """

    _name = "loyalty.pos.claim.mixin"
    _description = "Claims of a Till"

    @api.model
    def _process_order(self, order, existing_order):
        """Take no flag from a till, and have its orders checked before they count.

        A till sends its orders as paid already; the server says whether they are.
        """
        order.pop("loyalty_flag", None)
        if existing_order and existing_order._loyalty_is_confirmed():
            return super()._process_order(order, existing_order)
        with self._loyalty_sending():
            return super()._process_order(order, existing_order)

    @contextmanager
    def _loyalty_sending(self):
        cache = self.env.cr.cache
        before = cache.get(SENDING)
        cache[SENDING] = True
        try:
            yield
        finally:
            cache[SENDING] = before

    @api.model
    def _loyalty_is_sending(self):
        """Return whether a till sends an order now, whose state is its own word."""
        return bool(self.env.cr.cache.get(SENDING))

    def _loyalty_heard(self, coupon_data):
        """Return the claims that can be of this order, and flag the others.

        Programs that are not strict keep Odoo's way.

        :param coupon_data: dict of card id to values, as Odoo's till sends it
        :return: dict of the same form, its numbers made numbers
        """
        self.ensure_one()
        heard = {}
        for key, vals in coupon_data.items():
            program_id = int(vals["program_id"])
            # The cashier may not read every program of the company.
            program = self.env["loyalty.program"].sudo().browse(program_id).exists()
            cards = self._loyalty_named_cards(int(key), vals, program)
            if not (program | cards.program_id).filtered("strict"):
                heard[key] = vals
            elif cards.program_id - program or len(cards) > 1:
                self._loyalty_flag_misnamed(cards, program)
            elif self._loyalty_is_confirmed():
                heard[key] = self._loyalty_plain_claim(vals, program)
        return heard

    def _loyalty_named_cards(self, card_id, vals, program):
        """Return the cards a claim names, by the ways in which Odoo finds them.

        :param card_id: the key of the claim, negative for a new card
        """
        # Cards the cashier may not read are compared, never shown.
        cards = self.env["loyalty.card"].sudo()
        named = {card_id, int(vals.get("coupon_id") or 0)}
        found = cards.browse([one for one in named if one > 0]).exists()
        if program.program_type == "gift_card" and vals.get("code"):
            found |= cards.search([("code", "=", vals["code"])])
        return found

    def _loyalty_plain_claim(self, vals, program):
        """Return a claim with a number of points, and for no one but the customer."""
        points = float(vals["points"])
        plain = {
            **vals,
            "program_id": program.id,
            "points": points if math.isfinite(points) else 0.0,
        }
        if program.is_nominative and vals.get("partner_id"):
            plain["partner_id"] = self.partner_id.id
        return plain

    def _loyalty_flag_misnamed(self, cards, program):
        self._loyalty_flag(
            self.env._(
                "The till claimed points of %(program)s for the card %(code)s, which "
                "is another one's. Nothing was booked.",
                program=program.name or "?",
                code=", ".join(cards.mapped("code")),
            )
        )

    def _loyalty_may_earn(self, card):
        """Return whether points of the order may go to a card."""
        if not card.program_id.is_nominative:
            return True
        owner = card.partner_id == self.partner_id
        return owner or bool(card._member(self.partner_id))
