from odoo import models

from .loyalty_campaign_trigger_mixin import PURCHASE_TRIGGERS


class LoyaltyCardReasonMixin(models.AbstractModel):
    """Why a customer got a coupon, told to the customer, who may object."""

    _name = "loyalty.card.reason.mixin"
    _description = "Reasons of Coupons"

    def _reason_text(self):
        """Return what chose the customer, an empty text without a campaign.

        Names of campaigns and audiences are the company's own words: none of them here.
        """
        self.ensure_one()
        campaign = self.campaign_member_id.campaign_id
        if not campaign:
            return ""
        if campaign.trigger == "browsed":
            return self.env._(
                "You got this offer because of what you looked at on our website."
            )
        if campaign._goes_by_profile() or campaign._chooses_best():
            return self.env._(
                "You got this offer because of what you bought from us, and when."
            )
        if campaign.trigger in (*PURCHASE_TRIGGERS, "anniversary"):
            return self.env._("You got this offer because of a purchase.")
        events = {
            "birthday": self.env._("You got this offer for your birthday."),
            "claim": self.env._("You got this offer because you asked for it."),
            "expiring": self.env._("You got this offer because a coupon was unused."),
            "follow": self.env._("You got this offer because of an earlier one."),
            "new_customer": self.env._("You got this offer because you are new."),
            "points": self.env._("You got this offer because of your points."),
            "points_expiring": self.env._("You got this offer because of your points."),
            "survey": self.env._("You got this offer because you answered a survey."),
        }
        return events.get(
            campaign.trigger,
            self.env._("Everybody on one of our lists got this offer."),
        )
