import random
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.loyalty_coupon_crm.tests.campaign_common import CampaignCommon
from odoo.addons.loyalty_coupon_crm.tests.screenshots import ScreenshotMixin
from odoo.addons.web.models.ir_http import IrHttp

# Odoo's Community knows when it is dark, colors for it come from other add-ons.
DARK_COLORS = """
    $o-webclient-color-scheme: dark;
    $o-white: #000000;
    $o-black: #ffffff;
    $o-gray-100: #181818;
    $o-gray-200: #1f1f1f;
    $o-gray-300: #303030;
    $o-gray-400: #4a4a4a;
    $o-gray-500: #696969;
    $o-gray-600: #8b8b8b;
    $o-gray-700: #aeaeae;
    $o-gray-800: #c0c0c0;
    $o-gray-900: #c8c8c8;
    $o-view-background-color: $o-gray-200;
    $o-webclient-background-color: $o-gray-100;
"""


@tagged("post_install", "-at_install", "tour")
class TestReportPictures(ScreenshotMixin, HttpCase, CampaignCommon):
    """What the owner looks at on Monday: in light, in dark and on a phone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(6)
        cls.now = fields.Datetime.now()
        cls.campaign = cls._create_campaign(
            control_percent=50.0,
            validity_days=30,
            company_id=cls.company.id,
        )
        cls._run_campaign()
        cls._create_purchases()
        cls.campaign.with_user(cls.marketing).action_refresh_results()
        cls.env["loyalty.customer.metric"]._refresh(cls.company)
        cls.env["loyalty.daily.refresh"]._refresh()

    @classmethod
    def _run_campaign(cls):
        """Launch the campaign, as if that had been a hundred days ago."""
        campaign = cls.campaign
        campaign.with_user(cls.marketing).action_launch()
        while campaign.state == "running":
            campaign.sudo()._run_batch(1000)
        then = cls.now - timedelta(days=100)
        campaign.member_ids.sudo().write({"assigned_at": then})
        campaign.member_ids.filtered("issued_at").sudo().write({"issued_at": then})
        campaign.sudo().launched_at = then

    @classmethod
    def _create_purchases(cls):
        """Have customers buy, those with a coupon more often, and use some."""
        cards = {one.partner_id: one.card_id for one in cls.campaign.member_ids}
        purchases, uses = [], []
        for number, customer in enumerate(cls.customers):
            days = cls.random.choices(range(1, 400), k=1 + number % 9)
            if cards[customer]:
                days.append(cls.random.randrange(72, 99))
            for day in days:
                document = {
                    "partner_id": customer.id,
                    "company_id": cls.company.id,
                    "date": cls.now - timedelta(days=day),
                    "channel": "sale",
                    "shop": f"Shop {number % 3}",
                    "order_model": "sale.order",
                    "order_id": 900000 + len(purchases),
                }
                with_coupon = day == days[-1] and cards[customer]
                discount = 10.0 if with_coupon else 0.0
                purchases.append(
                    {
                        **document,
                        "commercial_partner_id": customer.id,
                        "amount": cls.random.randrange(20, 200),
                        "discount_amount": discount,
                        "margin": 8.0,
                    }
                )
                if with_coupon:
                    uses.append(
                        {
                            **document,
                            "card_id": with_coupon.id,
                            "program_id": cls.program.id,
                            "campaign_id": cls.campaign.id,
                            "points": 1.0,
                            "discount_amount": discount,
                            "order_amount": 90.0,
                        }
                    )
        cls.env["loyalty.purchase"].create(purchases)
        cls.env["loyalty.redemption"].create(uses)

    def test_pictures(self):
        self._take("light")
        with patch.object(IrHttp, "color_scheme", lambda _self: "dark"):
            self._create_dark_colors()
            self._take("dark", cookies={"color_scheme": "dark"})
        self.browser_size, self.touch_enabled = "375x812", True
        self._take("phone")

    def _take(self, suffix, **kwargs):
        self.screenshot_suffix = f"-{suffix}"
        customer = self.customers[44]
        with self.subTest(suffix):
            self.start_tour(
                f"/odoo/action-base.action_partner_form/{customer.id}",
                "loyalty_crm_report_pictures",
                login=self.marketing.login,
                **kwargs,
            )

    def _create_dark_colors(self):
        colors = self.env["ir.attachment"].create(
            {
                "name": "Dark colors",
                "type": "binary",
                "mimetype": "text/scss",
                "raw": DARK_COLORS.encode(),
                "url": "/loyalty_coupon_crm_reports/dark_colors.scss",
                "public": True,
            }
        )
        self.env["ir.asset"].create(
            [
                {
                    "name": "Dark colors",
                    "bundle": bundle,
                    "directive": "before",
                    "target": "web/static/src/scss/primary_variables.scss",
                    "path": colors.url,
                }
                for bundle in ("web.assets_web_dark", "web.assets_backend_lazy_dark")
            ]
        )
