from odoo import fields, models
from odoo.exceptions import UserError


class LoyaltySaleCartMixin(models.AbstractModel):
    """What a customer chooses in the website's cart, which is a sales order."""

    _name = "loyalty.sale.cart.mixin"
    _description = "Chosen Points in the Cart"

    def _loyalty_cart_choices(self):
        """Return the rewards whose points the customer of this cart may choose.

        :return: list of dicts as of `_loyalty_cart_choice`: rewards on the cart first,
            then those that can be claimed
        """
        self.ensure_one()
        applied = {}
        for line in self.order_line.filtered("coupon_id"):
            if self._loyalty_is_chosen(line.reward_id):
                applied.setdefault((line.reward_id, line.coupon_id), line)
        claimable = {
            (reward, card): self.order_line.browse()
            for card, rewards in self._get_claimable_rewards().items()
            for reward in rewards
            if self._loyalty_is_chosen(reward) and (reward, card) not in applied
        }
        choices = [
            self._loyalty_cart_choice(reward, card, line)
            for (reward, card), line in {**applied, **claimable}.items()
        ]
        return [choice for choice in choices if choice["most"] >= choice["least"] > 0]

    def _loyalty_has_choice(self):
        """Return whether several discounts could take something off this cart."""
        self.ensure_one()
        applied = self.order_line.reward_id.filtered(self._loyalty_may_choose)
        claimable = applied.union(*self._loyalty_claimable_discounts())
        if len(applied | claimable) > 1:
            return True
        return bool(self._loyalty_open_coupons())

    def _loyalty_cart_choice(self, reward, card, line):
        """Return one choice of the cart.

        :param line: first line of the reward on the cart, empty when not applied
        :return: dict of `reward`, `card`, `line`, of points `least`, `most`, `step` and
            `points` (what it takes now), and in the cart's currency `rate` (for one
            point) and `limit` (no more is taken off)
        """
        lines = self._loyalty_chosen_lines(reward, card)
        most = self._loyalty_most_points(reward, card)
        return {
            "reward": reward,
            "card": card,
            "line": line,
            "least": self._loyalty_least_points(reward, most),
            "most": most,
            "step": self._loyalty_step(reward),
            "points": sum(lines.mapped("points_cost")) or most,
            "rate": reward.currency_id._convert(
                reward.discount,
                self.currency_id,
                self.company_id,
                fields.Date.context_today(self),
                round=False,
            ),
            "limit": self._loyalty_amount_before(reward, lines),
        }

    def _loyalty_change_choice(self, line, text):
        """Spend another number of points on a reward of this cart.

        :param line: line of the reward on this cart
        :param text: points as the customer typed them
        :raise UserError: when so many points cannot be spent on it
        """
        self.ensure_one()
        reward, card = line.reward_id, line.coupon_id
        points = self._loyalty_read_points(text)
        if points is None:
            return
        asking = self.with_context(loyalty_spend_points=points)
        with self.env.cr.savepoint():
            problem = asking._apply_program_reward(reward, card).get("error")
            if problem:
                raise UserError(problem)
            self._update_programs_and_rewards()
