from odoo import models
from odoo.fields import Command

# What a till tells of a line that is not sent yet.
AMOUNTS = ("qty", "price_unit", "price_subtotal", "price_subtotal_incl")
RECORDS = {
    "product_id": "product.product",
    "reward_id": "loyalty.reward",
    "coupon_id": "loyalty.card",
}


class LoyaltyPosHoldMixin(models.AbstractModel):
    """What a till asks before money changes hands: may this order use what is on it?

    What may be used is held for the order, so that no other till uses it meanwhile.
    """

    _name = "loyalty.pos.hold.mixin"
    _description = "Holds of a Till"

    def hold_cards(self, uuid, points, partner_id):
        """Reserve what the rewards of an order cost, before money changes hands.

        The till calls when this changes, and again when payment starts. What the order
        does not use any more is free again.

        :param uuid: uuid of the order, as the till made it
        :param points: dict of card id to the points that the order takes from it
        :param partner_id: id of the customer on the order, or False
        :return: dict of card id to the reason, in words, of cards that cannot be used
        """
        self.ensure_one()
        order = self.env["pos.order"].new({"uuid": str(uuid)})
        wanted = {int(card): float(cost) for card, cost in points.items()}
        cards = self.env["loyalty.card"].search([("id", "in", list(wanted))])
        cards = cards.filtered(
            lambda card: card.program_id.strict and wanted[card.id] > 0
        )
        # What was kept for the till is the order's from now on.
        self._loyalty_end_leases(cards, at_once=True)
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        refused = {}
        for card in cards:
            reason = self._loyalty_hold_refusal(order, card, partner, wanted[card.id])
            if reason:
                refused[card.id] = reason
        kept = cards.filtered(lambda card: card.id not in refused)
        self._loyalty_release_others(order, kept)
        return refused

    def hold_order(
        self, uuid, points, partner_id, program_ids=(), other_ids=(), lines=()
    ):
        """Ask for all that the rewards of an order need, in one request.

        Of promotions without a card that are limited, a use is held like a card.

        :param uuid: uuid of the order, as the till made it
        :param points: as of `hold_cards`
        :param partner_id: id of the customer on the order, or False
        :param program_ids: ids of promotions on the order that need no card
        :param other_ids: ids of other programs on the order, which ask nobody
        :param lines: lines of the order as of `_loyalty_draft`, where its programs ask
            for a minimum or a margin; what they say is asked again when it is paid
        :return: dict of `cards`, as of `hold_cards`, and `programs`, a dict of program
            id to the reason, in words, of promotions that cannot be used
        """
        self.ensure_one()
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        programs = self._loyalty_asked_programs(program_ids)
        order = self._loyalty_draft(uuid, partner, lines)
        refused = self._loyalty_not_together(points, partner, programs, other_ids)
        if lines:
            self._loyalty_add_conditions(refused, order, points, programs)
        for program in programs:
            if program.id in refused["programs"]:
                continue
            if reason := self._loyalty_use_refusal(order, program, partner):
                refused["programs"][program.id] = reason
        kept = programs.filtered(lambda one: one.id not in refused["programs"])
        self.env["loyalty.point.hold"]._release_uses(order._loyalty_holder(), kept)
        asked = {
            card: cost for card, cost in points.items() if card not in refused["keys"]
        }
        return {
            "cards": {**self.hold_cards(uuid, asked, partner_id), **refused["cards"]},
            "programs": refused["programs"],
        }

    def _loyalty_asked_programs(self, program_ids):
        """Return the strict programs that a till asks for, also those it has no more.

        Odoo leaves out what is used up or over: a till that opened before still has it.

        :param program_ids: as of `hold_order`
        """
        ids = sorted({int(program_id) for program_id in program_ids})
        companies = self.company_id | self.company_id.parent_ids
        # The cashier may not read every program; the gate tells of them what it must.
        programs = self.env["loyalty.program"].sudo().browse(ids).exists()
        return programs.filtered(
            lambda one: (
                one.strict and (not one.company_id or one.company_id in companies)
            )
        )

    def _loyalty_use_refusal(self, order, program, partner):
        """Ask the gate about a promotion without a card, and hold one use of it.

        :return: why it cannot be used, in words; "" when it can
        """
        if not program.active:
            return self.env._("%s is not offered any more.", program.name)
        blockers = program._gate(
            self.env["loyalty.card"],
            partner,
            "pos",
            shop=self,
            holder=order._loyalty_holder(),
        ) or order._loyalty_reserve_use(
            program,
            self.loyalty_hold_minutes * 60,
            partner,
            self.company_id,
            shop=self.name,
        )
        return "\n".join(text for _code, text in blockers)

    def _loyalty_draft(self, uuid, partner, lines=()):
        """Return an order as the till has it, which is not saved.

        :param lines: list of dicts of `product_id`, `qty`, `price_unit`,
            `price_subtotal`, `price_subtotal_incl`, `reward_id` and `coupon_id` (False
            for none) and `parent`, the place of the line of its combo in the list, or
            None
        """
        known = self._loyalty_draft_records(lines)
        # The cashier may not read every program and card of the company.
        orders = self.env["pos.order"].sudo()
        order = orders.new(
            {
                "uuid": str(uuid),
                "config_id": self.id,
                "company_id": self.company_id.id,
                "partner_id": partner.id,
                "lines": [
                    Command.create(
                        {
                            **{name: known[name].get(line.get(name)) for name in known},
                            **{name: float(line.get(name) or 0.0) for name in AMOUNTS},
                            "is_reward_line": bool(line.get("reward_id")),
                        }
                    )
                    for line in lines
                ],
            }
        )
        for draft, line in zip(order.lines, lines, strict=True):
            if line.get("parent") is not None:
                draft.combo_parent_id = order.lines[line["parent"]]
        return order

    def _loyalty_draft_records(self, lines):
        """Return {field: {id: id}} of the records on lines; unknown ones are left out.

        :param lines: as of `_loyalty_draft`
        """
        found = {}
        for name, model in RECORDS.items():
            ids = {line.get(name) for line in lines if line.get(name)}
            records = self.env[model].browse(sorted(int(one) for one in ids)).exists()
            if model == "product.product":
                # What a product costs is nobody's to find out who may not see it.
                records = records._filtered_access("read")
            found[name] = {one: one for one in records.ids}
        return found

    def _loyalty_add_conditions(self, refused, order, points, programs):
        """Add what the lines of an order speak against: too little, or no margin left.

        :param refused: as of `_loyalty_not_together`, changed in place
        :param order: as of `_loyalty_draft`
        :param points: as of `hold_cards`
        :param programs: strict promotions on the order that need no card
        """
        for card, key in self._loyalty_charged_cards(points).items():
            blockers = order._loyalty_condition_blockers(card.program_id, card)
            if blockers and key not in refused["keys"]:
                self._loyalty_note_refused(
                    refused, card, key, blockers, order.partner_id
                )
        # As of cards: what the cashier may not read of a program, the gate asks.
        for program in programs.sudo():
            blockers = order._loyalty_condition_blockers(
                program, self.env["loyalty.card"]
            )
            if blockers:
                self.env["loyalty.refusal"]._log_refusal(
                    self.env["loyalty.card"],
                    order.partner_id,
                    "pos",
                    None,
                    False,
                    blockers,
                    program=program,
                    shop=self.name,
                )
                reasons = "\n".join(text for _code, text in blockers)
                refused["programs"].setdefault(program.id, reasons)

    def _loyalty_not_together(self, points, partner, programs, other_ids):
        """Return what of an order does not go with the rest of it.

        What asks nobody stays; then cards come before promotions, which apply by
        themselves.

        :param points: as of `hold_cards`
        :param programs: strict promotions on the order that need no card
        :param other_ids: ids of other programs on the order
        :return: dict of `cards` and `programs`, {id: the reason in words}, and `keys`,
            those keys of `points` that are refused
        """
        found = {"cards": {}, "programs": {}, "keys": set()}
        wanted = {int(program_id) for program_id in other_ids}
        # The cashier may not read every program of the company.
        kept = self.env["loyalty.program"].sudo()
        if wanted:
            kept = self._loyalty_programs_among([("id", "in", list(wanted))]).sudo()
        for card, key in self._loyalty_charged_cards(points).items():
            program = card.program_id
            if blockers := program._stacking_blockers(kept):
                self._loyalty_note_refused(found, card, key, blockers, partner)
            else:
                kept |= program
        for program in programs.sudo():
            if blockers := program._stacking_blockers(kept):
                found["programs"][program.id] = blockers[0][1]
            else:
                kept |= program
        return found

    def _loyalty_charged_cards(self, points):
        """Return {card: its key in `points`} of the strict ones that points leave.

        :param points: as of `hold_cards`
        """
        keys = {int(card): card for card, cost in points.items() if cost > 0}
        cards = self.env["loyalty.card"].search([("id", "in", list(keys))], order="id")
        # Which cards there are his rights decide; their programs he need not read.
        strict = cards.sudo().filtered("program_id.strict")
        return {card: keys[card.id] for card in strict}

    def _loyalty_note_refused(self, refused, card, key, blockers, partner):
        """Log why a card cannot be used, and note it in words.

        :param refused: as of `_loyalty_not_together`, changed in place
        :param key: of the card, as of `_loyalty_charged_cards`
        """
        answer = self._loyalty_refuse_code(
            card.sudo(False), card.code, blockers, partner
        )
        refused["cards"][card.id] = answer["payload"]["error_message"]
        refused["keys"].add(key)

    def _loyalty_hold_refusal(self, order, card, partner, points):
        """Hold points of a card for an order.

        :return: why it cannot be used, in words; False when the points are held
        """
        holder = order._loyalty_holder()
        # What the order brings itself is not asked for; who claims too much of that
        # finds the balance short when the order is paid.
        left = card.points - card.sudo()._blocked_for(holder)
        ignore = ("lapsed",) if points <= left else ()
        blockers = self.env["loyalty.program"]._gate(
            card,
            partner,
            "pos",
            code=card.code,
            shop=self,
            ignore=ignore,
            holder=holder,
        ) or order._loyalty_reserve(
            card,
            points,
            self.loyalty_hold_minutes * 60,
            partner,
            self.company_id,
            shop=self.name,
        )
        return blockers and self._loyalty_refusal(blockers)["payload"]["error_message"]

    def _loyalty_release_others(self, order, kept):
        """End the holds of an order on cards that it does not use any more."""
        holder = order._loyalty_holder()
        # Who runs the till may not read the holds of others.
        holds = self.env["loyalty.point.hold"].sudo().search([("holder", "=", holder)])
        freed = holds.card_id - kept.sudo()
        if freed:
            freed._release(holder)
