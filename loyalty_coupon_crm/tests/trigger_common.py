from unittest.mock import patch

from odoo import fields

from .campaign_common import CampaignCommon


class TriggerCommon(CampaignCommon):
    """Campaigns that react; no control group unless a test asks for one."""

    @classmethod
    def _create_trigger(cls, trigger, launch=True, **values):
        """Return a launched campaign without control group."""
        campaign = cls._create_campaign(
            **{
                "name": trigger,
                "trigger": trigger,
                "control_percent": 0,
                "no_control_reason": "A test",
                "segment_id": False,
                **values,
            }
        )
        if launch:
            campaign.with_user(cls.marketing).action_launch()
        return campaign

    @classmethod
    def _buy(cls, partner, amount=100.0, **values):
        """Return a purchase of today."""
        return cls.env["loyalty.purchase"].create(
            {
                "partner_id": partner.id,
                "commercial_partner_id": partner.commercial_partner_id.id,
                "company_id": cls.company.id,
                "date": fields.Datetime.now(),
                "amount": amount,
                "channel": "sale",
                **values,
            }
        )

    def _look(self):
        """Look for events, as the cron would."""
        # Tests cannot commit; what a commit separates is tested by processes.
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kw: 1e9
        ):
            self.env["loyalty.campaign"].sudo()._cron_trigger()

    def _who(self, campaign):
        return campaign.member_ids.partner_id
