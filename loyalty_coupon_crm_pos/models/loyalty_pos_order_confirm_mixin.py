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
        amount = -lines._loyalty_total()
        member = self.partner_id or lines.coupon_id.partner_id[:1]
        if not member or self.currency_id.compare_amounts(amount, least) < 0:
            return None
        confirmed = self.env["loyalty.confirmation"]._confirmed_amount(
            self._loyalty_holder(), member
        )
        if self.currency_id.compare_amounts(amount, confirmed) <= 0:
            return None
        return self.env._(
            "%(member)s has not confirmed that %(amount)s are paid with coupons and "
            "points.",
            member=member.name,
            amount=format_amount(self.env, amount, self.currency_id),
        )

    def _loyalty_lines_to_confirm(self):
        """Return the reward lines that cards of members pay."""
        return self.lines._loyalty_sold().filtered(
            lambda line: line.reward_id and line.coupon_id.partner_id
        )
