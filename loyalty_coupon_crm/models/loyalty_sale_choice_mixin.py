import math

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import float_compare, float_is_zero, format_amount

from ..tools.rounding import POINTS_DIGITS


class LoyaltySaleChoiceMixin(models.AbstractModel):
    """How many points a customer wants to spend: rewards per point take no more."""

    _name = "loyalty.sale.choice.mixin"
    _description = "Chosen Points on Sales Orders"

    loyalty_chosen_points = fields.Json(
        string="Chosen Points",
        copy=False,
        help="Points to spend by card and reward; it only ever lowers what is spent.",
    )

    def _apply_program_reward(self, reward, coupon, **kwargs):
        """Apply a reward, with the points chosen in the window or on the website.

        Who chooses again replaces what was chosen before.

        :raise UserError: when so many points cannot be spent on it
        """
        points = self._loyalty_asked_points(reward)
        self._loyalty_choose_points(reward, coupon, points)
        old = self._loyalty_chosen_lines(reward, coupon)
        if points is not None and old and "old_lines" not in kwargs:
            kwargs["old_lines"] = old._reset_loyalty()
        return super()._apply_program_reward(reward, coupon, **kwargs)

    def _loyalty_asked_points(self, reward):
        """Return how many points are asked for a reward now, None for all.

        The window of sales orders asks by the context; the form of the website's cart,
        which Odoo's controller reads without this entry, by the request.

        :raise UserError: when the entry of the form is no number
        """
        points = self.env.context.get("loyalty_spend_points")
        form = request.params if request else {}
        if points is not None or form.get("reward_id") != str(reward.id):
            return points
        return self._loyalty_read_points(form.get("loyalty_points"))

    def _loyalty_read_points(self, text):
        """Return points as a customer typed them on the website, None for nothing.

        :raise UserError: when it is no number
        """
        if not text:
            return None
        try:
            points = float(text)
        except ValueError:
            points = math.nan
        if not math.isfinite(points):
            raise UserError(
                self.env._("%s is no number of points. Enter digits only.", text)
            )
        return points

    def _loyalty_chosen_lines(self, reward, coupon):
        """Return the lines of a reward whose points are chosen, paid by one card."""
        self.ensure_one()
        if not self._loyalty_is_chosen(reward):
            return self.order_line.browse()
        return self.order_line.filtered(
            lambda line: line.reward_id == reward and line.coupon_id == coupon
        )

    def _get_reward_values_discount(self, reward, coupon, **kwargs):
        """Return the lines of a discount, which spends no more points than chosen."""
        order = self
        if self._loyalty_is_chosen(reward):
            chosen = (self.loyalty_chosen_points or {}).get(
                self._loyalty_choice_key(reward, coupon)
            )
            order = self.with_context(loyalty_points_cap=chosen)
        return super(LoyaltySaleChoiceMixin, order)._get_reward_values_discount(
            reward, coupon, **kwargs
        )

    def _loyalty_cap_points(self, points):
        """Return the points, or the chosen ones when those are fewer.

        Whoever sends this context key himself only gets less.
        """
        cap = self.env.context.get("loyalty_points_cap")
        return points if cap is None else min(points, max(cap, 0.0))

    def _loyalty_is_chosen(self, reward):
        """Return whether the points for a reward are the customer's to choose."""
        return (
            reward.reward_type == "discount"
            and reward.discount_mode == "per_point"
            and not reward.clear_wallet
        )

    def _loyalty_choice_key(self, reward, coupon):
        return f"{coupon.id}/{reward.id}"

    def _loyalty_choose_points(self, reward, coupon, points):
        """Note how many points a reward may take; None is as many as possible.

        :param points: points, in whole steps of what the reward requires
        :raise UserError: when they are too many, too few or between two steps
        """
        self.ensure_one()
        if not self._loyalty_is_chosen(reward):
            return
        choices = dict(self.loyalty_chosen_points or {})
        key = self._loyalty_choice_key(reward, coupon)
        if points is None:
            if choices.pop(key, None) is None:
                return
        else:
            self._loyalty_check_choice(reward, coupon, points)
            choices[key] = points
        self.loyalty_chosen_points = choices or False

    def _loyalty_step(self, reward):
        """Return in which steps points of a reward are spent, 0 for any amount."""
        return 0 if reward.program_id.is_payment_program else reward.required_points

    def _loyalty_least_points(self, reward, most):
        """Return the fewest points that a reward takes.

        :param most: points as of `_loyalty_most_points`
        """
        return self._loyalty_step(reward) or min(reward.required_points, most)

    def _loyalty_most_points(self, reward, coupon):
        """Return the most points that a reward can take on this order.

        What it takes already counts as if it were not applied.
        """
        self.ensure_one()
        applied = self._loyalty_chosen_lines(reward, coupon)
        usable = self._get_real_points_for_coupon(coupon)
        usable = max(usable + sum(applied.mapped("points_cost")), 0.0)
        amount = self.currency_id._convert(
            self._loyalty_amount_before(reward, applied),
            reward.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )
        needed = amount / reward.discount if reward.discount else 0.0
        step = self._loyalty_step(reward)
        if not step:
            return coupon.currency_id.round(min(usable, needed))
        # A part of a step cannot be spent, but the last one may be more than needed.
        steps = min(usable // step, math.ceil(round(needed / step, POINTS_DIGITS)))
        return steps * step

    def _loyalty_amount_before(self, reward, lines):
        """Return what a reward may pay when it is not applied yet.

        :param lines: lines of the reward on the order
        :return: amount in the currency of the order
        """
        amount = self.amount_total - sum(lines.mapped("price_total"))
        return max(amount - self._loyalty_not_payable_amount(reward.program_id), 0.0)

    def _loyalty_check_choice(self, reward, coupon, points):
        step = self._loyalty_step(reward)
        most = self._loyalty_most_points(reward, coupon)
        least = self._loyalty_least_points(reward, most)
        between = step and not float_is_zero(
            points - round(points / step) * step, precision_digits=POINTS_DIGITS
        )
        if (
            between
            or float_compare(points, least, precision_digits=POINTS_DIGITS) < 0
            or float_compare(points, most, precision_digits=POINTS_DIGITS) > 0
        ):
            raise UserError(self._loyalty_choice_problem(coupon, points, least, most))

    def _loyalty_choice_problem(self, coupon, points, least, most):
        """Return the sentence for points that cannot be spent."""
        return self.env._(
            "%(points)s cannot be spent here: choose from %(least)s to %(most)s, in "
            "steps of %(step)s.",
            points=coupon._format_points(points),
            least=coupon._format_points(least),
            most=coupon._format_points(most),
            step=coupon._format_points(least),
        )

    def _loyalty_points_worth(self, reward, points):
        """Return what points take off the order, as text in its currency."""
        amount = reward.currency_id._convert(
            reward.discount * points,
            self.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )
        return format_amount(self.env, min(amount, self.amount_total), self.currency_id)
