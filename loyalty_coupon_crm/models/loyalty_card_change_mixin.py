from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request
from odoo.tools import format_date

GUARDED_FIELDS = {
    "campaign_id",
    "campaign_member_id",
    "first_seen_at",
    "issued_at",
    "issued_by_id",
    "merged_into_id",
    "reissued_from_id",
    "used_at",
    "void_reason",
    "voided_at",
}
# Terms a customer was given: only a manager changes them, with our actions.
TERMS = {"active", "code", "expiration_date", "partner_id", "program_id"}
NAMED_OBSTACLES = 10


class LoyaltyCardChangeMixin(models.AbstractModel):
    """Voiding, extending and reissuing cards: all of the chosen ones, or none."""

    _name = "loyalty.card.change.mixin"
    _description = "Changes of Cards"

    reissued_from_id = fields.Many2one(
        "loyalty.card",
        string="Replaces",
        index="btree_not_null",
        readonly=True,
        copy=False,
    )
    reissued_to_ids = fields.One2many(
        "loyalty.card", "reissued_from_id", string="Replaced by"
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create cards; their life is written by our own flows alone.

        :raise AccessError: when a client gives a field of the card's life
        """
        self._check_guarded(set().union(*vals_list))
        return super().create(vals_list)

    def write(self, vals):
        """Write cards; their life is written by our own flows alone.

        :raise AccessError: when a client gives a field of the card's life
        """
        self._check_guarded(vals)
        self._check_terms(vals)
        return super().write(vals)

    def _check_guarded(self, names):
        guarded = GUARDED_FIELDS.intersection(names)
        if not guarded or self.env.su or self._wallet_scope_current():
            return
        labels = sorted(self._fields[name].string for name in guarded)
        raise AccessError(
            self.env._(
                "%(fields)s of a card is not written directly. Use Void, Extend or "
                "Reissue in the actions of the card.",
                fields=", ".join(labels),
            )
        )

    def _check_terms(self, names):
        """Refuse that a client changes the terms of issued cards of strict programs.

        :raise AccessError: in a request, for all but managers
        """
        manager = "loyalty_coupon_crm.group_loyalty_manager"
        if (
            not request
            or self.env.su
            or self._wallet_scope_current()
            or TERMS.isdisjoint(names)
            or self.env.user.has_group(manager)
        ):
            return
        issued = self.filtered(lambda card: card.issued_at and card.program_id.strict)
        if issued:
            raise AccessError(
                self.env._(
                    "Only a loyalty manager changes owner, code or validity of the "
                    "issued card %s.",
                    issued[0].code,
                )
            )

    def _void(self, reason):
        """Take the points of the cards for good, so that Odoo refuses them too.

        :param reason: words for the ledger, the card and whoever presents it
        :raise UserError: when one of the cards cannot be voided; none is then
        """
        self._refuse_change(self._void_obstacle)
        with self._wallet_scope("void", reason=reason):
            self._empty(reason)
            self._mark_void(reason)
        self._log_change(self.env._("Voided: %(reason)s", reason=reason))

    def _extend(self, day, reason):
        """Give the cards a later last day.

        Only the card gets the new day: a coupon lapses by its card, and the movement
        keeps the terms it was given with. Points that had lapsed come back.

        :param day: the new last day, included, in the time zone of the company
        :param reason: words for the ledger and the card
        :raise UserError: when one of the cards cannot be extended; none is then
        """
        self._refuse_change(lambda card: card._extend_obstacle(day))
        with self._wallet_scope("reverse", reason=reason):
            self.write({"expiration_date": day})
            for move in self._lapsed_moves():
                move.card_id._post_move(
                    "reverse", -move.points, reversal_of_id=move.id, reason=reason
                )
        self._log_change(
            self.env._(
                "Valid until %(day)s: %(reason)s",
                day=format_date(self.env, day),
                reason=reason,
            )
        )

    def _reissue(self, reason):
        """Void lost cards and make new ones with their points, owner and terms.

        :param reason: words for the ledger and the cards
        :return: the new cards, in the order of the lost ones
        :raise UserError: when one of the cards cannot be reissued; none is then
        """
        self._refuse_change(self._reissue_obstacle)
        with self._wallet_scope("transfer", reason=reason) as scope:
            values = [card._reissue_values() for card in self]
            rows = [card._reissue_rows() for card in self]
            # A member has one open wallet: the lost one is closed first.
            self._empty(reason)
            self._mark_void(reason)
            new_cards = self.create(values)
            for new_card, awards in zip(new_cards, rows, strict=True):
                for award in awards:
                    scope.plan(new_card.id, "transfer", reason=reason, **award)
            new_cards._take_over_members()
        for card, new_card in zip(self, new_cards, strict=True):
            card._log_change(
                self.env._(
                    "Replaced by %(code)s: %(reason)s",
                    code=new_card.code,
                    reason=reason,
                )
            )
        return new_cards

    def _mark_void(self, reason):
        """Note when and why the cards became void.

        A void wallet is archived: Odoo would go on earning on it.
        """
        self.write({"voided_at": fields.Datetime.now(), "void_reason": reason})
        wallets = self.filtered("program_id.is_nominative")
        if wallets:
            wallets.write({"active": False})

    def _empty(self, reason):
        """Move the points of the cards to zero, in the open scope."""
        for card in self:
            card._post_move("void", -card.points, reason=reason)

    def _lapsed_moves(self):
        """Return the movements with which these cards lapsed, not given back yet."""
        return self.move_ids.filtered(
            lambda move: (
                move.kind == "expire"
                and move not in move.card_id.move_ids.reversal_of_id
            )
        )

    def _reissue_values(self):
        """Hook: return the values of the card that replaces this one."""
        self.ensure_one()
        return {
            "program_id": self.program_id.id,
            "partner_id": self.partner_id.id,
            "points": self.points,
            "expiration_date": self.expiration_date,
            # A replaced coupon is no new offer: its cohort stays that of the first.
            "issued_at": self.issued_at,
            "issued_by_id": self.issued_by_id.id,
            "campaign_id": self.campaign_id.id,
            "campaign_member_id": self.campaign_member_id.id,
            "reissued_from_id": self.id,
        }

    def _reissue_rows(self):
        """Return the open awards of a card, each with the terms it was given with.

        :return: list of dicts with `points` and the terms of an award
        """
        self.ensure_one()
        return [
            {"points": move.remaining, **move._terms()}
            for move in self.move_ids.sorted("id")
            if move.remaining > 0
        ]

    def _take_over_members(self):
        """Link the campaign members of the lost cards to these cards."""
        for card in self.filtered("campaign_member_id"):
            # The runner writes the members; a manager replaces the card alone.
            card.campaign_member_id.sudo().card_id = card

    def _log_change(self, text):
        self._message_log_batch(bodies=dict.fromkeys(self.ids, text))

    def _refuse_change(self, obstacle):
        """Refuse a change unless it can be made on all the cards.

        :param obstacle: function of a card that returns a sentence, or None
        :raise UserError: with the sentences of the first cards that cannot be changed
        """
        sentences = [sentence for sentence in map(obstacle, self) if sentence]
        if not sentences:
            return
        named = sentences[:NAMED_OBSTACLES]
        if len(sentences) > len(named):
            named.append(
                self.env._("… and %(count)s more.", count=len(sentences) - len(named))
            )
        intro = self.env._(
            "Nothing was changed, because %(count)s of %(total)s cards cannot be. Take "
            "them out of the selection.",
            count=len(sentences),
            total=len(self),
        )
        raise UserError("\n".join([intro, *named]))

    def _common_obstacle(self):
        """Return why a card cannot be changed at all, or None."""
        if self.state == "void":
            company = self.company_id or self.env.company
            day = format_date(self.env, company._loyalty_today(self.voided_at))
            return self.env._(
                "%(code)s was voided on %(day)s.", code=self.code, day=day
            )
        if self.state == "used":
            return self.env._("%(code)s was used already.", code=self.code)
        if self.state == "draft":
            return self.env._("%(code)s has not been issued yet.", code=self.code)
        if self.state == "held":
            return self.env._(
                "%(code)s is being used on an order at the moment. Try again when it "
                "is released.",
                code=self.code,
            )
        return None

    @api.model
    def _void_obstacle(self, card):
        return card._common_obstacle()

    @api.model
    def _reissue_obstacle(self, card):
        if card.state == "expired":
            return self.env._(
                "%(code)s expired on %(day)s. Extend it before you reissue it.",
                code=card.code,
                day=format_date(self.env, card.expiration_date),
            )
        return card._common_obstacle()

    def _extend_obstacle(self, day):
        """Return why a card cannot get a later last day, or None."""
        self.ensure_one()
        company = self.company_id or self.env.company
        if day < company._loyalty_today():
            return self.env._(
                "%(code)s cannot be extended to %(day)s, which has passed.",
                code=self.code,
                day=format_date(self.env, day),
            )
        if self.program_type == "loyalty" or not self.expiration_date:
            return self.env._("%(code)s has no last day to extend.", code=self.code)
        if self.expiration_date >= day:
            return self.env._(
                "%(code)s is valid until %(day)s already.",
                code=self.code,
                day=format_date(self.env, self.expiration_date),
            )
        if self.program_id.date_to and self.program_id.date_to < day:
            return self.env._(
                "%(program)s, the program of %(code)s, ends on %(day)s. Change its end "
                "first.",
                program=self.program_id.name,
                code=self.code,
                day=format_date(self.env, self.program_id.date_to),
            )
        return self._common_obstacle()
