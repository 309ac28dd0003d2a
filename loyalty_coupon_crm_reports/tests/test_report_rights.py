from datetime import datetime

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyReportCommon

REPORTS = (
    "loyalty.funnel.report",
    "loyalty.use.report",
    "loyalty.basket.report",
    "loyalty.points.report",
    "loyalty.retention.report",
    "loyalty.after.report",
    "loyalty.daily.report",
    "loyalty.demand.report",
    "loyalty.season.report",
    "loyalty.product.report",
)


@tagged("post_install", "-at_install")
class TestReportRights(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls._create_company("Coffee House", "Europe/Paris")
        cls.marketing = cls._reader("marketing")
        cls.readers = cls.marketing | cls._reader("auditor") | cls._reader("manager")
        cls.salesperson = cls._reader("salesperson")
        cls.shared = cls._create_shared_program()
        cls.shared_card = cls._create_card(cls.shared, cls.customers[0])
        for company in cls.shop_company | cls.other_company:
            cls._fill_company(company)

    @classmethod
    def _reader(cls, group):
        user = cls._create_user(
            f"report_{group}", f"loyalty_coupon_crm.group_loyalty_{group}"
        )
        user.write(
            {
                "company_ids": [Command.set(cls.shop_company.ids)],
                "company_id": cls.shop_company.id,
            }
        )
        return user

    @classmethod
    def _fill_company(cls, company):
        moment = datetime(2026, 1, 5)
        mine = {"company_id": company.id}
        card = cls._create_coupons(cls._create_coupon_program(**mine), [moment])
        voucher = {"reward_type": "product", "reward_product_id": cls.gift.id}
        program = cls._create_coupon_program(
            **mine, reward_ids=[Command.create(voucher)]
        )
        cls._create_coupons(program, [moment])
        cls._create_card(cls._create_points_program(**mine), cls.customers[0], 30)
        cls._use(card, moment, **mine)
        cls._use(cls.shared_card, moment, discount_amount=7.0, **mine)
        line = {"product_id": cls.product.id, "quantity": 1.0, "amount": 50.0}
        cls._purchase(moment, 50.0, line_ids=[Command.create(line)], **mine)

    def test_readers_see_their_company_only(self):
        for user in self.readers:
            for name in REPORTS:
                with self.subTest(user=user.login, report=name):
                    report = self._report(name, user)
                    rows = report.search([])
                    self.assertIn(self.shop_company, rows.company_id)
                    self.assertNotIn(self.other_company, rows.company_id)
                    found = self._groups(report, ["company_id"])
                    self.assertNotIn((self.other_company.id,), found)
                    rows.read()
                    rows[:1].action_open_rows()

    def test_sales_of_others_with_a_shared_coupon_stay_theirs(self):
        report = self._report("loyalty.funnel.report", self.marketing)
        row = report.search([("card_id", "=", self.shared_card.id)])
        self.assertEqual(row.use_count, 1)
        self.assertAlmostEqual(row.discount_amount, 7.0)

    def test_a_company_cannot_be_forged(self):
        for name in REPORTS:
            report = self._report(name, self.marketing, self.other_company)
            with self.subTest(report=name), self.assertRaises(AccessError):
                report.search([])

    def test_salesperson_and_employee_do_not_read(self):
        employee = self._create_user("report_employee", "base.group_user")
        for user in (self.salesperson, employee):
            for name in REPORTS:
                report = self.env[name].with_user(user)
                with self.subTest(user=user.login, report=name):
                    with self.assertRaises(AccessError):
                        report.search([])
                    with self.assertRaises(AccessError):
                        report.formatted_read_group([], [], ["__count"])

    def test_nobody_writes(self):
        for user in self.readers:
            for name in REPORTS:
                row = self._report(name, user).search([], limit=1)
                for operation in ("write", "create", "unlink"):
                    with self.subTest(user=user.login, name=name, operation=operation):
                        self.assertFalse(row.has_access(operation))

    def test_menus_are_for_readers(self):
        menu = self.env.ref("loyalty_coupon_crm_reports.menu_loyalty_funnel_report")
        menus = self.env["ir.ui.menu"]
        for user in self.readers:
            self.assertIn(menu.id, menus.with_user(user)._visible_menu_ids())
        self.assertNotIn(menu.id, menus.with_user(self.salesperson)._visible_menu_ids())
