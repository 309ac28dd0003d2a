from datetime import datetime

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..report.source import Source
from .common import LoyaltyReportCommon

REPORTS = (
    "loyalty.funnel.report",
    "loyalty.use.report",
    "loyalty.basket.report",
    "loyalty.points.report",
    "loyalty.retention.report",
    "loyalty.after.report",
    "loyalty.around.report",
    "loyalty.daily.report",
    "loyalty.demand.report",
    "loyalty.season.report",
    "loyalty.product.report",
    "loyalty.price.report",
)
ADDED_UP = (
    "loyalty.daily.figure",
    "loyalty.daily.customer",
    "loyalty.daily.coupon",
    "loyalty.daily.use",
    "loyalty.customer.month",
    "loyalty.cohort.month",
    "loyalty.first.use",
    "loyalty.use.cohort",
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

    def test_figures_added_up_are_for_readers_of_their_company(self):
        self.env["loyalty.daily.refresh"]._refresh()
        for name in ADDED_UP:
            with self.subTest(table=name):
                rows = self._report(name, self.marketing).search([])
                self.assertIn(self.shop_company, rows.company_id)
                self.assertNotIn(self.other_company, rows.company_id)
                self.assertFalse(rows.has_access("write"))
                with self.assertRaises(AccessError):
                    self._report(name, self.salesperson).search([])

    def test_groups_of_shared_coupons_leave_out_sales_of_others(self):
        """Of four coupons one was used in both companies, one in the other."""
        foreign = self._create_card(self.shared, self.customers[1])
        self._create_card(self.shared, self.customers[2])
        # The month of a coupon of all companies is the same to all.
        self._create_coupons(self.shared, [datetime(2026, 1, 31, 20)])
        moment = datetime(2026, 1, 6)
        self._use(foreign, moment, company_id=self.other_company.id)
        self.env["loyalty.daily.refresh"]._refresh()
        everywhere = self.env["res.company"]._loyalty_all()
        for user, companies, discount in (
            (self.marketing, self.shop_company, 7.0),
            (None, everywhere, 24.0),
        ):
            with self.subTest(companies=len(companies)):
                report = self._report("loyalty.funnel.report", user, companies)
                found = self._shared_groups(report)
                facts = self._shared_groups(report._read_from(Source.FACTS))
                for row in facts.values():
                    empty = [name for name, value in row.items() if value is False]
                    row.update(dict.fromkeys(empty))
                self._assert_measures(facts, found)
                rows = found.values()
                self.assertEqual(sum(row["issued_count"] for row in rows), 4)
                given = sum(row["discount_amount"] for row in rows)
                self.assertAlmostEqual(given, discount)

    def _shared_groups(self, report):
        names = ["issued_count", "used_count", "redeemed_count", "use_count"]
        names += ["discount_amount", "net_sales", "days_to_use", "share_day_30"]
        groupby = ["company_id", "issue_date:month"]
        domain = [("program_id", "=", self.shared.id)]
        specs = [f"{name}:{report._fields[name].aggregator}" for name in names]
        source = report._for_groups(domain, groupby, specs, None)._source()
        self.assertIs(source, report._source() or Source.ADDED_UP)
        return self._groups(report, groupby, domain, names)

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
