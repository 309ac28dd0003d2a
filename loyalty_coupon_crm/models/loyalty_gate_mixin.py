from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from odoo import api, fields, models

from ..tools import codes
from ..tools.gate_facts import GateFacts


@dataclass(frozen=True)
class Use:
    """What the gate is asked: may this be used, by whom, where and when?

    `card`, `partner` and `document` may be empty, `shop` too: the till or website that
    asks when there is no document yet. `at` is naive in UTC; `today` and `local` are
    the company's day and wall clock.
    """

    program: Any
    card: Any
    partner: Any
    channel: str
    document: Any
    shop: Any
    company: Any
    at: datetime
    local: datetime
    today: date
    facts: GateFacts
    asked_by: str | None = None

    @property
    def name(self):
        """Return what a person calls it: the code of a card, or the program."""
        return self.card.code or self.program.name

    @property
    def holder(self):
        """Return the key under which the one who asks holds points, or None."""
        if self.document and not self.asked_by:
            return self.document._loyalty_holder()
        return self.asked_by


class LoyaltyGateMixin(models.AbstractModel):
    """The one gate every channel asks whether a card or program may be used.

    It asks its parts in turn, each in a file of its own; every part takes a `Use` and
    returns blockers, a list of (code, message).
    """

    _name = "loyalty.gate.mixin"
    _description = "The Gate"

    def _redemption_blockers(
        self, card, partner, channel, at=None, document=None, shop=None, holder=None
    ):
        """Return what keeps a card or program from being used.

        A void card is always refused. The other rules hold for strict programs; the
        others keep Odoo's own checks. Without a card, the program of the recordset is
        asked: a promotion code, or a promotion that applies by itself.

        :param card: `loyalty.card` record, may be empty
        :param partner: the customer of the document, may be empty
        :param channel: a value of `loyalty.purchase.channel`
        :param at: moment of the use, naive datetime in UTC, now by default
        :param document: the order, any model, may be None
        :param shop: the till or website that asks without a document, may be None
        :param holder: key of an order's holds, for one that is no document yet
        :return: list of (code, message); empty when nothing speaks against the use
        """
        asked = [(self[:1], card)]
        [use] = self._gate_uses(asked, partner, channel, at, document, shop, holder)
        return self._gate_blockers(use)

    @api.model
    def _redemption_blockers_of(
        self, cards, partner, channel, at=None, document=None, shop=None, holder=None
    ):
        """Return what keeps cards from being used, as {card: list of (code, message)}.

        What the database knows of all of them is read at once; parameters as of
        `_redemption_blockers`.
        """
        asked = [(self.browse(), card) for card in cards]
        uses = self._gate_uses(asked, partner, channel, at, document, shop, holder)
        return {
            card: self._gate_blockers(use)
            for card, use in zip(cards, uses, strict=True)
        }

    @api.model
    def _gate_blockers(self, use):
        """Return what speaks against a use, as list of (code, message)."""
        if not use.program:
            return []
        if use.card.voided_at:
            return [("void", self._gate_void_message(use))]
        blockers = self._gate_card(use) if use.card else []
        if not use.program.strict:
            return blockers
        return [
            *self._gate_offer(use),
            *self._gate_document(use),
            *(self._gate_strict_card(use) if use.card else []),
            *blockers,
        ]

    @api.model
    def _gate_uses(
        self, asked, partner, channel, at=None, document=None, shop=None, holder=None
    ):
        """Return the questions of a channel as `Use`, which share their facts.

        :param asked: list of (program, card); a card brings its program along
        """
        facts, clocks, uses = GateFacts(self._gate_read_facts), {}, []
        at = at or fields.Datetime.now()
        self._gate_fetch(
            self.env["loyalty.card"].union(*(card for _program, card in asked)),
            self.env["loyalty.program"].union(*(program for program, _card in asked)),
            partner or self.env["res.partner"],
        )
        for program, card in asked:
            # Who asks may not read the other order, customer or till that a reason
            # names.
            card = card.sudo()
            program = card.program_id or program.sudo()
            seller = (document or shop or card).sudo()
            company = seller.company_id or program.company_id or self.env.company
            if company not in clocks:
                clocks[company] = company.sudo()._loyalty_local(at)
            use = Use(
                program=program,
                card=card,
                # The customer of an order may be one that its salesperson may not
                # read.
                partner=(partner or self.env["res.partner"]).sudo(),
                channel=channel,
                document=document,
                shop=shop,
                company=company.sudo(),
                at=at,
                local=clocks[company],
                today=clocks[company].date(),
                facts=facts,
                asked_by=holder,
            )
            facts.add(use)
            uses.append(use)
        return uses

    @api.model
    def _gate_offer(self, use):
        """Return what speaks against the program itself, whatever the card."""
        return self._gate_time(use)

    @api.model
    def _gate_document(self, use):
        """Return what on the document speaks against the program."""
        return []

    def _gate(
        self,
        card,
        partner,
        channel,
        at=None,
        document=None,
        code=None,
        shop=None,
        ignore=(),
        holder=None,
    ):
        """Ask the gate and log what it refuses.

        :param code: the code as it was entered
        :param ignore: codes of blockers that the caller judges by itself
        :param holder: key of an order's holds, for one that is no document yet
        :return: list of (code, message), as `_redemption_blockers`
        """
        blockers = self._redemption_blockers(
            card, partner, channel, at, document, shop=shop, holder=holder
        )
        if not card and not self and code:
            blockers += self._gate_code(code)
        blockers = [found for found in blockers if found[0] not in ignore]
        if blockers:
            self.env["loyalty.refusal"]._log_refusal(
                card,
                partner,
                channel,
                document,
                code,
                blockers,
                program=self,
                shop=shop.display_name if shop else "",
            )
        return blockers

    @api.model
    def _gate_code(self, code):
        """Return blockers for a code that belongs to no card: only typing errors.

        What is not a code of ours gets Odoo's own answer.

        :param code: the code as it was entered
        """
        mistyped = codes.is_ours(code) and not codes.has_valid_check(code)
        if not mistyped or self._is_promotion_code(code):
            return []
        message = self.env._(
            "The code %(code)s has a typing error. Compare it with the coupon and "
            "enter it again, or scan it.",
            code=code,
        )
        return [("mistyped", message)]

    @api.model
    def _is_promotion_code(self, code):
        """Return whether a program's rule has this code."""
        return bool(
            self.env["loyalty.rule"].search_count([("code", "=", code)], limit=1)
        )
