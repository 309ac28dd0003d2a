from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..tools.use_slot import LimitReachedError


class LoyaltyDocumentMixin(models.AbstractModel):
    """What the rooms need to know of a document that earns or spends.

    `sale.order` implements it here, `pos.order` in the point-of-sale add-on. The
    rooms point at a document by `order_model` and `order_id` and call nothing else.
    """

    _name = "loyalty.document.mixin"
    _description = "Document that earns or spends"

    def _loyalty_origin(self):
        """Return where a row comes from, as values for any of our fact tables.

        :return: dict with `order_model`, `order_id` and `company_id`
        """
        self.ensure_one()
        return {
            "order_model": self._name,
            "order_id": self.id,
            "company_id": self.company_id.id,
        }

    def _loyalty_holder(self):
        """Hook: return the key under which the document holds points of a card.

        It is the same before and after the document is saved, so that a retry finds
        its own hold.
        """
        self.ensure_one()
        return f"{self._name},{self.id}"

    def _loyalty_channel(self):
        """Hook: return the sales channel, a value of `loyalty.purchase.channel`."""
        return "sale"

    def _loyalty_shop(self):
        """Hook: return the name of the shop, till or team; empty when there is none."""
        return ""

    def _loyalty_date(self):
        """Hook: return the moment of the purchase, a naive datetime in UTC."""
        self.ensure_one()
        return fields.Datetime.now()

    def _loyalty_attempt(self):
        """Hook: return what tells a second confirmation of a document from a retry.

        The value becomes a part of `request_key`; it changes only when the document
        was cancelled and is confirmed again.
        """
        return 0

    def _loyalty_purchase_lines(self):
        """Hook: return the product lines as values of `loyalty.purchase.line`.

        Amounts are untaxed, net of discount, in company currency. Reward lines are
        left out, their amount is spread by `_loyalty_purchase_amounts`.
        """
        return []

    def _loyalty_purchase_amounts(self):
        """Hook: return the totals of the document in company currency.

        :return: dict with `amount` (untaxed, net of discount), `amount_total` (with
            taxes), `discount_amount` (untaxed, positive, given by rewards)
        """
        return {"amount": 0.0, "amount_total": 0.0, "discount_amount": 0.0}

    def _loyalty_refunded_document(self):
        """Hook: return the document that this one refunds, an empty record for none."""
        self.ensure_one()
        return self.browse()

    def _loyalty_refunded_share(self, card, spent):
        """Hook: return which part of what moved a card's points came back so far.

        :param card: `loyalty.card` record
        :param spent: True for the rewards the card paid, False for the goods that
            earned its points
        :return: number between 0 and 1
        """
        self.ensure_one()
        return 0.0

    def _loyalty_sync_refunds(self, source, undo=False):
        """Hook: bring points and redemptions to what came back of the document so far.

        :param source: the document that refunds, or withdraws a refund
        :param undo: take back all refunds, because the document itself is cancelled
        """
        self.ensure_one()
        # Facts are written by the system, whoever may refund.
        document = self.sudo()
        self.env["loyalty.card"].sudo()._wallet_refund(document, source, undo)
        self.env["loyalty.redemption"].sudo()._record_refund(document, source, undo)
        self.env["loyalty.card"].sudo()._forget_issue(document)

    def _loyalty_refit_refunds(self):
        """Hook: bring the refunds of documents that were edited up to date."""

    def _loyalty_note(self, text):
        """Write a note on the document, where whoever handles it reads it.

        :param text: sentence
        """
        self.ensure_one()
        if hasattr(self, "message_post"):
            self.sudo().message_post(body=text, subtype_xmlid="mail.mt_note")

    def _loyalty_is_paid(self):
        """Hook: return whether all was paid already: then nothing is refused.

        Nothing but void cards; what would have been is noted on the document.
        """
        self.ensure_one()
        return False

    def _loyalty_is_confirmed(self):
        """Hook: return whether the document counts as a purchase now."""
        self.ensure_one()
        return False

    def _loyalty_mark_changed(self):
        """Have what was edited on confirmed documents recorded before the commit.

        Many edits of one request become one row.
        """
        data = self.env.cr.precommit.data
        key = f"loyalty_coupon_crm.changed.{self._name}"
        if key not in data:
            data[key] = set()
            self.env.cr.precommit.add(self._loyalty_record_changes)
        data[key].update(self.ids)

    def _loyalty_record_changes(self):
        """Record the differences of the documents that were marked."""
        data = self.env.cr.precommit.data
        ids = data.pop(f"loyalty_coupon_crm.changed.{self._name}", ())
        # Facts are written by the system, whoever may edit the document.
        documents = self.sudo().browse(sorted(ids)).exists()
        confirmed = documents.filtered(
            lambda document: document._loyalty_is_confirmed()
        )
        self.env["loyalty.purchase"].sudo()._record_difference(confirmed)
        self.env["loyalty.redemption"].sudo()._record_difference(confirmed)
        confirmed._loyalty_refit_refunds()

    def _loyalty_reward_uses(self):
        """Hook: return one dict per card used on the document.

        :return: list of dicts with `card` (record), `points` (spent, positive),
            `discount_amount` (untaxed, company currency, positive) and `goods_cost`
            (cost of free goods, company currency)
        """
        return []

    def _loyalty_point_rows(self):
        """Hook: return the gross points the document moves.

        :return: list of tuples (card, kind, points); `kind` is `earn` (points > 0)
            or `spend` (points < 0)
        """
        return []

    def _loyalty_own_points(self, card):
        """Hook: return the points the document gives to a card and can spend itself.

        :param card: `loyalty.card` record
        """
        return 0.0

    def _loyalty_used_programs(self):
        """Hook: return the programs whose rewards are on the document."""
        self.ensure_one()
        cards = [use["card"].id for use in self._loyalty_reward_uses()]
        return self.env["loyalty.card"].browse(cards).program_id

    def _loyalty_missing(self, program):
        """Hook: return blockers for money or products the document lacks.

        :param program: `loyalty.program` record
        """
        return []

    def _loyalty_missing_of(self, programs):
        """Return {program: blockers as of `_loyalty_missing`} for several programs."""
        return {program: self._loyalty_missing(program) for program in programs}

    def _loyalty_margin_gaps(self, program):
        """Hook: return [(product, amount)] of lines below a program's least margin.

        :param program: `loyalty.program` record
        """
        return []

    def _loyalty_own_cards(self):
        """Hook: return the cards that the document itself creates."""
        return self.env["loyalty.card"]

    def _loyalty_hold(self, ttl):
        """Reserve the points that the rewards of strict programs on the documents cost.

        :param ttl: seconds after which the holds lapse
        :raise UserError: when another document holds or spent the points, or the last
            use of a limit
        """
        for document in self:
            if document._loyalty_is_confirmed():
                continue
            own = document._loyalty_own_cards()
            for use in document._loyalty_reward_uses():
                card = use["card"]
                if card in own or not card.program_id.strict or use["points"] <= 0:
                    continue
                blockers = document._loyalty_reserve(
                    card, use["points"], ttl, document.partner_id, document.company_id
                )
                if blockers:
                    raise UserError(document._loyalty_answer(blockers))

    def _loyalty_reserve(self, card, points, ttl, partner, company, shop=""):
        """Reserve points of a card, and a use of each limit of its program.

        A refusal is logged.

        :param ttl: seconds after which the hold lapses
        :param partner: the customer, may be empty
        :param company: the company that sells
        :param shop: name of the till, when the document is not saved yet
        :return: list of (code, message), empty when all is reserved
        """
        self.ensure_one()
        # The customer of an order may be one that its salesperson may not read.
        partner, program = partner.sudo(), card.sudo().program_id
        customer = partner if program._gate_is_known(partner) else None
        slots = self._loyalty_slots(program, card, customer, company)
        place = shop or self._loyalty_shop() or self.display_name
        blockers = card._member_blockers(partner, points, document=self)
        try:
            taken = blockers or card._hold(
                points, self._loyalty_holder(), ttl, place, slots, partner
            )
        except LimitReachedError as reached:
            blockers = [program._limit_blocker(reached.slot, customer)]
        else:
            if not taken:
                blockers = [("held", self._loyalty_hold_refusal(card))]
        if blockers:
            self.env["loyalty.refusal"]._log_refusal(
                card,
                partner,
                self._loyalty_channel(),
                self if self.id else None,
                card.code,
                blockers,
                shop=shop,
            )
        return blockers

    def _loyalty_reserve_use(self, program, ttl, partner, company, shop=""):
        """Reserve a use of each limit of a promotion that needs no card.

        :param program: `loyalty.program` record; the others, and what is returned, as
            of `_loyalty_reserve`
        """
        self.ensure_one()
        # Limits are counted whoever asks; the customer need not be theirs to read.
        partner, program = partner.sudo(), program.sudo()
        customer = partner if program._gate_is_known(partner) else None
        nothing = self.env["loyalty.card"]
        slots = self._loyalty_slots(program, nothing, customer, company)
        if not slots:
            return []
        place = shop or self._loyalty_shop() or self.display_name
        try:
            self.env["loyalty.point.hold"]._hold_use(
                program, self._loyalty_holder(), ttl, slots, place
            )
        except LimitReachedError as reached:
            blockers = [program._limit_blocker(reached.slot, customer)]
        else:
            return []
        self.env["loyalty.refusal"]._log_refusal(
            nothing,
            partner,
            self._loyalty_channel(),
            self if self.id else None,
            False,
            blockers,
            program=program,
            shop=shop,
        )
        return blockers

    def _loyalty_slots(self, program, card, customer, company):
        """Return the limits of a program of which the document needs a use, as `Slot`.

        What a manager has set aside is left out.

        :param card: `loyalty.card` record, may be empty
        :param customer: `res.partner` record, or None for an unknown one
        """
        if not program._has_limits():
            return []
        granted = self.env["loyalty.concession"]._granted(self._loyalty_holder())
        allowed = granted.get((program.id, card.id), ())
        return [
            slot
            for slot in program._limit_slots(customer, company._loyalty_today())
            if f"limit_{slot.kind}" not in allowed
        ]

    def _loyalty_answer(self, blockers):
        """Hook: return why something is refused, as the one who asks may know it.

        :param blockers: list of (code, message) of the gate
        """
        return "\n".join(message for _code, message in blockers)

    def _loyalty_hold_refusal(self, card):
        """Return why points of a card cannot be reserved for the document."""
        self.ensure_one()
        # The holds of a colleague's order are not the salesperson's to read.
        holds = card.sudo()._live_holds(but=self._loyalty_holder())
        if not holds:
            return self.env._(
                "The points of card %s were spent elsewhere. Remove its reward.",
                card.code,
            )
        return self.env._(
            "Card %(code)s is held by %(shop)s (%(user)s) until %(until)s. "
            "Wait, or ask a manager to release it.",
            code=card.code,
            shop=holds[0].shop or holds[0].holder,
            user=holds[0].user_id.name,
            until=format_datetime(self.env, holds[0].expires_at),
        )

    def _loyalty_unhold(self, cards=None):
        """End the holds of the documents in this transaction: spent, or given up.

        :param cards: only on these cards, on all by default
        """
        holders = [document._loyalty_holder() for document in self]
        self.env["loyalty.point.hold"]._end(holders, cards)
