import json
import math

from odoo.tests import BaseCase, tagged
from odoo.tools import file_path

from ..tools.offers import apply_offers, in_currency, round_steps

CASES = "loyalty_coupon_crm/static/tests/cases/offers.json"


def read_cases():
    """Return the carts that the till's tests read as well."""
    with open(file_path(CASES), encoding="utf-8") as stream:
        return json.load(stream)


@tagged("post_install", "-at_install")
class TestOfferCases(BaseCase):
    """The carts that the till's tests read as well."""

    def test_cases(self):
        cases = read_cases()
        self.assertGreaterEqual(len(cases), 60)
        for case in cases:
            with self.subTest(case["name"]):
                found = apply_offers(
                    case["lines"],
                    case["offers"],
                    case["rounding"],
                    case.get("limit", math.inf),
                )
                self.assertEqual(found, case["results"])

    def test_names_are_told_apart(self):
        names = [case["name"] for case in read_cases()]
        self.assertEqual(len(names), len(set(names)))

    def test_nothing_in_nothing_out(self):
        self.assertEqual(apply_offers([], [], 0.01), [])
        offer = {"kind": "bundle", "price": 1, "parts": []}
        (found,) = apply_offers([], [offer], 0.01)
        self.assertEqual((found["total"], found["times"]), (0, 0))

    def test_amounts_are_whole_smallest_ones(self):
        for rounding, amount, result in (
            (0.01, 2.675, 2.68),
            (0.05, 1.675, 1.7),
            (1, 166.5, 167),
            (0.001, 0.6175, 0.618),
        ):
            steps = round_steps(amount, rounding)
            self.assertEqual(in_currency(steps, rounding), result)
