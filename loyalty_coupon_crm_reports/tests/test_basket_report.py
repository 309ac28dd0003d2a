from datetime import datetime, timedelta

from odoo.tests import tagged

from .common import CHANNELS, LoyaltyReportCommon

FATES = ["plain", "coupon", "back", "part", "edit", "undone"]


@tagged("post_install", "-at_install", "loyalty_plain")
class TestBasketReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(company_id=cls.shop_company.id)
        cls.card = cls._create_card(cls.program, cls.customers[0])
        cls.report = cls._report("loyalty.basket.report")
        cls.domain = [("company_id", "=", cls.shop_company.id)]

    def _fill(self, count=150):
        """Write purchases; return one dict per basket that counts."""
        baskets = []
        for number in range(count):
            moment = self._moment()
            amount = self.random.randrange(1, 20000) / 100
            channel = self.random.choice(CHANNELS)
            purchase = self._purchase(moment, amount, 900000 + number, channel=channel)
            basket = {
                "coupon": "without",
                "channel": channel,
                "customer": purchase.commercial_partner_id,
                "month": self._month(moment),
                "amount": amount,
                "discount": 0.0,
            }
            if self._befall(purchase, self.random.choice(FATES), basket):
                baskets.append(basket)
        return baskets

    def _befall(self, purchase, fate, basket):
        """Refund, edit or use a coupon on a purchase; tell whether a basket is left."""
        later = purchase.date + timedelta(days=40)
        refund_id = purchase.order_id - 100000
        if fate in ("coupon", "part", "undone"):
            use = self._use(self.card, purchase.date, purchase.order_id)
            basket["coupon"] = "with"
        if fate == "undone":
            use._reverse()
            basket["coupon"] = "without"
        if fate in ("part", "back"):
            refund = -0.01 if fate == "part" else -purchase.amount
            self._purchase(later, refund, refund_id, reversal_of_id=purchase.id)
            basket["amount"] += refund
        if fate == "edit":
            self._purchase(
                later,
                5.55,
                purchase.order_id,
                customer=purchase.partner_id,
                discount_amount=0.45,
                channel=purchase.channel,
            )
            basket["amount"] += 5.55
            basket["discount"] = 0.45
        return fate != "back" and not (fate == "part" and purchase.amount == 0.01)

    def _expected(self, baskets):
        amount = sum(basket["amount"] for basket in baskets)
        discount = sum(basket["discount"] for basket in baskets)
        return {
            "purchase_count": len(baskets),
            "customer_count": len({basket["customer"] for basket in baskets}),
            "amount": amount,
            "average_amount": self._ratio(amount, len(baskets), 1),
            "discount_amount": discount,
            "discount_rate": self._ratio(discount, discount + amount),
        }

    def test_every_measure_of_every_grouping(self):
        baskets = self._fill()
        keys = {
            (): [],
            ("coupon",): ["coupon"],
            ("coupon", "channel"): ["coupon", "channel"],
            ("purchase_date:month",): ["month"],
        }
        for groupby, names in keys.items():
            groups = {}
            for basket in baskets:
                key = tuple(basket[name] for name in names)
                groups.setdefault(key, []).append(basket)
            expected = {key: self._expected(rows) for key, rows in groups.items()}
            found = self._groups(self.report, list(groupby), self.domain)
            with self.subTest(groupby=groupby):
                self._assert_measures(expected, found)

    def test_nothing_bought_nothing_given_no_rate(self):
        self._purchase(datetime(2026, 1, 5), 0.0, 900001)
        found = self._groups(self.report, [], self.domain)[()]
        self.assertEqual(found["purchase_count"], 1)
        self.assertEqual(found["average_amount"], 0.0)
        self.assertIs(found["discount_rate"], False)

    def test_refund_of_nothing_we_know_is_no_basket(self):
        self._purchase(datetime(2026, 1, 5), -20.0, 900001)
        self.assertFalse(self.report.search(self.domain))

    def test_confirmed_again_after_a_cancellation(self):
        first = datetime(2026, 1, 5)
        purchase = self._purchase(first, 20.0, 900001)
        self._purchase(first, -20.0, 900001, reversal_of_id=purchase.id)
        self.assertFalse(self.report.search(self.domain))
        self._purchase(datetime(2026, 3, 5), 25.0, 900001)
        row = self.report.search(self.domain)
        self.assertEqual(str(row.purchase_date), "2026-03-05")
        self.assertAlmostEqual(row.amount, 25.0)

    def test_an_edited_order_refunded_in_full_is_no_basket(self):
        first = datetime(2026, 1, 5)
        purchase = self._purchase(first, 100.0, 900001)
        self._purchase(first, 50.0, 900001)
        self._purchase(first, -150.0, 800001, reversal_of_id=purchase.id)
        smaller = self._purchase(first, 100.0, 900002)
        self._purchase(first, -40.0, 900002)
        self._purchase(first, -60.0, 800002, reversal_of_id=smaller.id)
        self.assertFalse(self.report.search(self.domain))

    def test_purchase_without_document(self):
        purchases = self.env["loyalty.purchase"]
        for reference in ("A1", "A2"):
            purchases |= self._purchase(
                datetime(2026, 1, 5), 20.0, external_ref=reference, channel="import"
            )
        rows = self.report.search(self.domain)
        self.assertEqual(rows.purchase_id, purchases)
        row = rows.filtered(lambda row: row.purchase_id == purchases[0])
        action = row.action_open_rows()
        found = self.env["loyalty.purchase"].search(action["domain"])
        self.assertEqual(found, purchases[0])

    def test_real_order(self):
        program = self._create_coupon_program()
        card = self._create_card(program, self.partner)
        report = self._report("loyalty.basket.report", companies=self.company)
        domain = [("customer_id", "=", self.partner.id)]
        plain = self._create_order()
        plain.action_confirm()
        order = self._create_order(quantity=2)
        self._apply_code(order, card.code)
        order.action_confirm()
        found = self._groups(report, ["coupon"], domain)
        self.assertAlmostEqual(found[("with",)]["average_amount"], 180.0)
        self.assertAlmostEqual(found[("with",)]["discount_rate"], 10.0)
        self.assertAlmostEqual(found[("without",)]["average_amount"], 100.0)
        order._action_cancel()
        found = self._groups(report, ["coupon"], domain)
        self.assertEqual(set(found), {("without",)})
        action = report.search(domain).action_open_rows()
        purchases = self.env["loyalty.purchase"].search(action["domain"])
        self.assertEqual(purchases.mapped("order_id"), plain.ids)
