from datetime import date, datetime
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import LoyaltyReportCommon

JUNE = datetime(2026, 6, 1, 6, 0)
MAY = date(2026, 5, 1)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestMonthlyReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.shop_company.email = "tea@example.com"
        cls.manager = cls._user("manager", lang="zh_CN")
        cls.auditor = cls._user("auditor")
        cls._purchase(datetime(2026, 5, 31, 15, 59), 100.0, shop="North")
        cls._purchase(datetime(2026, 5, 31, 16, 1), 7.0, shop="North")
        cls._purchase(datetime(2026, 4, 12), 50.0, shop="North")
        cls.shop_company.loyalty_monthly_sent = date(2026, 4, 1)

    @classmethod
    def _user(cls, group, **values):
        user = cls._create_user(
            f"monthly_{group}", f"loyalty_coupon_crm.group_loyalty_{group}"
        )
        user.write(
            {
                "company_ids": [Command.set(cls.shop_company.ids)],
                "company_id": cls.shop_company.id,
                "email": f"{group}@example.com",
                **values,
            }
        )
        return user

    def _send(self, at=JUNE):
        """Return the mails that a night writes."""
        known = self.env["mail.mail"].search([])
        with freeze_time(at):
            self.shop_company._mail_monthly_report()
        return self.env["mail.mail"].search([]) - known

    def test_managers_get_it_once_in_their_language(self):
        mail = self._send()
        self.assertEqual(len(mail), 1)
        self.assertIn("manager@example.com", mail.email_to)
        self.assertIn("2026年5月", mail.subject)
        self.assertIn("2026年5月", mail.body_html)
        self.assertIn("100.00", mail.body_html)
        self.assertNotIn("107.00", mail.body_html)
        self.assertTrue(mail.attachment_ids.raw)
        self.assertEqual(self.shop_company.loyalty_monthly_sent, MAY)
        self.assertFalse(self._send(), "the same month again")
        self.assertTrue(self._send(datetime(2026, 7, 2)))

    def test_who_cannot_get_it_stops_nobody_else(self):
        other = self._create_company("Coffee House", "Europe/Paris")
        other.loyalty_monthly_sent = date(2026, 4, 1)
        self.auditor.company_ids |= other
        for company in self.shop_company | other:
            company.loyalty_monthly_user_ids = self.manager | self.auditor
        genuine = self.registry["loyalty.monthly.report"]._mail_to
        broken = {(other, self.auditor), (self.shop_company, self.manager)}

        def failing(report, user, company, month):
            if (company, user) in broken:
                raise ValueError("No paper")
            return genuine(report, user, company, month)

        known = self.env["mail.mail"].search([])
        model = self.registry["loyalty.monthly.report"]
        crons = self.registry["ir.cron"]
        with (
            freeze_time(JUNE),
            patch.object(model, "_mail_to", failing),
            patch.object(crons, "_commit_progress", lambda *args, **kw: 1e9),
            self.assertLogs("odoo.addons", "ERROR") as log,
        ):
            self.env["res.company"]._cron_mail_monthly_reports()
        mails = self.env["mail.mail"].search([]) - known
        self.assertEqual(len(mails), 1)
        self.assertIn("Tea House", mails.subject)
        self.assertIn("auditor@example.com", mails.email_to)
        self.assertEqual(self.shop_company.loyalty_monthly_sent, MAY)
        self.assertEqual(other.loyalty_monthly_sent, date(2026, 4, 1), "again tonight")
        self.assertEqual(len(log.output), 3)

    def test_recipients(self):
        self.shop_company.loyalty_monthly_user_ids = self.auditor
        self.assertEqual(self.shop_company._loyalty_monthly_recipients(), self.auditor)
        stranger = self._user("salesperson")
        self.shop_company.loyalty_monthly_user_ids = stranger
        self.assertFalse(self._send(), "may not read the figures")
        self.shop_company.loyalty_monthly_user_ids = False
        elsewhere = [Command.set(self.company.ids)]
        self.manager.write({"company_id": self.company.id, "company_ids": elsewhere})
        self.assertNotIn(self.manager, self.shop_company._loyalty_monthly_recipients())

    def test_not_before_the_company_s_month_is_over_nor_when_switched_off(self):
        self.assertFalse(self._send(datetime(2026, 5, 31, 15, 0)))
        # In Shanghai it is June by now.
        self.assertTrue(self._send(datetime(2026, 5, 31, 17, 0)))
        self.shop_company.loyalty_monthly_mail = False
        self.assertFalse(self._send(datetime(2026, 7, 31)))

    def test_printed_with_the_figures_of_the_dashboard(self):
        model = self.env["loyalty.monthly.report"].with_user(self.auditor)
        report = model.with_context(allowed_company_ids=self.shop_company.ids).create(
            {"company_id": self.shop_company.id, "month": date(2026, 5, 17)}
        )
        reports = report.env["ir.actions.report"]
        name = "loyalty_coupon_crm_reports.report_monthly"
        html = reports._render_qweb_html(name, report.ids)[0].decode()
        dashboard = self.env["loyalty.dashboard"].with_user(self.auditor)
        dashboard = dashboard.with_context(allowed_company_ids=self.shop_company.ids)
        data = dashboard.get_figures("2026-05-01", "2026-05-31")
        for section in data["sections"]:
            for figure in section["figures"]:
                text = report._format(figure["value"], figure["unit"])
                self.assertIn(figure["label"], html)
                self.assertIn(text.replace("\xa0", " "), html.replace("\xa0", " "))
        self.assertIn("+100.0 %", html)
        self.assertEqual(report.action_print()["report_type"], "qweb-pdf")
        self.assertEqual(report.action_show()["report_type"], "qweb-html")

    def test_halves_and_changes_of_nothing_as_on_the_dashboard(self):
        report = self.env["loyalty.monthly.report"].create({"month": MAY})
        self.assertIn("87.59", report._format(87.585, "money"))
        self.assertEqual(report._format(2.25, "percent"), "2.3 %")
        tiny = {"unit": "percent", "change": -0.04}
        self.assertEqual(report._format_change(tiny), "±0.0 percentage points")
        nothing = {"unit": "count", "change": 0.0}
        self.assertEqual(report._format_change(nothing), "±0.0 %")

    def test_other_companies_cannot_be_printed(self):
        other = self._create_company("Coffee House", "Europe/Paris")
        model = self.env["loyalty.monthly.report"].with_user(self.auditor)
        report = model.create({"company_id": other.id, "month": MAY})
        with self.assertRaises(AccessError):
            report._get_data()
        with self.assertRaises(AccessError):
            self.env["loyalty.monthly.report"].with_user(
                self._user("salesperson")
            ).create({})
