from odoo import models


class LoyaltyPosPromotionMixin(models.AbstractModel):
    """Promotions that need no card, counted when their order is paid.

    Odoo's till asks later for a card that names the use. Here the payment makes it, so
    that the limits of the program know the use whatever becomes of the till.
    """

    _name = "loyalty.pos.promotion.mixin"
    _description = "Promotions without Card at the Till"

    def _loyalty_promotion_lines(self):
        """Return the reward lines of strict promotions that need no card."""
        self.ensure_one()
        return self.lines._loyalty_sold().filtered(
            lambda line: (
                line.reward_id
                and not line.coupon_id
                and line.reward_id.program_id.strict
                and line.reward_id.program_id.applies_on == "current"
                and not line.reward_id.program_id.is_nominative
            )
        )

    def _loyalty_post_promotions(self):
        """Write the uses of promotions without a card, and end what the order held.

        Whoever pays an order again finds its lines with the card of the first time.

        :return: whether there were any
        """
        self.ensure_one()
        lines = self._loyalty_promotion_lines()
        if not lines:
            return False
        own = lines.grouped(lambda line: line.reward_id.program_id)
        # The card only names the use: nobody is written to about it.
        cards = self.env["loyalty.card"].with_context(action_no_send_mail=True)
        cards = cards.create(
            [
                {
                    "program_id": program.id,
                    "partner_id": self.partner_id.id,
                    "points": 0,
                    "source_pos_order_id": self.id,
                    "expiration_date": program.date_to,
                }
                for program in own
            ]
        ).with_env(self.env)
        for program_lines, card in zip(own.values(), cards, strict=True):
            program_lines.coupon_id = card
        self.env["loyalty.point.hold"]._end_uses([self._loyalty_holder()])
        return True
