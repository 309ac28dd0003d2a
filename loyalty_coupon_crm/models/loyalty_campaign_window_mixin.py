from odoo import fields, models
from odoo.exceptions import UserError

# Days after which a standing campaign writes once more to those who did not look.
FIRST_REMINDER_DAYS = 3


class LoyaltyCampaignWindowMixin(models.AbstractModel):
    """What the buttons of a campaign open: its customers, cards, uses, a reminder."""

    _name = "loyalty.campaign.window.mixin"
    _description = "Windows of Campaigns"

    def action_refresh_audience(self):
        """Apply the rule of the audience now, so that the preview counts anew."""
        self.check_access("write")
        for campaign in self:
            campaign._refresh_audience()

    def action_view_audience(self):
        """Open the customers that the audience holds now."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "base.action_partner_form"
        )
        return {
            **action,
            "name": self.segment_id.name,
            "domain": [("id", "in", self._audience_ids())],
            "context": {"create": False},
        }

    def action_view_members(self):
        """Open the members, both groups."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_campaign_member_action"
        )
        return {**action, "domain": [("campaign_id", "=", self.id)], "context": {}}

    def action_remind_unseen(self):
        """Open a draft that writes once more to those who did not look at their card.

        :raise UserError: when the campaign wrote no messages
        """
        self.ensure_one()
        self.check_access("write")
        self._expect_state("running", "paused", "done")
        if not self._has_message(self.variant_ids.browse()):
            raise UserError(
                self.env._(
                    "The campaign %(name)s wrote no messages: there is nothing to send "
                    "once more.",
                    name=self.name,
                )
            )
        passed = (fields.Datetime.now() - self.launched_at).days
        draft = self.create(
            {
                "name": self.env._("%(name)s: once more", name=self.name),
                "company_id": self.company_id.id,
                "trigger": "follow",
                "parent_id": self.id,
                "follow_condition": "unseen",
                "is_reminder": True,
                "trigger_days": FIRST_REMINDER_DAYS if self._is_standing() else passed,
                "mail_template_id": self.mail_template_id.id,
                "sms_template_id": self.sms_template_id.id,
                "text_gateway": self.text_gateway,
                "call_user_id": self.call_user_id.id,
                "control_percent": 0,
                "no_control_reason": self.env._("Reminds of an offer in hand"),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    def action_view_cards(self):
        """Open the cards that the campaign issued or put points on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cards"),
            "res_model": "loyalty.card",
            "view_mode": "list,form",
            "domain": [("campaign_member_ids.campaign_id", "=", self.id)],
            "context": {"create": False},
        }

    def action_view_redemptions(self):
        """Open the uses of the coupons that the campaign issued."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_redemption_action"
        )
        return {**action, "domain": [("campaign_id", "=", self.id)], "context": {}}
