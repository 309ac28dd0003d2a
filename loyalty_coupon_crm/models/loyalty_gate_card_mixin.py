from odoo import api, fields, models
from odoo.tools import format_date, format_datetime


class LoyaltyGateCardMixin(models.AbstractModel):
    """What the gate asks of the card: its days, its owner, and who holds it."""

    _name = "loyalty.gate.card.mixin"
    _description = "The Gate: Cards"

    @api.model
    def _gate_card(self, use):
        """Return blockers that hold for cards of every program."""
        return [
            *use.card._gate_members(use.card, use.partner, use.at, use.document),
            *self._gate_pending(use),
        ]

    @api.model
    def _gate_strict_card(self, use):
        """Return blockers that hold for cards of strict programs."""
        return [
            *self._gate_card_days(use),
            *self._gate_use(use),
            *self._gate_owner(use),
            *self._gate_holds(use),
        ]

    @api.model
    def _gate_void_message(self, use):
        card = use.card
        return self.env._(
            "The coupon %(code)s was voided on %(day)s (%(reason)s). Give the customer "
            "another one.",
            code=card.code,
            day=format_date(self.env, use.company._loyalty_today(card.voided_at)),
            reason=card.void_reason or self.env._("no reason given"),
        )

    @api.model
    def _gate_card_days(self, use):
        """Return blockers for a card before its first or after its last day."""
        card = use.card
        blockers = []
        if card.expiration_date and card.expiration_date < use.today:
            message = self.env._(
                "The coupon %(code)s was valid until %(day)s. Ask a manager to extend "
                "it, or remove it.",
                code=card.code,
                day=format_date(self.env, card.expiration_date),
            )
            blockers.append(("expired", message))
        first = card._first_day(use.company)
        if first and use.today < first:
            message = self.env._(
                "The coupon %(code)s can be used from %(day)s.",
                code=card.code,
                day=format_date(self.env, first),
            )
            blockers.append(("not_started", message))
        return blockers

    @api.model
    def _gate_use(self, use):
        """Return blockers for a coupon that was used up elsewhere.

        The document on which it was used, or which gives it its points, is free to
        use it.
        """
        card, document = use.card, use.document
        if not card._is_used_up():
            return []
        gives = document and any(
            row_card == card and points > 0
            for row_card, _kind, points in document._loyalty_point_rows()
        )
        if gives:
            return []
        uses = card.redemption_ids.filtered("is_live")
        if document and any(row._is_on(document) for row in uses):
            return []
        last = uses[:1]
        if not last:
            message = self.env._(
                "Nothing is left on the coupon %(code)s. Ask the customer for another "
                "one.",
                code=card.code,
            )
            return [("used", message)]
        message = self.env._(
            "The coupon %(code)s was used on %(day)s on %(order)s. Ask the customer "
            "for another one.",
            code=card.code,
            day=format_date(self.env, use.company._loyalty_today(last.date)),
            order=last._document_name(),
        )
        return [("used", message)]

    @api.model
    def _gate_owner(self, use):
        """Return blockers for a card of somebody else, when it is not transferable."""
        card, customer = use.card, use.partner
        owner = card.partner_id.commercial_partner_id
        if use.program.transferable or not owner:
            return []
        if not customer:
            message = self.env._(
                "The coupon %(code)s belongs to %(owner)s. Choose the customer first.",
                code=card.code,
                owner=card.partner_id.display_name,
            )
            return [("foreign", message)]
        if customer.commercial_partner_id == owner or card._member(customer):
            return []
        message = self.env._(
            "The coupon %(code)s belongs to %(owner)s and cannot be used by "
            "%(customer)s.",
            code=card.code,
            owner=card.partner_id.display_name,
            customer=customer.display_name,
        )
        return [("foreign", message)]

    @api.model
    def _gate_pending(self, use):
        """Return blockers for points that are too few while others are pending."""
        card = use.card
        blocked = card._blocked_for(use.holder)
        if not blocked:
            return []
        required = self._gate_required_points(use)
        usable = card.points - blocked
        if use.document:
            usable += use.document._loyalty_own_points(card)
        if usable >= required > 0:
            return []
        if not card.pending_until:
            message = self.env._(
                "%(points)s on the card %(code)s have lapsed and can no longer be "
                "spent.",
                points=card._format_points(blocked).strip(),
                code=card.code,
            )
            return [("lapsed", message)]
        message = self.env._(
            "%(points)s on the card %(code)s are pending: the first of them can be "
            "spent from %(day)s.",
            points=card._format_points(card.pending_points).strip(),
            code=card.code,
            day=format_date(self.env, card.pending_until),
        )
        return [("pending", message)]

    @api.model
    def _gate_holds(self, use):
        """Return blockers for points that another document holds at the moment."""
        card = use.card
        holds = card._live_holds(but=self._gate_own_holders(use))
        if not holds:
            return []
        required = self._gate_required_points(use)
        if card.points - sum(holds.mapped("points")) >= required > 0:
            return []
        last = holds.sorted("expires_at")[-1]
        message = self.env._(
            "The coupon %(code)s is held by %(place)s since %(since)s, until "
            "%(time)s. Wait, or have it removed there.",
            code=card.code,
            place=last.shop or last.user_id.name or last.holder,
            since=self._gate_clock(use, last.held_since),
            time=self._gate_clock(use, last.expires_at),
        )
        return [("held", message)]

    @api.model
    def _gate_own_holders(self, use):
        """Hook: return the keys of holds that are on the side of who asks.

        :return: set of keys of documents
        """
        return {use.holder}

    @api.model
    def _gate_required_points(self, use):
        """Return the points of the smallest reward."""
        return min(use.program.reward_ids.mapped("required_points"), default=0)

    @api.model
    def _gate_clock(self, use, moment):
        """Return a moment on the company's clock, with the day when it is another.

        :param moment: naive datetime in UTC, may be empty
        """
        moment = moment or fields.Datetime.now()
        same_day = use.company._loyalty_today(moment) == use.today
        return format_datetime(
            self.env,
            moment,
            tz=use.company._loyalty_timezone(),
            dt_format="HH:mm" if same_day else False,
        )
