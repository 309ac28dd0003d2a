from collections import defaultdict
from datetime import date, datetime, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged
from odoo.tests.common import freeze_time
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_refresh import (
    LoyaltyDailyRefresh,
)
from odoo.addons.loyalty_coupon_crm.models.loyalty_use_cohort import KEYS, SUMS

from .common import LoyaltyReportCommon
from .report_twins import ReportTwins

NAMES = (
    "cohort_size",
    "active_count",
    "retention_rate",
    "purchase_count",
    "frequency",
    "average_basket",
    "amount",
)
# It is October already in Shanghai.
NOW = "2026-09-30 17:00:00"
THIS_MONTH = date(2026, 10, 1)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestAroundReport(ReportTwins, LoyaltyReportCommon):
    """What cohorts of first users bought before and after, month by month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = [("company_id", "=", cls.shop_company.id)]
        cls.programs = [
            cls._create_coupon_program(name=name, company_id=cls.shop_company.id)
            for name in ("One", "Two")
        ]
        # What others do in other databases is nothing to us.
        alone = patch.object(
            LoyaltyDailyRefresh, "_read_snapshot", lambda _self: (1, 1, 0)
        )
        cls.startClassPatcher(alone)
        cls.facts, cls.uses = [], []
        for number in range(200):
            cls._buy(number)

    @classmethod
    def _buy(cls, number):
        """Write a purchase, taken back or with a use, some of those reversed."""
        moment, order_id = cls._moment(), 900000 + number
        amount = cls.random.randrange(100, 20000) / 100
        purchase = cls._purchase(moment, amount, order_id)
        customer = purchase.commercial_partner_id
        if number % 6 == 1:
            later = moment + timedelta(days=50)
            cls._purchase(later, -amount, 800000 + number, reversal_of_id=purchase.id)
            return
        cls.facts.append((customer, cls._first_of(moment), amount))
        if number % 7 == 0:
            program = cls.programs[number % 2]
            card = cls._create_card(program, purchase.partner_id)
            use = cls._use(card, moment, order_id)
            if number % 5 == 4:
                use._reverse()
            else:
                cls.uses.append((customer, program, moment))

    @classmethod
    def _first_of(cls, moment):
        return cls._local(moment).date().replace(day=1)

    def _cells(self):
        """Return {(program, cohort, age): (customers, purchases)}, in plain Python."""
        first = {}
        for customer, program, moment in self.uses:
            key = (program, customer)
            first[key] = min(moment, first.get(key, moment))
        cohorts = defaultdict(set)
        for (program, customer), moment in first.items():
            cohorts[program, self._first_of(moment)].add(customer)
        cells = {}
        for (program, cohort), customers in cohorts.items():
            for age in range(-12, 13):
                month = cohort + relativedelta(months=age)
                if month > THIS_MONTH:
                    continue
                cells[program, cohort, age] = (
                    customers,
                    [
                        (who, amount)
                        for who, at, amount in self.facts
                        if who in customers and at == month
                    ],
                )
        return cells

    def _expected(self, cells):
        """Return the measures of several cells."""
        sizes = {key[:2]: len(customers) for key, (customers, _b) in cells.items()}
        members = sum(len(customers) for customers, _bought in cells.values())
        bought = [row for _customers, rows in cells.values() for row in rows]
        active = sum(len({who for who, _a in rows}) for _c, rows in cells.values())
        amount = sum(amount for _who, amount in bought)
        return {
            "cohort_size": sum(sizes.values()),
            "active_count": active,
            "retention_rate": active * 100 / members,
            "purchase_count": len(bought),
            "frequency": len(bought) / members,
            "average_basket": self._ratio(amount, len(bought), 1),
            "amount": amount,
        }

    def _check(self, groupby, key):
        groups = defaultdict(dict)
        for cell, rows in self._cells().items():
            groups[key(*cell)][cell] = rows
        expected = {name: self._expected(cells) for name, cells in groups.items()}
        report = self._report("loyalty.around.report")
        found = self._groups(report, groupby, self.domain, NAMES)
        self._assert_measures(expected, found)

    @freeze_time(NOW)
    def test_cohorts_before_and_after(self):
        phases = {-1: "before", 0: "use", 1: "after"}
        groupings = {
            ("program_id", "cohort_month:month", "age"): lambda program, cohort, age: (
                program.id,
                str(cohort),
                age,
            ),
            ("cohort_month:month", "age"): lambda _p, cohort, age: (str(cohort), age),
            ("phase",): lambda _p, _c, age: (phases[(age > 0) - (age < 0)],),
            (): lambda *_cell: (),
        }
        for added_up in (False, True):
            if added_up:
                self.env["loyalty.daily.refresh"]._refresh()
            for groupby, key in groupings.items():
                with self.subTest(groupby=groupby, added_up=added_up):
                    self._check(list(groupby), key)
        customer, program, moment = self.uses[0]
        self._purchase(moment + timedelta(days=31), 77.0, 990001, customer=customer)
        self.facts.append((customer, self._first_of(moment + timedelta(days=31)), 77.0))
        with self.subTest("bought since figures were added up", program=program):
            self._check(["phase"], groupings["phase",])

    @freeze_time(NOW)
    def test_rows_behind_a_cell(self):
        report = self._report("loyalty.around.report")
        (program, cohort, age), (_customers, bought) = next(
            (key, cell) for key, cell in self._cells().items() if key[2] < 0 and cell[1]
        )
        row = report.search(
            [
                *self.domain,
                ("program_id", "=", program.id),
                ("cohort_month", "=", cohort),
                ("age", "=", age),
            ]
        )
        self.assertEqual(row.phase, "before")
        self.assertTrue(row.is_complete)
        action = row.action_open_rows()
        found = self.env["res.partner"].search(action["domain"])
        self.assertEqual(set(found), {who for who, _amount in bought})
        ids = report.search(self.domain).ids
        self.assertEqual(len(ids), len(set(ids)))

    def test_current_month_is_not_over(self):
        self._use(
            self._create_card(self.programs[0], self.customers[0]),
            datetime(2026, 9, 3),
        )
        with freeze_time(NOW):
            rows = self._report("loyalty.around.report").search(
                [*self.domain, ("cohort_month", "=", "2026-09-01")]
            )
            self.assertEqual(max(rows.mapped("age")), 1)
            open_ones = rows.filtered(lambda row: not row.is_complete)
            self.assertEqual(open_ones.mapped("month"), [THIS_MONTH])

    def _sums(self, table):
        """Return {key: sums} of the shop's rows, of which each key has one."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %(keys)s, %(sums)s FROM %(table)s kept
                 WHERE kept.company_id = %(shop)s
                """,
                keys=SQL(", ").join(map(SQL.identifier, KEYS)),
                sums=SQL(", ").join(map(SQL.identifier, SUMS)),
                table=table,
                shop=self.shop_company.id,
            )
        )
        self.assertEqual(len({row[: len(KEYS)] for row in rows}), len(rows))
        return {row[: len(KEYS)]: row[len(KEYS) :] for row in rows}

    def _check_sums(self):
        """Compare sums that were kept up to date with those of all kept rows."""
        table = self.env["loyalty.use.cohort"]
        whole = self._sums(SQL("(%s)", table._kept_sql(SQL("TRUE"), 1)))
        self.assertEqual(self._sums(SQL.identifier(table._table)), whole)

    def _check_kept(self):
        """Compare kept sums with those of all kept rows, and reports with facts."""
        self._check_sums()
        self._assert_groups_alike(("around", "retention"))

    def _late_facts(self):
        """Return what may happen to customers whose uses are added up, by its name."""
        (customer, program, moment), (other, _p, later) = self.uses[0], self.uses[-1]
        self.assertNotEqual(customer, other)
        card = self._create_card(program, other)
        purchase = self.env["loyalty.purchase"].search(
            [("commercial_partner_id", "=", other.id), ("amount", ">", 0)], limit=1
        )
        uses = self.env["loyalty.redemption"].search(
            [
                ("partner_id", "child_of", customer.id),
                ("reversal_of_id", "=", False),
                ("reversed_by_ids", "=", False),
            ]
        )
        year = timedelta(days=365)
        return {
            "a purchase of long ago": lambda: self._purchase(
                moment - timedelta(days=200), 12.5, 990002, customer=customer
            ),
            "one too long ago to be told": lambda: self._purchase(
                moment - 2 * year, 12.5, 990003, customer=customer
            ),
            "a refund": lambda: self._purchase(
                later, -purchase.amount, 990004, reversal_of_id=purchase.id
            ),
            "a use before the first": lambda: self._use(card, later - year / 2, 990005),
            "a program is used first": lambda: self._use(
                self._create_card(self.programs[0], self.late), moment, 990006
            ),
            "uses are taken back": uses._reverse,
        }

    @freeze_time(NOW)
    def test_sums_follow_late_facts(self):
        refresh = self.env["loyalty.daily.refresh"]
        self.late = self.env["res.partner"].create({"name": "Late"})
        self._purchase(datetime(2026, 2, 2), 8.0, 990000, customer=self.late)
        refresh._refresh()
        for what, happens in self._late_facts().items():
            with self.subTest(what):
                before = self._sums(SQL("loyalty_use_cohort"))
                happens()
                self._assert_groups_alike(("around",))
                refresh._refresh()
                self._check_kept()
                if what == "one too long ago to be told":
                    self.assertEqual(self._sums(SQL("loyalty_use_cohort")), before)
                else:
                    self.assertNotEqual(self._sums(SQL("loyalty_use_cohort")), before)

    @freeze_time(NOW)
    def test_sums_follow_merged_customers(self):
        refresh = self.env["loyalty.daily.refresh"]
        refresh._refresh()
        before = self._sums(SQL("loyalty_use_cohort"))
        target = self.uses[0][0]
        source = next(use[0] for use in self.uses if use[0] != target)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((source | target).ids, target, extra_checks=False)
        self._check_kept()
        self.assertNotEqual(self._sums(SQL("loyalty_use_cohort")), before)
        self._purchase(datetime(2026, 3, 3), 9.0, 990001, customer=target)
        self._assert_groups_alike(("around", "retention"))
        refresh._refresh()
        self._check_kept()
        self.env["loyalty.partner.merge"].search([], limit=1).action_undo()
        self._check_kept()
        refresh._refresh(everything=True)
        self._check_kept()

    @freeze_time(NOW)
    def test_sums_follow_a_contact_who_changes_the_customer(self):
        refresh = self.env["loyalty.daily.refresh"]
        old, new = self.env["res.partner"].create([{"name": "Old"}, {"name": "New"}])
        contact = old.create({"name": "Buyer", "parent_id": old.id})
        moment = datetime(2026, 2, 2)
        for number, customer in enumerate((old, new, contact)):
            self._purchase(moment, 8.0, 990010 + number, customer=customer)
        self._use(self._create_card(self.programs[0], contact), moment, 990012)
        refresh._refresh()
        contact.parent_id = new
        self._purchase(moment, 9.0, 990013, customer=new)
        refresh._refresh()
        use = self.env["loyalty.first.use"].search(
            [("customer_id", "in", (old | new).ids)]
        )
        self.assertEqual(use.customer_id, new)
        self._check_sums()

    @freeze_time(NOW)
    def test_sums_of_a_database_from_before_them(self):
        self.env["loyalty.daily.refresh"]._refresh()
        table = self.env["loyalty.use.cohort"]
        table.init()
        self._check_kept()
        self.env.cr.execute("DELETE FROM loyalty_use_cohort")
        table.init()
        self._check_kept()
        self.assertTrue(self._sums(SQL("loyalty_use_cohort")))
