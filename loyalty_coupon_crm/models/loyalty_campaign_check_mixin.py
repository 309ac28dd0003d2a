import math

from odoo import models
from odoo.tools import format_date

COUPON_TYPES = ("coupons", "gift_card")
WALLET_TYPES = ("loyalty", "ewallet")
REMINDER_TRIGGERS = ("follow", "expiring", "points_expiring")
MAX_POINTS = 1_000_000
MAX_VALIDITY_DAYS = 3650


class LoyaltyCampaignCheckMixin(models.AbstractModel):
    """What speaks against launching a campaign, in sentences."""

    _name = "loyalty.campaign.check.mixin"
    _description = "Launch Check of Campaigns"

    def _launch_problems(self):
        """Return a sentence for everything that speaks against a launch."""
        self.ensure_one()
        self._expect_state("draft")
        problems = (
            self._offer_problems()
            + self._number_problems()
            + self._trigger_problems()
            + self._way_problems()
        )
        if not self.control_percent and not (self.no_control_reason or "").strip():
            problems.append(
                self.env._(
                    "There is no control group: say why, because without one nobody "
                    "will know whether the campaign paid."
                )
            )
        if not self._takes_whole_audience() and not self.segment_id:
            return problems
        if not self.segment_id:
            problems.append(self.env._("The campaign has no audience: choose one."))
        elif not self.segment_id.active:
            problems.append(
                self.env._(
                    "The audience %(name)s is archived: choose another one.",
                    name=self.segment_id.name,
                )
            )
        elif self._takes_whole_audience() and self._audience_is_empty():
            problems.append(
                self.env._(
                    "The audience %(name)s is empty: nobody would get the offer.",
                    name=self.segment_id.name,
                )
            )
        return problems

    def _offer_of(self, variant):
        """Return (program, points) that an arm gives.

        :param variant: the arm, empty for a campaign without arms
        """
        return variant.program_id or self.program_id, variant.points or self.points

    def _offer_problems(self):
        """Return a sentence for everything that makes an offer worthless."""
        self.ensure_one()
        if self.is_reminder:
            return self._reminder_problems()
        if not self.program_id:
            return [self.env._("The campaign has no offer: choose a program.")]
        offers = {(self.program_id, self.points)} | {
            self._offer_of(variant) for variant in self.variant_ids
        }
        return [
            problem
            for program, points in sorted(offers, key=lambda offer: offer[0].id)
            for problem in self._program_problems(program, points)
        ]

    def _reminder_problems(self):
        """Return a sentence for everything that keeps a reminder from being written."""
        problems = []
        if self.trigger not in REMINDER_TRIGGERS:
            problems.append(
                self.env._(
                    "Only a campaign that follows another one, or that looks for "
                    "unused coupons or lapsing points, can remind of what is in hand."
                )
            )
        if not any(map(self._has_message, self.variant_ids or [self.variant_ids])):
            problems.append(
                self.env._(
                    "A reminder needs an e-mail, a text message or somebody who calls."
                )
            )
        return problems

    def _program_problems(self, program, points):
        """Return a sentence for everything that makes one offer worthless.

        :param points: points of each card
        """
        name = program.name
        if program.program_type not in COUPON_TYPES + WALLET_TYPES:
            return [
                self.env._(
                    "The program %(name)s has no cards to issue: choose a coupon, gift "
                    "card, loyalty card or eWallet program.",
                    name=name,
                )
            ]
        problems = []
        rewards = program.reward_ids.filtered("active")
        today = self.company_id._loyalty_today()
        if not program.active:
            problems.append(self.env._("The program %(name)s is archived.", name=name))
        if not rewards:
            problems.append(
                self.env._(
                    "The program %(name)s has no reward: its cards would buy nothing.",
                    name=name,
                )
            )
        elif not program.is_nominative and points < min(
            rewards.mapped("required_points")
        ):
            problems.append(
                self.env._(
                    "%(points)s points per card buy nothing: the cheapest reward of "
                    "%(name)s costs %(required)s.",
                    points=points,
                    name=name,
                    required=min(rewards.mapped("required_points")),
                )
            )
        if program.date_to and program.date_to < today:
            problems.append(
                self.env._(
                    "The program %(name)s ended on %(date)s.",
                    name=name,
                    date=format_date(self.env, program.date_to),
                )
            )
        if (
            program.limit_usage
            and program.sudo().total_order_count >= program.max_usage
        ):
            problems.append(
                self.env._(
                    "The program %(name)s has been used %(count)s times, its limit: "
                    "its coupons would be refused.",
                    name=name,
                    count=program.max_usage,
                )
            )
        return problems

    def _number_problems(self):
        """Return a sentence for each number of a campaign that makes no sense."""
        self.ensure_one()
        problems = []
        if not (math.isfinite(self.points) and 0 < self.points <= MAX_POINTS):
            problems.append(
                self.env._(
                    "%(points)s points per card is not possible: enter more than 0 and "
                    "at most %(maximum)s.",
                    points=self.points,
                    maximum=f"{MAX_POINTS:,}",
                )
            )
        if not (
            math.isfinite(self.control_percent) and 0 <= self.control_percent < 100
        ):
            problems.append(
                self.env._(
                    "A control group of %(percent)s %% is not possible: enter 0 or "
                    "more and less than 100.",
                    percent=self.control_percent,
                )
            )
        if not 0 <= self.validity_days <= MAX_VALIDITY_DAYS:
            problems.append(
                self.env._(
                    "A validity of %(days)s days is not possible: enter 0 (no end) to "
                    "%(maximum)s days.",
                    days=self.validity_days,
                    maximum=f"{MAX_VALIDITY_DAYS:,}",
                )
            )
        if self.budget_coupons < 0:
            problems.append(
                self.env._(
                    "A budget of %(budget)s coupons is not possible: enter 0 for no "
                    "limit, or a positive number.",
                    budget=self.budget_coupons,
                )
            )
        return problems
