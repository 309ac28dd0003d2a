from odoo import models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.loyalty_coupon_crm.tools.rounding import POINTS_DIGITS


class LoyaltyPosBoundsMixin(models.AbstractModel):
    """What a till may spend of wallets, whatever it claims.

    The till computes the same bounds and keeps them; who sends something else is
    refused before the order counts as paid.
    """

    _name = "loyalty.pos.bounds.mixin"
    _description = "Bounds of Wallets at the Till"

    def _loyalty_check_claims(self):
        """Refuse orders whose wallets pay what they must not, or without their owner.

        A till of ours refuses both, also without connection. Who spends more of a
        wallet than may be spent is told of before payment; afterwards the shop bears
        what is too much, for the till may have been offline.

        :raise UserError: says which wallet, how much, and what to do
        """
        for order in self:
            order._loyalty_flag_overdrawn()
            problem = order._loyalty_claim_problem()
            if problem:
                self.env["loyalty.refusal"]._log_refusal(
                    order.lines.coupon_id[:1],
                    order.partner_id,
                    "pos",
                    order,
                    False,
                    [("claim", problem)],
                )
                raise UserError(
                    self.env._(
                        "%(problem)s Take the reward off order %(order)s and let the "
                        "customer pay the rest.",
                        problem=problem,
                        order=order.display_name,
                    )
                )

    def _loyalty_claim_problem(self):
        """Return why the claims of an order are refused, as a sentence, or None."""
        self.ensure_one()
        program = self._loyalty_wrong_payment()
        if program:
            return program._not_payable_message(self._loyalty_not_payable(program))
        return self._loyalty_unconfirmed_message()

    def _loyalty_flag_overdrawn(self):
        """Flag what an order spends beyond a member's limit or of blocked points."""
        self.ensure_one()
        for card, lines in self._loyalty_used_lines().items():
            points = lines._loyalty_points_cost()
            problem = self._loyalty_limit_message(card, points)
            # Without a waiting time the order may spend what it earns at once.
            if not problem and card.program_id.pending_days:
                blocked = card._blocked_for(self._loyalty_holder())
                problem = self._loyalty_blocked_message(card, points, blocked)
            if problem:
                self._loyalty_flag(problem)

    def _loyalty_limit_message(self, card, points):
        """Return why a member may not spend so many points of a wallet, or None."""
        member = card._member(self.partner_id)
        if not member:
            return None
        left = member._left(document=self)
        if float_compare(points, left, precision_digits=POINTS_DIGITS) <= 0:
            return None
        return member._limit_message(left)

    def _loyalty_blocked_message(self, card, points, blocked):
        """Return why points of a wallet cannot be spent yet, or None.

        :param points: points that the order takes from the card
        :param blocked: points of the card that the order cannot spend
        """
        if not blocked or not card.program_id.is_nominative:
            return None
        usable = max(card.points - blocked, 0.0)
        if float_compare(points, usable, precision_digits=POINTS_DIGITS) <= 0:
            return None
        return self.env._(
            "Only %(usable)s of the wallet %(code)s can be spent now, not "
            "%(points)s: the others are pending or have lapsed.",
            usable=card._format_points(usable).strip(),
            points=card._format_points(points).strip(),
            code=card.code,
        )

    def _loyalty_not_payable(self, program):
        """Return the products of the order that a payment program does not pay."""
        goods = self.lines._loyalty_sold()._loyalty_goods()
        goods = goods.filtered(lambda line: line.qty > 0)
        return program._not_payable(goods.product_id, self.config_id._get_program_ids())

    def _loyalty_wrong_payment(self):
        """Return a program that pays what it must not, or an empty record."""
        self.ensure_one()
        payments = self.lines._loyalty_sold()._loyalty_payments()
        paid = {}
        for line in payments:
            program = line.reward_id.program_id
            paid[program] = paid.get(program, 0.0) - line._loyalty_total()
        total = (self.lines - payments)._loyalty_total()
        kept = {program: self._loyalty_not_payable_amount(program) for program in paid}
        programs = self.env["loyalty.program"].union(*paid)
        return programs._wrongly_paying(total, paid, kept, self.currency_id)

    def _loyalty_not_payable_amount(self, program):
        """Return what of the order has to be paid with money, with taxes."""
        products = self._loyalty_not_payable(program)
        goods = self.lines._loyalty_sold()._loyalty_goods()
        lines = goods.filtered(lambda line: line.product_id in products)
        return max(lines._loyalty_total(), 0.0)
