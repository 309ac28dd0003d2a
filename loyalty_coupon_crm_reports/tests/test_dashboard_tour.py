from datetime import datetime, timedelta

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import LoyaltyReportCommon


@tagged("post_install", "-at_install", "tour")
class TestDashboardTour(HttpCase, LoyaltyReportCommon):
    def test_open_choose_and_click_through(self):
        company = self.shop_company
        reader = self._create_user(
            "dashboard_tour", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        reader.write(
            {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
        )
        program = self._create_coupon_program(name="Tea Coupon", company_id=company.id)
        card = self._create_card(program, self.customers[0])
        now = datetime.now().replace(microsecond=0) - timedelta(hours=1)
        document = {"order_id": 900001, "shop": "North"}
        self._purchase(now, 100.0, **document)
        self._use(card, now, **document)
        self._purchase(now - timedelta(days=3), 50.0, shop="South")
        self._purchase(now - timedelta(days=40), 20.0, shop="South")
        self.env["loyalty.daily.refresh"]._refresh()
        self.start_tour(
            "/odoo/loyalty-dashboard", "loyalty_crm_dashboard", login=reader.login
        )
