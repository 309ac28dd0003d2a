from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .campaign_common import CampaignCommon
from .screenshots import ScreenshotMixin


@tagged("post_install", "-at_install", "tour")
class TestCampaignCalendar(ScreenshotMixin, HttpCase, CampaignCommon):
    """Marketing looks at what is planned, day by day."""

    def test_calendar(self):
        # Some days before today and some after it are in sight on any day of a month.
        start = fields.Datetime.now() - timedelta(days=20)
        self._create_campaign(
            name="Every Day",
            trigger="recurring",
            interval_type="day",
            start_at=start,
            launched_at=start,
            state="running",
        )
        self._create_campaign(name="Birthdays", trigger="birthday", trigger_days=7)
        self.env.flush_all()
        self.start_tour(
            "/odoo/action-loyalty_coupon_crm.loyalty_campaign_occasion_action",
            "loyalty_crm_campaign_calendar",
            login=self.marketing.login,
        )
