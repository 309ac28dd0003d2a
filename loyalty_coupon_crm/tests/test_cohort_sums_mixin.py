from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

JANUARY, FEBRUARY = "2020-01-01", "2020-02-01"


@tagged("post_install", "-at_install")
class TestCohortSumsMixin(TransactionCase):
    """Sums of cohorts are what their customers come to, one row for each month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Sums"})
        cls.sums = cls.env["loyalty.cohort.month"]
        cls.months = cls.env["loyalty.customer.month"]
        cls.ada, cls.eva = cls.env["res.partner"].create(
            [{"name": "Ada"}, {"name": "Eva"}]
        )
        cls.months.create(
            [
                {
                    "company_id": cls.company.id,
                    "customer_id": customer.id,
                    "cohort_month": JANUARY,
                    "month": month,
                    "purchase_count": count,
                    "amount": amount,
                }
                for customer, month, count, amount in (
                    (cls.ada, JANUARY, 1, 10.5),
                    (cls.eva, JANUARY, 2, 20),
                    (cls.eva, FEBRUARY, 3, 30),
                )
            ]
        )
        cls.env.flush_all()

    def _add(self, customers, sign=1):
        which = SQL("kept.customer_id = ANY(%s)", customers.ids)
        self.sums._add(which, sign)

    def _rows(self):
        return self.sums.search([("company_id", "=", self.company.id)], order="month")

    def _told(self):
        return [
            (str(row.month), row.customer_count, row.purchase_count, row.amount)
            for row in self._rows()
        ]

    def test_rows_of_a_month_become_one(self):
        self._add(self.ada)
        self._add(self.eva)
        self.assertEqual(len(self._rows()), 3)
        self.sums._merge()
        self.assertEqual(self._told(), [(JANUARY, 2, 3, 30.5), (FEBRUARY, 1, 3, 30)])

    def test_what_is_taken_away_leaves_the_others(self):
        self._add(self.ada | self.eva)
        self._add(self.eva, -1)
        self.sums._merge()
        self.assertEqual(self._told(), [(JANUARY, 1, 1, 10.5)])
        self._add(self.ada, -1)
        self.sums._merge()
        self.assertFalse(self._rows())

    def test_months_that_did_not_change_keep_their_rows(self):
        self._add(self.eva)
        january, february = self._rows()
        self._add(self.ada)
        self.sums._merge()
        self.assertFalse(january.exists())
        self.assertEqual(self._rows()[1], february)

    def test_who_used_first_counts_without_a_purchase(self):
        """Members of a program keep their row, though nobody bought."""
        cohorts = self.env["loyalty.use.cohort"]
        program = self.env["loyalty.program"].create({"name": "Sums"})
        values = {
            "company_id": self.company.id,
            "program_id": program.id,
            "cohort_month": JANUARY,
            "month": JANUARY,
            "member_count": 1,
        }
        cohorts.create([values, values, {**values, "month": FEBRUARY}])
        cohorts.create({**values, "month": FEBRUARY, "member_count": -1})
        self.env.flush_all()
        cohorts._merge()
        [row] = cohorts.search([("program_id", "=", program.id)])
        self.assertEqual((str(row.month), row.member_count), (JANUARY, 2))
