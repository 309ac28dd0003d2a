from collections import defaultdict
from datetime import datetime, timedelta

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common import LoyaltyReportCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestRetentionReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = [("company_id", "=", cls.shop_company.id)]

    def _fill(self):
        """Write random purchases, some refunded; return (customer, month, amount)."""
        facts = []
        for number in range(200):
            moment = self._moment()
            amount = self.random.randrange(1, 20000) / 100
            purchase = self._purchase(moment, amount, 900000 + number)
            if number % 6 == 1:
                self._purchase(
                    moment + timedelta(days=50),
                    -amount,
                    800000 + number,
                    reversal_of_id=purchase.id,
                    customer=purchase.partner_id,
                )
                continue
            facts.append((purchase.commercial_partner_id, self._month(moment), amount))
        return facts

    def _months_between(self, first, last):
        start, end = (datetime.strptime(day, "%Y-%m-%d") for day in (first, last))
        return (end.year - start.year) * 12 + end.month - start.month

    def _expected(self, facts, today):
        """Return {(cohort, age): measures} in plain Python."""
        first = {}
        for customer, month, _amount in facts:
            first[customer] = min(month, first.get(customer, month))
        cells = defaultdict(list)
        for customer, month, amount in facts:
            cohort = first[customer]
            cells[cohort, self._months_between(cohort, month)].append(
                (customer, amount)
            )
        expected = {}
        for cohort in set(first.values()):
            size = sum(month == cohort for month in first.values())
            for age in range(self._months_between(cohort, today) + 1):
                bought = cells[cohort, age]
                active = len({customer for customer, _amount in bought})
                expected[cohort, age] = {
                    "cohort_size": size,
                    "active_count": active,
                    "retention_rate": active * 100 / size,
                    "purchase_count": len(bought),
                    "frequency": self._ratio(len(bought), active, 1),
                    "amount": sum(amount for _customer, amount in bought),
                }
        return expected

    @freeze_time("2026-09-30 17:00:00")
    def test_triangle(self):
        # It is October already in Shanghai.
        expected = self._expected(self._fill(), "2026-10-01")
        report = self._report("loyalty.retention.report")
        groups = self._groups(report, ["cohort_month:month", "age"], self.domain)
        self._assert_measures(expected, groups)
        by_age = defaultdict(lambda: [0, 0])
        for (_cohort, age), row in expected.items():
            by_age[age][0] += row["active_count"]
            by_age[age][1] += row["cohort_size"]
        found = self._groups(report, ["age"], self.domain, ["retention_rate"])
        self._assert_measures(
            {
                (age,): {"retention_rate": active * 100 / size}
                for age, (active, size) in by_age.items()
            },
            found,
        )

    @freeze_time("2026-09-30 17:00:00")
    def test_a_cohort_of_many_months_is_as_large_as_it_is(self):
        expected = self._expected(self._fill(), "2026-10-01")
        sizes = {cohort: row["cohort_size"] for (cohort, _age), row in expected.items()}
        report = self._report("loyalty.retention.report")
        total = report._read_group(self.domain, [], ["cohort_size:sum"])[0][0]
        self.assertEqual(total, sum(sizes.values()))

    @freeze_time("2026-09-30 17:00:00")
    def test_rows_behind_a_cell(self):
        facts = self._fill()
        report = self._report("loyalty.retention.report")
        row = report.search([*self.domain, ("age", "=", 1)], limit=1)
        cohort, month = str(row.cohort_month), str(row.month)
        first = {}
        for customer, day, _amount in facts:
            first[customer] = min(day, first.get(customer, day))
        wanted = {
            who for who, day, _a in facts if day == month and first[who] == cohort
        }
        action = row.action_open_rows()
        self.assertEqual(set(self.env["res.partner"].search(action["domain"])), wanted)
        self.assertEqual(len(wanted), row.active_count)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestAfterReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = [("company_id", "=", cls.shop_company.id)]
        cls.programs = [
            cls._create_coupon_program(name=name, company_id=cls.shop_company.id)
            for name in ("One", "Two")
        ]

    def test_spend_around_the_first_use(self):
        purchases = [
            (self._moment(), self.random.randrange(1, 20000) / 100, 900000 + number)
            for number in range(250)
        ]
        bought = [
            (self._purchase(moment, amount, order_id), moment, amount)
            for moment, amount, order_id in purchases
        ]
        uses = []
        for number, (purchase, moment, _amount) in enumerate(bought[::6]):
            program = self.programs[number % 2]
            card = self._create_card(program, purchase.partner_id)
            use = self._use(card, moment, purchase.order_id)
            if number % 5 == 4:
                use._reverse()
            else:
                uses.append((purchase, moment, program))
        expected = self._expected(bought, uses, 30)
        self.env["ir.config_parameter"].set_param("loyalty.spend_after_days", "")
        report = self._report("loyalty.after.report")
        names = list(next(iter(expected.values())))
        self._assert_measures(
            expected, self._groups(report, ["program_id"], self.domain, names)
        )
        self.env["ir.config_parameter"].set_param("loyalty.spend_after_days", "60")
        self._assert_measures(
            self._expected(bought, uses, 60),
            self._groups(report, ["program_id"], self.domain, names),
        )

    def _expected(self, bought, uses, days):
        """Return {(program,): measures} in plain Python."""
        span = timedelta(days=days)
        first = {}
        for purchase, moment, program in uses:
            key = (purchase.commercial_partner_id, program)
            if key not in first or moment < first[key][0]:
                first[key] = (moment, purchase)
        expected = {}
        for program in self.programs:
            rows = {key: row for key, row in first.items() if key[1] == program}
            before = after = came = had = 0
            counts = [0, 0]
            for (customer, _program), (moment, used_on) in rows.items():
                others = [
                    (at, amount)
                    for purchase, at, amount in bought
                    if purchase.commercial_partner_id == customer
                    and purchase != used_on
                ]
                earlier = [a for at, a in others if moment - span <= at < moment]
                before += sum(earlier)
                had += bool(earlier)
                later = [a for at, a in others if moment < at <= moment + span]
                after += sum(later)
                came += bool(later)
                counts[0] += len(earlier)
                counts[1] += len(later)
            expected[program.id,] = {
                "use_count": len(rows),
                "customer_count": len(rows),
                "before_amount": before,
                "after_amount": after,
                "mean_before": self._ratio(before, len(rows), 1),
                "mean_after": self._ratio(after, len(rows), 1),
                "before_count": counts[0],
                "after_count": counts[1],
                "frequency_before": self._ratio(counts[0], len(rows), 1),
                "frequency_after": self._ratio(counts[1], len(rows), 1),
                "basket_before": self._ratio(before, counts[0], 1),
                "basket_after": self._ratio(after, counts[1], 1),
                "active_count": had,
                "active_rate": self._ratio(had, len(rows)),
                "return_count": came,
                "return_rate": self._ratio(came, len(rows)),
            }
        return expected

    def test_window_is_a_setting(self):
        settings = self.env["res.config.settings"]
        settings.create({"loyalty_spend_after_days": 45}).set_values()
        self.assertEqual(self.env["loyalty.customer.query"]._after_days(), 45)
        for days in (0, -3, 5000):
            with self.subTest(days=days), self.assertRaises(ValidationError):
                settings.create({"loyalty_spend_after_days": days})

    def test_use_alone_has_nothing_before_or_after(self):
        card = self._create_card(self.programs[0], self.customers[0])
        self._purchase(datetime(2026, 1, 5), 50.0, 900001, customer=self.customers[0])
        self._use(card, datetime(2026, 1, 5), 900001)
        row = self._report("loyalty.after.report").search(self.domain)
        self.assertEqual((row.before_amount, row.after_amount), (0, 0))
        self.assertEqual(row.return_count, 0)
        action = row.action_open_rows()
        found = self.env["loyalty.purchase"].search(action["domain"])
        self.assertFalse(found, "what the figures do not hold is not shown")

    def test_rows_behind_are_what_the_figure_holds(self):
        customer = self.customers[0]
        card = self._create_card(self.programs[0], customer)
        use = datetime(2026, 3, 1, 12)
        self._purchase(use, 50.0, 900001, customer=customer)
        self._use(card, use, 900001)
        inside = self._purchase(
            use + timedelta(days=10), 80.0, 900002, customer=customer
        )
        refund = self._purchase(
            use + timedelta(days=60), -30.0, 900003, reversal_of_id=inside.id
        )
        self._purchase(use + timedelta(days=40), 99.0, 900004, customer=customer)
        row = self._report("loyalty.after.report").search(self.domain)
        self.assertEqual(row.after_amount, 50.0)
        action = row.action_open_rows()
        found = self.env["loyalty.purchase"].search(action["domain"])
        self.assertEqual(found, inside + refund)

    def test_two_programs_count_a_purchase_once_each(self):
        customer = self.customers[0]
        use = datetime(2026, 5, 3, 12)
        for number, program in enumerate(self.programs[:2]):
            card = self._create_card(program, customer)
            self._purchase(use, 10.0, 900001 + number, customer=customer)
            self._use(card, use, 900001 + number)
        self._purchase(use + timedelta(days=7), 100.0, 900009, customer=customer)
        report = self._report("loyalty.after.report")
        total = report._read_group(self.domain, [], ["mean_after:avg"])[0][0]
        self.assertEqual(total, 100.0)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCostPerUse(LoyaltyReportCommon):
    def test_cost_of_discount_and_goods(self):
        program = self._create_coupon_program(company_id=self.shop_company.id)
        card = self._create_card(program, self.customers[0])
        for discount, goods in ((10.0, 0.0), (0.0, 8.5), (3.25, 1.25)):
            self._use(
                card,
                datetime(2026, 1, 5),
                discount_amount=discount,
                goods_cost=goods,
                shop="North",
            )
        report = self._report("loyalty.use.report")
        domain = [("company_id", "=", self.shop_company.id)]
        found = self._groups(report, ["shop"], domain, ["cost_per_use", "use_count"])
        self.assertEqual(found[("North",)]["use_count"], 3)
        self.assertAlmostEqual(found[("North",)]["cost_per_use"], 23.0 / 3)
