from odoo import fields, models
from odoo.tools import float_compare

from odoo.addons.loyalty_coupon_crm.tools.rounding import POINTS_DIGITS

# Another document may hold what this order has paid for: the balance tells.
NOT_WHEN_PAID = ("held",)


class LoyaltyPosUnheldMixin(models.AbstractModel):
    """What an order uses that its till never held: offline, late, or on purpose.

    The goods are gone and the money was taken, so the order is paid; why the gate would
    have refused stands on the order, for whoever looks after the tills.
    """

    _name = "loyalty.pos.unheld.mixin"
    _description = "Unheld Rewards at the Till"

    def _loyalty_check_holds(self):
        """Compare what an order uses with its holds, and flag what the gate says."""
        self.ensure_one()
        self._loyalty_check_promotions()
        self._loyalty_check_refunds()
        used = {
            card: lines
            for card, lines in self._loyalty_used_lines().items()
            if card.program_id.strict
        }
        if not used:
            return
        held = self._loyalty_held_points()
        for card, lines in used.items():
            points = lines._loyalty_points_cost()
            asked = sum(lines.mapped("points_cost"))
            if float_compare(asked, points, precision_digits=POINTS_DIGITS) < 0:
                self._loyalty_flag(
                    self.env._(
                        "The till took %(asked)s points of card %(code)s for a reward "
                        "of %(points)s points. The difference was taken, too.",
                        asked=asked,
                        points=points,
                        code=card.code,
                    )
                )
            if card.id in held and self._loyalty_is_foreign(card):
                self._loyalty_flag_foreign(card)
            own = card.program_id.is_nominative and self._loyalty_may_earn(card)
            if own and not card.program_id.pending_days:
                # What the order brings to the wallet need not be held.
                points -= self._loyalty_earned(card.program_id)
            missing = points - held.get(card.id, 0.0)
            if float_compare(missing, 0.0, precision_digits=POINTS_DIGITS) > 0:
                self._loyalty_flag_unheld(card)
            else:
                # What was held was asked before the last line was on the order.
                self._loyalty_flag_refused(
                    card.program_id,
                    self._loyalty_condition_blockers(card.program_id, card),
                )

    def _loyalty_check_refunds(self):
        """Flag rewards that are sent as refunds without giving back what they name."""
        lines = self.lines.filtered("refunded_orderline_id")
        for line in lines:
            program = line._loyalty_reward().program_id
            if not program.strict:
                continue
            if not line._loyalty_takes_back():
                message = self.env._(
                    "The till sent a reward of %s as a refund, but it gives nothing "
                    "back. It counts as a reward of this order.",
                    program.name,
                )
                self._loyalty_flag(message)
            elif line._loyalty_is_too_much_back():
                message = self.env._(
                    "The till took back more of a reward of %s than was given, or for "
                    "less than it was worth.",
                    program.name,
                )
                self._loyalty_flag(message)

    def _loyalty_check_promotions(self):
        """Ask the gate about strict promotions that need no card, and flag."""
        programs = self._loyalty_cardless_lines().reward_id.program_id
        for program in programs:
            if self._loyalty_lacks_card(program):
                self._loyalty_flag(
                    self.env._(
                        "The till gave a reward of %s without a card. Nothing paid it.",
                        program.name,
                    )
                )
        for program in programs.filtered(lambda one: one.applies_on == "current"):
            blockers = program._redemption_blockers(
                self.env["loyalty.card"],
                self.partner_id,
                "pos",
                at=self.date_order,
                document=self,
            )
            self._loyalty_flag_refused(program, blockers)

    def _loyalty_cardless_lines(self):
        """Return the reward lines of strict programs that name no card."""
        return self.lines._loyalty_sold().filtered(
            lambda line: line.reward_id.program_id.strict and not line.coupon_id
        )

    def _loyalty_link_wallets(self):
        """Have a customer's wallet pay the rewards that name none, as any other."""
        for order in self.filtered("partner_id"):
            lines = order._loyalty_cardless_lines()
            for program, own in lines.grouped(
                lambda line: line.reward_id.program_id
            ).items():
                if program.is_nominative:
                    own.coupon_id = order._loyalty_find_wallet(program)

    def _loyalty_lacks_card(self, program):
        """Return whether nothing can pay a reward of a program that names no card.

        Promotions and their codes need none, and a first wallet is made when the order
        is paid, of what it earns.
        """
        if program.is_nominative:
            return not self.partner_id or self._loyalty_earned(program) <= 0
        modes = [
            program.trigger == "auto",
            "with_code" in program.rule_ids.mapped("mode"),
        ]
        return program.applies_on != "current" or not any(modes)

    def _loyalty_flag_refused(self, program, blockers):
        """Flag what was used although something spoke against it.

        :param blockers: list of (code, message)
        """
        if blockers:
            self._loyalty_flag(
                self.env._(
                    "%(program)s was used although it would have been refused: "
                    "%(reasons)s",
                    program=program.name,
                    reasons=" ".join(text for _code, text in blockers),
                )
            )

    def _loyalty_held_points(self):
        """Return {card id: points} that the order holds, or its till leased."""
        own = [self._loyalty_holder(), self.config_id._loyalty_lease_holder()]
        holds = self.env["loyalty.point.hold"].search(
            [("holder", "in", own), ("expires_at", ">", fields.Datetime.now())]
        )
        return {
            card.id: sum(held.mapped("points"))
            for card, held in holds.grouped("card_id").items()
        }

    def _loyalty_flag_unheld(self, card):
        """Ask the gate about a card that was used without a hold."""
        blockers = self.env["loyalty.program"]._redemption_blockers(
            card, self.partner_id, "pos", at=self.date_order, document=self
        )
        reasons = [text for code, text in blockers if code not in NOT_WHEN_PAID]
        if reasons:
            self._loyalty_flag(
                self.env._(
                    "Card %(code)s was used without being held, and would have been "
                    "refused: %(reasons)s",
                    code=card.code,
                    reasons=" ".join(reasons),
                )
            )

    def _loyalty_flag_foreign(self, card):
        """Flag a card of somebody else that was held for its owner."""
        self._loyalty_flag(
            self.env._(
                "Card %(code)s was held for %(owner)s, but paid an order of "
                "%(customer)s.",
                code=card.code,
                owner=card.partner_id.display_name,
                customer=self.partner_id.display_name,
            )
        )

    def _loyalty_loss_reason(self, card):
        """Return why the shop bears what a card did not have."""
        self.ensure_one()
        for line in (self.loyalty_flag or "").splitlines():
            if card.code and card.code in line:
                return line
        return self.env._("Accepted at the till, but spent elsewhere before")
