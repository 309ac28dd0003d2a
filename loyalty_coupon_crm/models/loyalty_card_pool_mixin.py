from odoo import api, fields, models


class LoyaltyCardPoolMixin(models.AbstractModel):
    """A wallet of a company or household, and who may use it."""

    _name = "loyalty.card.pool.mixin"
    _description = "Pooled Wallet"

    member_ids = fields.One2many("loyalty.card.member", "card_id", string="Members")

    def _member(self, partner):
        """Return the membership of a customer in this wallet, empty for the owner."""
        self.ensure_one()
        # Who is a member is looked up for customers and cashiers as well.
        return self.sudo().member_ids.filtered(
            lambda member: member.partner_id == partner
        )

    def _is_owner(self, partner):
        """Return whether a customer is the owner, or a contact of the owner."""
        self.ensure_one()
        customer = partner.sudo()
        owner = self.sudo().partner_id
        return customer.commercial_partner_id == owner.commercial_partner_id

    def _member_points(self, partner, points=None, kept=0.0):
        """Return the points as they are shown to a customer: a member sees the limit.

        :param points: points on the card, its balance by default
        :param kept: points among them that nobody can spend now
        """
        self.ensure_one()
        points = self.points if points is None else points
        member = self._member(partner)
        return min(points, member._left() + kept) if member else points

    @api.model
    def _gate_members(self, card, partner, at=None, document=None):
        """Return blockers for a pooled wallet: strangers, and who spends too much.

        :param card: `loyalty.card` record with superuser rights
        :param partner: the customer of the document, may be empty
        :param at: moment of the use, naive datetime in UTC
        :param document: the order, may be None
        """
        if not card.member_ids or not partner:
            return []
        member = card._member(partner)
        if not member:
            if card._is_owner(partner):
                return []
            message = self.env._(
                "%(customer)s is no member of the wallet %(code)s of %(owner)s.",
                customer=partner.sudo().display_name,
                code=card.code,
                owner=card.partner_id.display_name,
            )
            return [("no_member", message)]
        uses = document._loyalty_reward_uses() if document else ()
        points = sum(use["points"] for use in uses if use["card"] == card)
        return card._member_blockers(partner, points, at, document)

    def _member_blockers(self, partner, points, at=None, document=None):
        """Return blockers for what a member of the wallet spends beyond the limit.

        :param points: points that the document takes; 0 asks whether any are left
        :param at: moment of the use, naive datetime in UTC
        :param document: the order, may be None
        :return: list of (code, message), empty for who is no member
        """
        self.ensure_one()
        member = self._member(partner)
        if not member:
            return []
        left = member._left(at, document)
        if points <= left and (left > 0 or points > 0):
            return []
        return [("member_limit", member._limit_message(left))]
