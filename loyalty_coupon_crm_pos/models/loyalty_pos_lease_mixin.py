from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import float_compare

from odoo.addons.loyalty_coupon_crm.tools.rounding import POINTS_DIGITS


class LoyaltyPosLeaseMixin(models.AbstractModel):
    """Cards kept for a till, so that it may use them when the connection is lost.

    A lease is a hold by the till itself: nobody else spends it. It ends when an order
    of the till takes the card over, when the customer leaves the till, when the session
    closes, or when its time is over.
    """

    _name = "loyalty.pos.lease.mixin"
    _description = "Leased Cards of a Till"

    loyalty_lease_cards = fields.Integer(
        string="Leased Cards",
        default=20,
        help="At most so many cards of the customers at the till are kept for it at "
        "one time; 0 for none.",
    )
    loyalty_lease_points = fields.Float(
        string="Leased Points",
        default=500.0,
        help="At most so many points of a wallet, or so much money of an eWallet, are "
        "kept for the till. Coupons are kept whole.",
    )
    loyalty_lease_minutes = fields.Integer(
        string="Lease",
        default=15,
        help="Minutes for which the cards of a customer at the till are kept from all "
        "others. What the till sells offline afterwards is not safe any more.",
    )

    _loyalty_lease_positive = models.Constraint(
        "CHECK(loyalty_lease_cards >= 0 AND loyalty_lease_points >= 0"
        " AND loyalty_lease_minutes > 0)",
        "Cards are leased for at least a minute, and not less than none of them.",
    )

    def _loyalty_lease_holder(self):
        """Return the key of the holds that are the till's own."""
        self.ensure_one()
        return f"{self._name},{self.id}"

    def lease_cards(self, partner_ids):
        """Keep the cards of the customers at the till for it; those of others end.

        Only what may be used now is leased: programs with strict rules, cards that the
        gate lets pass.

        :param partner_ids: ids of the customers on the open orders of the till
        :return: dict of card id to `code`, `program_id`, `partner_id`, `points` that
            are leased and `seconds` from now, of all cards that are leased
        """
        self.ensure_one()
        wanted = {}
        if self.loyalty_offline != "refuse" and self.current_session_id:
            wanted = self._loyalty_wanted_leases(partner_ids)
        # Who runs the till may not read the holds of others.
        holds = self.env["loyalty.point.hold"].sudo()
        holder = self._loyalty_lease_holder()
        cards = self.env["loyalty.card"].union(*wanted)
        leased = holds.search([("holder", "=", holder)]).card_id
        self._loyalty_end_leases(
            leased.with_env(self.env).exists() - cards, at_once=True
        )
        answer = {}
        for card, (points, partner) in wanted.items():
            if self._loyalty_lease(card, points, partner):
                answer[card.id] = {
                    "code": card.code,
                    "program_id": card.program_id.id,
                    "partner_id": partner.id,
                    "points": points,
                    "seconds": self.loyalty_lease_minutes * 60,
                }
        return answer

    def _loyalty_lease(self, card, points, partner):
        """Return whether points of a card are the till's from now on."""
        return card._hold(
            points,
            self._loyalty_lease_holder(),
            self.loyalty_lease_minutes * 60,
            self.name,
            partner=partner,
        )

    def _loyalty_wanted_leases(self, partner_ids):
        """Return {card: (points, customer)} of what the till would like to keep.

        :param partner_ids: list of ids, as the till sends it
        """
        ids = [int(partner_id) for partner_id in partner_ids]
        partners = self.env["res.partner"].browse(ids[: self.loyalty_lease_cards])
        gate = self.env["loyalty.program"]
        wanted = {}
        for partner in partners.exists():
            room = self.loyalty_lease_cards - len(wanted)
            cards = self._loyalty_lease_candidates(partner, room)
            blockers = gate._redemption_blockers_of(cards, partner, "pos", shop=self)
            for card in cards.filtered(lambda card, found=blockers: not found[card]):
                points = self._loyalty_lease_points(card, partner)
                if float_compare(points, 0.0, precision_digits=POINTS_DIGITS) > 0:
                    wanted[card] = (points, partner)
        return wanted

    def _loyalty_lease_candidates(self, partner, limit):
        """Return the cards a customer could use at this till, the wallets first."""
        programs = self._loyalty_programs_among([("strict", "=", True)])
        if limit <= 0 or not programs:
            return self.env["loyalty.card"]
        domain = Domain(
            [
                ("partner_id", "=", partner.id),
                ("program_id", "in", programs.ids),
                ("points", ">", 0),
                "|",
                ("expiration_date", "=", False),
                ("expiration_date", ">=", self.company_id._loyalty_today()),
            ]
        )
        cards = self.env["loyalty.card"]
        wallets = Domain("program_id.applies_on", "=", "both")
        found = cards.search(domain & wallets, limit=limit)
        shared = self.env["loyalty.card.member"]._wallets_of(partner, self.company_id)
        found |= shared.filtered(lambda card: card.program_id in programs)
        if len(found) < limit:
            found |= cards.search(
                domain & ~wallets,
                order="expiration_date, id",
                limit=limit - len(found),
            )
        return found[:limit]

    def _loyalty_lease_points(self, card, partner):
        """Return how many points of a card can be kept for the till.

        What an order holds already is left out, also that of an order of this till.
        """
        # The holds of others are not the cashier's to read.
        holds = card.sudo()._live_holds(but=self._loyalty_lease_holder())
        free = card.available_points - sum(holds.mapped("points"))
        if not card.program_id.is_nominative:
            return free
        return min(card._member_points(partner, free), self.loyalty_lease_points)

    def _loyalty_end_leases(self, cards=None, at_once=False):
        """End what the tills leased; nothing of what their orders hold.

        :param cards: only on these cards, on all by default
        :param at_once: in a transaction of its own; needs `cards`
        """
        if cards is not None and not cards:
            return
        holders = [till._loyalty_lease_holder() for till in self]
        # Holds are written by the wallet alone.
        holds = self.env["loyalty.point.hold"].sudo()
        if not at_once:
            holds._end(holders, cards)
            return
        leased = holds.search(
            [("holder", "in", holders), ("card_id", "in", cards.ids)]
        ).card_id
        for holder in holders if leased else ():
            leased._release(holder)
