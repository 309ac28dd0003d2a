from odoo.tests import BaseCase, tagged

from ..tools import liability
from ..tools.liability import Cohort


@tagged("post_install", "-at_install", "loyalty_plain")
class TestLiabilityTools(BaseCase):
    def test_illustrative_example_52(self):
        """CU 100,000 of sales earn 10,000 points of CU 1, 9,500 are expected."""
        estimate = liability.Estimate({}, 0.05, 1.0)
        allocated = round(liability.allocate(100000, estimate.price(10000)), 0)
        self.assertEqual(allocated, 8676)
        first = liability.recognise(allocated, 4500, 9500)
        self.assertEqual(round(first), 4110)
        second = liability.recognise(allocated, 8500, 9700)
        self.assertEqual(round(second - first), 3493)
        self.assertEqual(round(allocated - second), 1073)

    def test_points_of_two_programs_on_one_sale(self):
        """CU 100 buy goods and points worth CU 10 and CU 15: 80, 8 and 12."""
        self.assertEqual(liability.allocate(100, 10, 15), 8.0)
        self.assertEqual(liability.allocate(100, 15, 10), 12.0)
        self.assertEqual(liability.allocate(-100, -10, -15), -8.0)

    def test_curve_of_closed_months(self):
        """200 points: 60 spent at once, 40 after two months, 100 lapse after three."""
        closed = [
            Cohort(9, 100.0, {0: 40.0, 2: 10.0}, {3: 50.0}),
            Cohort(8, 100.0, {0: 20.0, 2: 30.0}, {3: 50.0}),
        ]
        fresh = Cohort(1, 100.0, {0: 10.0})
        curve = liability.redemption_curve([*closed, fresh])
        self.assertEqual(curve.used, (0.3, 0.3, 0.5, 0.5))
        self.assertEqual(curve.lapsed, (0.0, 0.0, 0.0, 0.5))
        self.assertAlmostEqual(curve.use, 0.5)
        self.assertAlmostEqual(curve.future_use(1), 0.2 / 0.7)
        self.assertAlmostEqual(liability.future_use(fresh, curve, 0.9), 0.2 / 0.7)
        self.assertEqual(curve.future_use(5), 0.0)
        self.assertAlmostEqual(liability.breakage_rate([*closed, fresh]), 100 / 210)

    def test_without_a_closed_month(self):
        fresh = Cohort(1, 100.0, {0: 10.0})
        self.assertIsNone(liability.redemption_curve([fresh]))
        self.assertIsNone(liability.breakage_rate([Cohort(0, 5.0)]))
        self.assertAlmostEqual(liability.future_use(fresh, None, 0.19), 71 / 90)
        self.assertEqual(liability.future_use(Cohort(0, 0.0), None, 0.0), 0.0)
        self.assertEqual(liability.future_use(fresh, None, 0.95), 0.0)

    def test_nothing_sold_or_nothing_expected(self):
        self.assertEqual(liability.allocate(0, 100), 0.0)
        self.assertEqual(liability.allocate(100, 0), 0.0)
        self.assertEqual(liability.allocate(100, -5), 0.0)
        self.assertEqual(liability.allocate(100, 25, -5), 20.0)
        self.assertEqual(liability.recognise(50.0, 0, 0), 50.0)
        self.assertEqual(liability.recognise(50.0, 120, 100), 50.0)
