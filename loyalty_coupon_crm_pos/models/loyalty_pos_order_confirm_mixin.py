from odoo import models
from odoo.tools import format_amount


class LoyaltyPosOrderConfirmMixin(models.AbstractModel):
    """What members have to confirm before an order counts as paid."""

    _name = "loyalty.pos.order.confirm.mixin"
    _description = "Confirmed Orders of a Till"

    def _loyalty_unconfirmed_message(self):
        """Return why a member has to confirm first, as a sentence, or None."""
        self.ensure_one()
        least = self.config_id.loyalty_confirm_amount
        if not least:
            return None
        lines = self._loyalty_lines_to_confirm()
        if self.currency_id.compare_amounts(-lines._loyalty_total(), least) < 0:
            return None
        confirmations = self.env["loyalty.confirmation"]
        for member, own in lines.grouped(self._loyalty_confirmer).items():
            amount = -own._loyalty_total()
            confirmed = confirmations._confirmed_amount(self._loyalty_holder(), member)
            if self.currency_id.compare_amounts(amount, confirmed) > 0:
                return self.env._(
                    "%(member)s has not confirmed that %(amount)s are paid with "
                    "coupons and points.",
                    member=member.name,
                    amount=format_amount(self.env, amount, self.currency_id),
                )
        return None

    def _loyalty_confirmer(self, line):
        """Return who confirms a reward line: the customer, or whose card it is.

        The customer says nothing for a wallet or personal coupon of somebody else.
        """
        self.ensure_one()
        if self._loyalty_is_foreign(line.coupon_id):
            return line.coupon_id.partner_id
        lines = self._loyalty_lines_to_confirm()
        return self.partner_id or lines.coupon_id.partner_id[:1]

    def _loyalty_is_foreign(self, card):
        """Return whether a card is one that only somebody else may use."""
        self.ensure_one()
        program, customer = card.program_id, self.partner_id
        personal = (
            program.strict or program.is_nominative
        ) and not program.transferable
        if not personal or not customer or not card.partner_id:
            return False
        return not (card._is_owner(customer) or card._member(customer))

    def _loyalty_lines_to_confirm(self):
        """Return the reward lines that cards of members pay."""
        return self.lines._loyalty_sold().filtered(
            lambda line: line.reward_id and line.coupon_id.partner_id
        )
