from odoo.tests import BaseCase, tagged

from ..tools.credit_parts import BilledLine, take_credits


@tagged("post_install", "-at_install")
class TestCreditParts(BaseCase):
    def _lines(self):
        return [
            BilledLine("tea", "tea", 200.0, 2.0),
            BilledLine("cake", "cake", 100.0, 1.0),
            BilledLine("discount", "discount", -60.0, 1.0),
            BilledLine("free", "mug", 0.0, 2.0),
            BilledLine("gift card", "card", -40.0, 1.0, is_payment=True),
        ]

    def test_a_named_product_takes_its_own_line(self):
        parts = take_credits(self._lines(), [("tea", 100.0, 1.0)])
        self.assertEqual(parts, {"tea": 0.5})

    def test_the_lines_of_a_full_note_take_everything(self):
        lines = self._lines()
        credits = [(line.product, line.amount, line.quantity) for line in lines]
        parts = take_credits(lines, credits)
        self.assertEqual(parts, {line.key: 1.0 for line in lines})
        self.assertEqual(take_credits(lines, credits), {})

    def test_what_nothing_explains_takes_from_all_but_payments(self):
        parts = take_credits(self._lines(), [(None, 24.0, 1.0)])
        self.assertEqual(set(parts), {"tea", "cake", "discount", "free"})
        for part in parts.values():
            self.assertAlmostEqual(part, 0.1)

    def test_what_exceeds_a_product_is_spread(self):
        parts = take_credits(self._lines(), [("cake", 114.0, 1.0)])
        self.assertAlmostEqual(parts["cake"], 1.0)
        self.assertAlmostEqual(parts["tea"], 0.1)

    def test_nothing_is_taken_twice(self):
        lines = self._lines()
        totals = {}
        for amount in (100.0, 100.0, 1000.0, 1000.0):
            for key, part in take_credits(lines, [(None, amount, 1.0)]).items():
                totals[key] = totals.get(key, 0.0) + part
        self.assertAlmostEqual(max(totals.values()), 1.0)
        self.assertNotIn("gift card", totals)

    def test_a_free_product_comes_back_by_quantity(self):
        parts = take_credits(self._lines(), [("mug", 0.0, 1.0)])
        self.assertEqual(parts, {"free": 0.5})

    def test_what_a_credit_adds_takes_nothing(self):
        self.assertEqual(take_credits(self._lines(), [(None, -10.0, 1.0)]), {})
        self.assertEqual(take_credits([], [(None, 10.0, 1.0)]), {})
