from datetime import timedelta

from odoo import fields

from .campaign_common import CampaignCommon


class CampaignResultCommon(CampaignCommon):
    """Campaigns of some days ago, what their members bought since, and the results."""

    def _launch(self, days_ago=100, **values):
        """Return a campaign that was launched and issued so many days ago."""
        campaign = self._create_campaign(
            **{"control_percent": 50.0, "validity_days": 30, **values}
        )
        campaign.with_user(self.marketing).action_launch()
        self._run(campaign)
        then = fields.Datetime.now() - timedelta(days=days_ago)
        campaign.member_ids.sudo().write({"assigned_at": then})
        campaign.member_ids.filtered("issued_at").sudo().write({"issued_at": then})
        campaign.sudo().launched_at = then
        return campaign

    def _buy(self, member, days, amount=100.0, **values):
        """Return a purchase so many days after the assignment."""
        return self.env["loyalty.purchase"].create(
            {
                "partner_id": member.partner_id.id,
                "commercial_partner_id": member.partner_id.id,
                "company_id": self.company.id,
                "date": member.assigned_at + timedelta(days=days),
                "amount": amount,
                "channel": "sale",
                **values,
            }
        )

    def _result(self, campaign, variant=None):
        campaign.with_user(self.marketing).action_refresh_results()
        return campaign.result_ids.filtered(
            lambda row: row.variant_id == (variant or row.variant_id.browse())
        )
