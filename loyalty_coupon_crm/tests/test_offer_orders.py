from odoo.tests import tagged

from .offer_common import OfferCommon
from .test_offer_cases import read_cases


@tagged("post_install", "-at_install", "loyalty_plain")
class TestOfferOrders(OfferCommon):
    """The shared carts as real sales orders."""

    def test_every_cart(self):
        for case in read_cases():
            if "limit" in case:
                # What an order is worth is its own limit.
                continue
            self.goods.clear()
            self.taxes.clear()
            with self.subTest(case["name"]), self.cr.savepoint() as savepoint:
                try:
                    self._check_cart(case)
                finally:
                    savepoint.rollback()
                    self.env.invalidate_all()

    def _check_cart(self, case):
        self.company.tax_calculation_rounding_method = case["tax_rounding"]
        currency = self._currency(case["rounding"])
        order = self._create_cart(case["lines"], currency)
        programs = [
            self._create_offer(offer, number, currency)
            for number, offer in enumerate(case["offers"], 1)
        ]
        self._claim_all(order)
        for program, result in zip(programs, case["results"], strict=True):
            self.assertEqual(
                {tax: round(one, 6) for tax, one in self._off(order, program).items()},
                result["amounts"],
            )
        self.assertAlmostEqual(order.amount_total, case["order"]["total"], 6)
        self.assertAlmostEqual(order.amount_tax, case["order"]["tax"], 6)
