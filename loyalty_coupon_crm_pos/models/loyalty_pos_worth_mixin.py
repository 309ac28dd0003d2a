from odoo import models
from odoo.tools import format_amount


class LoyaltyPosWorthMixin(models.AbstractModel):
    """How much the rewards on an order can take off, whatever the till took off.

    The till computes the exact amount. Compared is the most that a reward could ever
    give on these goods, so that no rounding and no other discount matters: who sends
    more than that made it up.
    """

    _name = "loyalty.pos.worth.mixin"
    _description = "Worth of Rewards at the Till"

    def _loyalty_check_rewards(self):
        """Flag rewards of another program than their card's, and those worth less."""
        self.ensure_one()
        lines = self.lines._loyalty_sold().filtered("reward_id")
        for (reward, card), own in lines.grouped(
            lambda line: (line.reward_id, line.coupon_id)
        ).items():
            program = reward.program_id
            if not (program | card.program_id).filtered("strict"):
                continue
            if card and card.program_id != program:
                self._loyalty_flag(
                    self.env._(
                        "The till paid %(reward)s of %(program)s with the card "
                        "%(code)s of %(other)s.",
                        reward=reward.description,
                        program=program.name,
                        code=card.code,
                        other=card.program_id.name,
                    )
                )
            self._loyalty_check_worth(reward, own)

    def _loyalty_check_worth(self, reward, lines):
        """Flag a reward that took off more than it can give.

        :param lines: reward lines of one card
        """
        taken = -lines._loyalty_total()
        most = self._loyalty_most(reward, lines)
        # The till closes what rounding leaves of the last cents.
        most += self.currency_id.rounding * len(self.lines)
        if self.currency_id.compare_amounts(taken, most) > 0:
            self._loyalty_flag(
                self.env._(
                    "The till took off %(taken)s for %(reward)s of %(program)s, which "
                    "gives %(most)s at most.",
                    taken=format_amount(self.env, taken, self.currency_id),
                    most=format_amount(self.env, most, self.currency_id),
                    reward=reward.description,
                    program=reward.program_id.name,
                )
            )

    def _loyalty_most(self, reward, lines):
        """Return the most that a reward can take off, with taxes.

        :param lines: reward lines of one card
        """
        goods = self._loyalty_rewarded_goods(reward)
        total = max(goods._loyalty_total(), 0.0)
        if reward.reward_type != "discount" or reward.offer_kind:
            return total
        times = 1
        if reward.required_points and reward.discount_mode != "per_point":
            # A reward can be claimed several times, when its points are paid for each.
            paid = sum(lines.mapped("points_cost")) + 1e-6
            times = max(int(paid / reward.required_points), 1)
        if reward.discount_mode == "percent":
            most = total * min(reward.discount / 100 * times, 1.0)
        elif reward.discount_mode == "per_point":
            # What it costs is compared with the points.
            most = total
        else:
            most = reward.discount * times
        if reward.discount_max_amount:
            most = min(most, reward.discount_max_amount * times)
        return min(most, total)

    def _loyalty_rewarded_goods(self, reward):
        """Return the lines of goods that a reward lowers or gives."""
        goods = self.lines._loyalty_goods().filtered(
            lambda line: line._loyalty_total() > 0
        )
        if reward.reward_type == "product":
            products = reward.reward_product_ids
            return goods.filtered(lambda line: line.product_id in products)
        if reward.discount_applicability == "order":
            return goods
        chosen = goods.product_id.filtered_domain(reward._get_discount_product_domain())
        # A combo is chosen by its own product, what it costs stands on its parts.
        goods = goods.filtered(
            lambda line: (
                (line.combo_parent_id or line).product_id in chosen
                or line.product_id in chosen
            )
        )
        if reward.discount_applicability == "cheapest" and not reward.offer_kind:
            return self._loyalty_cheapest(goods)
        return goods

    def _loyalty_cheapest(self, goods):
        """Return the dearest line of those whose price is the lowest."""
        single = goods.filtered(lambda line: not line.combo_parent_id)
        if goods - single or not single:
            return goods
        prices = {line: line._loyalty_total() / line.qty for line in single}
        least = min(prices.values())
        cheapest = [
            line
            for line, price in prices.items()
            if self.currency_id.compare_amounts(price, least) <= 0
        ]
        return max(cheapest, key=lambda line: line._loyalty_total())
