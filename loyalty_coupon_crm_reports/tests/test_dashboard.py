from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import BaseCase, freeze_time, tagged

from ..report.dashboard_figures import FIGURES
from ..tools.dashboard_periods import buckets, period_before
from .common import LoyaltyReportCommon

NOW = datetime(2026, 6, 10, 4, 0)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestDashboardPeriods(BaseCase):
    def test_period_before(self):
        cases = [
            ("2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
            ("2024-01-01", "2024-03-31", "2023-10-01", "2023-12-31"),
            ("2026-03-01", "2026-03-30", "2026-01-30", "2026-02-28"),
            ("2026-06-10", "2026-06-10", "2026-06-09", "2026-06-09"),
        ]
        for texts in cases:
            first, last, *expected = map(date.fromisoformat, texts)
            self.assertEqual(period_before(first, last), tuple(expected))

    def test_buckets(self):
        first = date(2026, 1, 7)
        for days, size, count in ((0, "day", 1), (61, "day", 62), (62, "week", 10)):
            with self.subTest(days=days):
                found, starts = buckets(first, first + timedelta(days=days))
                self.assertEqual((found, len(starts)), (size, count))
                self.assertEqual(starts[0], first)
        size, starts = buckets(first, date(2027, 6, 30))
        self.assertEqual((size, starts[:2]), ("month", [first, date(2026, 2, 1)]))


@tagged("post_install", "-at_install", "loyalty_plain")
class TestDashboard(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls._create_company("Coffee House", "Europe/Paris")
        cls.reader = cls._user("marketing")
        mine = {"company_id": cls.shop_company.id}
        cls.program = cls._create_coupon_program(**mine)
        cls.points = cls._create_points_program(**mine)
        cls.card = cls._create_card(cls.program, cls.customers[0])
        cls.wallet = cls._create_card(cls.points, cls.customers[0], points=0)
        for days in (0, 3, 45):
            cls._day(NOW - timedelta(days=days), mine)
        foreign = {"company_id": cls.other_company.id}
        cls._purchase(NOW - timedelta(days=3), 1000.0, shop="Paris", **foreign)

    @classmethod
    def _user(cls, group):
        user = cls._create_user(
            f"dashboard_{group}", f"loyalty_coupon_crm.group_loyalty_{group}"
        )
        companies = [Command.set(cls.shop_company.ids)]
        user.write({"company_ids": companies, "company_id": cls.shop_company.id})
        return user

    @classmethod
    def _day(cls, moment, mine):
        order_id = 900000 + moment.day
        customer = {"customer": cls.customers[0]}
        cls._purchase(
            moment,
            80.0,
            order_id=order_id,
            shop="North",
            discount_amount=20.0,
            **customer,
        )
        cls._purchase(moment, 40.0, shop="South", **customer)
        use = cls._use(
            cls.card,
            moment,
            order_id=order_id,
            shop="North",
            discount_amount=20.0,
            goods_cost=3.0,
        )
        if moment == NOW:
            use = cls._use(cls.card, moment, shop="South")
            use._reverse()
            use.reversed_by_ids.flush_recordset()
        cls._create_coupons(cls.program, [moment], **mine)
        for kind, points in (("earn", 30), ("spend", -10), ("expire", -5)):
            cls.env["loyalty.point.move"].create(
                {
                    "card_id": cls.wallet.id,
                    "program_id": cls.points.id,
                    "date": moment,
                    "kind": kind,
                    "points": points,
                    **mine,
                }
            )
        cls.env["loyalty.refusal"].create({"date": moment, "shop": "North", **mine})

    def _ask(self, user=None, **choice):
        with freeze_time(NOW):
            dashboard = self.env["loyalty.dashboard"].with_user(user or self.reader)
            return dashboard.with_context(
                allowed_company_ids=self.shop_company.ids
            ).get_figures(**choice)

    def _figures(self, **choice):
        data = self._ask(**choice)
        return {
            figure["key"]: figure
            for section in data["sections"]
            for figure in section["figures"]
        }

    def _values(self, **choice):
        return {key: one["value"] for key, one in self._figures(**choice).items()}

    def _expected(self):
        """Of two days with two purchases each, one of them with a coupon."""
        return {
            "net_sales": 240.0,
            "purchases": 4,
            "customers": 1,
            "coupon_share": 160 / 240 * 100,
            "basket_with": 80.0,
            "basket_without": 40.0,
            "redemptions": 2,
            "discount_given": 40.0,
            "goods_cost": 6.0,
            "discount_rate": 40 / 280 * 100,
            "issued": 2,
            "redemption_rate": 0.0,
            "refusals": 2,
            "points_earned": 60.0,
            "points_spent": 20.0,
            "points_lapsed": 10.0,
            "outstanding": 45.0,
        }

    def _assert_values(self, expected, found):
        for key, value in expected.items():
            if value is None:
                self.assertIsNone(found[key], key)
            else:
                self.assertAlmostEqual(found[key], value, 6, key)

    def test_every_figure_before_and_after_days_are_added_up(self):
        days = {"date_from": "2026-05-12", "date_to": "2026-06-10"}
        self._assert_values(self._expected(), self._values(**days))
        with freeze_time(NOW):
            self.env["loyalty.daily.refresh"]._refresh()
        self._assert_values(self._expected(), self._values(**days))
        self._assert_values(self._expected(), self._values())
        before = self._figures(**days)
        self.assertEqual(before["net_sales"]["previous"], 120.0)
        self.assertAlmostEqual(before["net_sales"]["change"], 100.0)
        self.assertEqual(before["outstanding"]["previous"], 15.0)
        self.assertEqual(before["coupon_share"]["change"], 0.0)

    def test_points_below_zero_are_not_outstanding(self):
        debtor = self._create_card(self.points, self.customers[1], points=0)
        self.env["loyalty.point.move"].create(
            {
                "card_id": debtor.id,
                "program_id": self.points.id,
                "company_id": self.shop_company.id,
                "date": NOW - timedelta(days=2),
                "kind": "spend",
                "points": -100,
                "balance_after": -100,
            }
        )
        self.assertAlmostEqual(self._values()["outstanding"], 45.0)
        with freeze_time(NOW):
            self.env["loyalty.daily.refresh"]._refresh()
        self.assertAlmostEqual(self._values()["outstanding"], 45.0)

    def test_what_points_outstanding_open_adds_up(self):
        """Also with a wallet below zero, one that came back from there, and before."""
        days = ((6, -100, -100), (4, 30, -70), (2, 90, 20), (0, -50, -30))
        for customer, count in ((1, 3), (2, 4)):
            card = self._create_card(self.points, self.customers[customer], points=0)
            self.env["loyalty.point.move"].create(
                [
                    {
                        "card_id": card.id,
                        "program_id": self.points.id,
                        "company_id": self.shop_company.id,
                        "date": NOW - timedelta(days=before),
                        "kind": "earn" if points > 0 else "spend",
                        "points": points,
                        "balance_after": balance,
                    }
                    for before, points, balance in days[:count]
                ]
            )
        dashboard = self.env["loyalty.dashboard"].with_user(self.reader)
        dashboard = dashboard.with_context(allowed_company_ids=self.shop_company.ids)
        for day, expected in (("2026-06-10", 65.0), ("2026-06-09", 70.0)):
            with self.subTest(day=day), freeze_time(NOW):
                values = self._values(date_to=day)
                self.assertAlmostEqual(values["outstanding"], expected)
                action = dashboard.open_rows("outstanding", date_to=day)
                [[found]] = dashboard.env[action["res_model"]]._read_group(
                    action["domain"], [], ["points_change:sum"]
                )
                self.assertAlmostEqual(found, expected)
                self.assertEqual(action["context"]["pivot_measures"], ["points_change"])

    def test_one_shop(self):
        found = self._values(shop="South")
        expected = {
            "net_sales": 80.0,
            "customers": 1,
            "coupon_share": 0.0,
            "basket_with": None,
            "redemptions": 0,
            "refusals": 0,
            "issued": None,
            "redemption_rate": None,
            "outstanding": None,
        }
        self._assert_values(expected, found)
        self.assertEqual(self._ask(shop="South")["shops"], ["North", "South"])

    def test_nothing_is_empty_not_zero(self):
        found = self._figures(date_from="2020-01-01", date_to="2020-01-31")
        for key in ("coupon_share", "basket_with", "discount_rate", "redemption_rate"):
            self.assertIsNone(found[key]["value"], key)
        for figure in found.values():
            self.assertFalse(figure["value"])
            self.assertIn(figure["change"], (None, 0.0))
            self.assertTrue(figure["definition"])

    def test_charts_add_up_to_the_figures(self):
        values = self._values()
        charts = self._ask()["charts"]
        series = charts["time"]["series"]
        self.assertEqual(len(charts["time"]["labels"]), 30)
        self.assertAlmostEqual(sum(series["amount"]), values["net_sales"])
        self.assertEqual(sum(series["use_count"]), values["redemptions"])
        self.assertEqual(sum(series["points_earned"]), values["points_earned"])
        self.assertEqual(
            [(row["name"], row["amount"]) for row in charts["shops"]],
            [("North", 160.0), ("South", 80.0)],
        )
        self.assertEqual(charts["programs"][0]["id"], self.program.id)
        self.assertEqual(charts["programs"][0]["use_count"], 2)

    def test_rows_behind_every_figure(self):
        measures = {
            "net_sales": "amount",
            "purchases": "purchase_count",
            "redemptions": "use_count",
            "discount_given": "discount_amount",
            "goods_cost": "goods_cost",
            "issued": "issued_count",
            "outstanding": "points_change",
        }
        dashboard = self.env["loyalty.dashboard"].with_user(self.reader)
        dashboard = dashboard.with_context(allowed_company_ids=self.shop_company.ids)
        for shop in (None, "North"):
            values = self._values(shop=shop)
            for figure in FIGURES:
                with self.subTest(figure=figure.key, shop=shop), freeze_time(NOW):
                    action = dashboard.open_rows(figure.key, shop=shop)
                    if shop and not figure.by_shop:
                        continue
                    model = dashboard.env[action["res_model"]]
                    rows = model.search(action["domain"])
                    self.assertTrue(rows or not values[figure.key])
                    self.assertLessEqual(
                        rows.company_id, self.shop_company, "rows of others"
                    )
                    name = measures.get(figure.key)
                    if name and values[figure.key] is not None:
                        total = sum(rows.mapped(name))
                        self.assertAlmostEqual(total, values[figure.key])
        with freeze_time(NOW):
            self.assertFalse(dashboard.open_rows("nonsense"))
            action = dashboard.open_customers("stage", "new")
        self.assertEqual(action["res_model"], "loyalty.customer.metric")

    def test_readers_and_others(self):
        for group in ("manager", "auditor"):
            with self.subTest(group=group):
                found = self._ask(self._user(group))
                sales = found["sections"][0]["figures"][0]["value"]
                self.assertEqual(sales, 240.0)
        for user in (self._user("salesperson"), self.env.ref("base.public_user")):
            for method, args in (("get_figures", ()), ("open_rows", ("net_sales",))):
                dashboard = self.env["loyalty.dashboard"].with_user(user)
                with self.subTest(user=user.login, method=method):
                    with self.assertRaises(AccessError):
                        getattr(dashboard, method)(*args)

    def test_another_company_stays_out(self):
        with self.assertRaises(AccessError):
            self._ask(company_ids=self.other_company.ids)
        both = self.shop_company | self.other_company
        dashboard = self.env["loyalty.dashboard"].with_user(self.reader)
        with freeze_time(NOW), self.assertRaises(AccessError):
            dashboard.with_context(allowed_company_ids=both.ids).get_figures()
        self.reader.company_ids = both
        dashboard = dashboard.with_context(allowed_company_ids=both.ids)
        with freeze_time(NOW):
            found = dashboard.get_figures()
            one = dashboard.get_figures(company_ids=self.other_company.ids)
        self.assertEqual(found["sections"][0]["figures"][0]["value"], 1240.0)
        self.assertEqual(one["sections"][0]["figures"][0]["value"], 1000.0)
        self.assertEqual(one["shops"], ["Paris"])

    def test_money_of_another_currency_is_converted(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.other_company.currency_id = euro
        rate = {"currency_id": euro.id, "name": "2026-01-01"}
        for company in self.shop_company | self.other_company:
            mine = company.currency_id == euro
            self.env["res.currency.rate"].create(
                {**rate, "company_id": company.id, "company_rate": 1.0 if mine else 0.5}
            )
        both = self.shop_company | self.other_company
        self.reader.company_ids = both
        dashboard = self.env["loyalty.dashboard"].with_user(self.reader)
        with freeze_time(NOW):
            dashboard = dashboard.with_context(allowed_company_ids=both.ids)
            sums = dashboard._rates({"companies": both, "last": date(2026, 6, 10)})
            found = dashboard.get_figures()
        total = 240.0 + 1000.0 * sums[self.other_company]
        self.assertNotEqual(sums[self.other_company], 1.0)
        self.assertAlmostEqual(found["sections"][0]["figures"][0]["value"], total)

    def test_what_a_client_may_send(self):
        for choice in (
            {"date_from": "yesterday"},
            {"date_from": "2026-06-02", "date_to": "2026-06-01"},
            {"date_from": "1900-01-01", "date_to": "2026-06-01"},
            {"date_to": "0001-01-01"},
            {"date_from": "9999-12-01", "date_to": "9999-12-31"},
        ):
            with self.subTest(choice), self.assertRaises(UserError):
                self._ask(**choice)
        self.assertTrue(self._ask(shop="' OR 1=1 --"))
        for name in ("get_figures", "open_rows", "open_customers"):
            method = getattr(type(self.env["loyalty.dashboard"]), name)
            self.assertTrue(method._readonly, name)
