from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.next_step import Situation, next_step
from .loyalty_panel_mixin import READERS


class LoyaltyPartnerStepMixin(models.AbstractModel):
    """What to do next for a customer, in a sentence; rules: `tools/next_step.py`."""

    _name = "loyalty.partner.step.mixin"
    _description = "Recommended Next Step"

    loyalty_next_step = fields.Text(
        string="Recommended Next Step",
        compute="_compute_loyalty_next_step",
        groups=READERS,
    )

    @api.depends(
        "loyalty_metric_id",
        "loyalty_next_program_id",
        "loyalty_coupon_ids",
        "loyalty_lapse_ids",
        "loyalty_recommended_ids",
    )
    @api.depends_context("company", "lang")
    def _compute_loyalty_next_step(self):
        for partner in self:
            partner.loyalty_next_step = partner._loyalty_step_text()

    def _loyalty_step_text(self):
        """Return the recommended next step in words."""
        self.ensure_one()
        today = self.env.company._loyalty_today()
        coupons = self.loyalty_coupon_ids
        ending = coupons.filtered("expiration_date").sorted("expiration_date")[:1]
        lapse = self.loyalty_lapse_ids.sorted("date")[:1]
        step = next_step(
            Situation(
                today=today,
                stage=self.loyalty_stage or None,
                pays=self.loyalty_next_profit > 0,
                coupon_day=ending.expiration_date or None,
                has_coupon=bool(coupons),
                lapse_day=lapse.date or None,
                has_product=bool(self.loyalty_recommended_ids),
                next_date=self.loyalty_next_date or None,
            )
        )
        return self._loyalty_step_words(step, lapse, ending or coupons[:1])

    def _loyalty_step_words(self, step, lapse, coupon):
        """Return the sentence of a step.

        :param step: code as of `next_step`
        :param lapse: `loyalty.point.lapse` record that comes first, may be empty
        :param coupon: open `loyalty.card` that ends first, may be empty
        """
        # The names of offers and products may be told to whoever sees the customer.
        offer = self.loyalty_next_program_id.sudo().name
        if step == "points":
            return self.env._(
                "Remind of %(points)s points of %(program)s: they lapse on %(day)s.",
                points=lapse.points,
                program=lapse.sudo().program_id.name,
                day=format_date(self.env, lapse.date),
            )
        if step == "coupon":
            return self.env._(
                "Remind of the coupon %(program)s: it ends on %(day)s.",
                program=coupon.sudo().program_id.name,
                day=format_date(self.env, coupon.expiration_date),
            )
        if step == "use_coupon":
            return self.env._(
                "Silent for %(days)s days, with a coupon of %(program)s in hand: "
                "remind of it before another one is given.",
                days=self.loyalty_recency_days,
                program=coupon.sudo().program_id.name,
            )
        if step == "win_back":
            return self.env._(
                "Silent for %(days)s days: win back with %(offer)s.",
                days=self.loyalty_recency_days,
                offer=offer,
            )
        if step == "greet":
            return self.env._(
                "Silent for %(days)s days, and no offer is expected to pay: a greeting "
                "costs nothing.",
                days=self.loyalty_recency_days,
            )
        if step == "nurture":
            return self.env._(
                "On the way to a regular customer: invite with %(offer)s.", offer=offer
            )
        if step == "product":
            return self.env._(
                "Needs no discount: suggest %(product)s.",
                product=self.loyalty_recommended_ids[:1].display_name,
            )
        if step == "invite":
            if self.loyalty_next_profit > 0:
                return self.env._(
                    "Has not bought yet: invite with %(offer)s.", offer=offer
                )
            return self.env._("Has not bought yet: invite to a first purchase.")
        return self._loyalty_wait_words()

    def _loyalty_wait_words(self):
        """Return the sentence for a customer who needs nothing now."""
        day = self.loyalty_next_date
        if day and day >= self.env.company._loyalty_today():
            return self.env._(
                "Nothing to do: the next purchase is expected on %(day)s.",
                day=format_date(self.env, day),
            )
        return self.env._("Nothing to do now.")
