from datetime import date

from odoo.tests import BaseCase, tagged

from ..tools.day_spans import days_between, merge_days


@tagged("post_install", "-at_install")
class TestDaySpans(BaseCase):
    def _spans(self, *days, **options):
        spans = merge_days([date(2026, 2, day) for day in days], **options)
        return [(first.day, last.day) for first, last in spans]

    def test_days_that_lie_close_together_are_one_span(self):
        self.assertEqual(self._spans(), [])
        self.assertEqual(self._spans(7), [(7, 7)])
        self.assertEqual(self._spans(9, 2, 5, 5), [(2, 5), (9, 9)])
        self.assertEqual(self._spans(2, 3, 5, gap=0), [(2, 3), (5, 5)])

    def test_days_between(self):
        days = days_between(date(2026, 2, 27), date(2026, 3, 1))
        self.assertEqual([day.day for day in days], [27, 28, 1])
        self.assertEqual(days_between(date(2026, 3, 2), date(2026, 3, 1)), [])
