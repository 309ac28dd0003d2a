import statistics
from collections import defaultdict
from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyReportCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPriceReport(LoyaltyReportCommon):
    """Prices of groups of customers, like for like, against a plain computation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls._report("loyalty.price.report")
        cls.domain = [("company_id", "=", cls.shop_company.id)]
        cls.bread = cls._create_product("Bread", 5.0, 2.0)
        cls.young, cls.old = cls.customers[:6], cls.customers[6:]
        cls.young.loyalty_birthday = "2001-05-05"
        cls.old.loyalty_birthday = "1950-05-05"
        cls.old[0].loyalty_birthday = False
        cls.facts = []

    @classmethod
    def _sell(cls, customer, product, quantity, price, moment=None, **values):
        """Write a purchase of one product; return its row."""
        moment = moment or cls._moment(60)
        purchase = cls._purchase(
            moment,
            quantity * price,
            customer=customer,
            line_ids=[
                Command.create(
                    {
                        "product_id": product.id,
                        "categ_id": product.categ_id.id,
                        "quantity": quantity,
                        "amount": round(quantity * price, 2),
                    }
                )
            ],
            **values,
        )
        amount = round(quantity * price, 2)
        cls.facts.append((customer, product, quantity, amount, cls._month(moment)))
        return purchase

    @classmethod
    def _sell_many(cls, dearer=1.0):
        """Let everybody buy both products at prices that vary a little."""
        for number in range(240):
            customer = cls.customers[number % 12]
            factor = dearer if customer in cls.old else 1.0
            # Bread for the young, tea for the old: what they buy is no difference.
            product = cls.bread
            if (customer in cls.old) == bool(cls.random.randrange(5)):
                product = cls.product
            price = product.list_price * cls.random.uniform(0.97, 1.03)
            cls._sell(customer, product, cls.random.randrange(1, 4), price * factor)
        cls.env.flush_all()

    def _expected(self, band):
        """Return {band: measures} by plain arithmetic."""
        sums = defaultdict(lambda: [0.0, 0.0])
        for _customer, product, quantity, amount, month in self.facts:
            cell = sums[product, month]
            cell[0] += quantity
            cell[1] += amount
        groups = defaultdict(list)
        for customer, product, quantity, amount, month in self.facts:
            pieces, paid = sums[product, month]
            groups[band(customer)].append((customer, amount, quantity * paid / pieces))
        found = {}
        for key, rows in groups.items():
            ratios = [amount / mean for _customer, amount, mean in rows]
            error = statistics.stdev(ratios) / len(ratios) ** 0.5
            paid = sum(amount for _customer, amount, _mean in rows)
            mean = sum(mean for _customer, _amount, mean in rows)
            found[key] = {
                "amount": paid,
                "mean_amount": mean,
                "difference": paid - mean,
                "price_index": 100 * paid / mean,
                "price_ratio": statistics.mean(ratios),
                "standard_errors": (statistics.mean(ratios) - 1) / error,
                "customer_count": len({customer for customer, _paid, _mean in rows}),
            }
        return found

    def _band(self, customer):
        if customer == self.old[0]:
            return (False,)
        return ("18",) if customer in self.young else ("65",)

    def test_groups_as_plain_arithmetic(self):
        self._sell_many(dearer=1.1)
        expected = self._expected(self._band)
        self.assertEqual(len(expected), 3)
        names = list(expected["65",])
        found = self._groups(self.report, ["age_band"], self.domain, names)
        self.assertEqual(set(found), set(expected))
        for key, measures in expected.items():
            for name, value in measures.items():
                self.assertAlmostEqual(found[key][name], value, 4, f"{name} of {key}")

    def test_who_pays_more_is_found(self):
        self._sell_many(dearer=1.1)
        found = self._groups(self.report, ["age_band"], self.domain)
        self.assertGreater(found["65",]["price_index"], 101)
        self.assertLess(found["18",]["price_index"], 99)
        self.assertGreater(found["65",]["standard_errors"], 3)
        self.assertLess(found["18",]["standard_errors"], -3)

    def test_who_buys_other_things_pays_no_other_price(self):
        self._sell_many()
        found = self._groups(self.report, ["age_band"], self.domain)
        for band in ("18", "65"):
            self.assertAlmostEqual(found[band,]["price_index"], 100, delta=1)
            self.assertLess(abs(found[band,]["standard_errors"]), 3)

    def test_new_or_known_and_offers(self):
        moment = self._moment(20)
        customer, other = self.customers[:2]
        program = self._create_coupon_program(company_id=self.shop_company.id)
        [card] = self._create_coupons(program, [moment])
        first = self._sell(customer, self.bread, 1, 5.0, moment)
        again = self._sell(
            customer,
            self.bread,
            1,
            4.0,
            moment + timedelta(days=1),
            order_id=4711,
        )
        guest = self._sell(other, self.bread, 1, 5.0, moment)
        guest.write({"partner_id": False, "commercial_partner_id": False})
        self._use(card, moment + timedelta(days=1), order_id=4711)
        self.env["loyalty.customer.metric"]._refresh(self.shop_company)
        self.env.flush_all()
        rows = {
            row.purchase_id: (row.acquaintance, row.coupon_use, row.others)
            for row in self.report.search(self.domain)
        }
        self.assertEqual(
            rows,
            {
                first: ("first", "no", 2),
                again: ("known", "yes", 2),
                guest: ("guest", "no", 2),
            },
        )
        opened = self.report.search(self.domain).action_open_rows()
        self.assertEqual(set(opened["domain"][0][2]), {*(first | again | guest).ids})

    def test_refunds_and_other_months_do_not_mix(self):
        moment = self._moment(10)
        later = moment + timedelta(days=40)
        sold = self._sell(self.young[0], self.bread, 2, 5.0, moment)
        self._sell(self.young[1], self.bread, 1, 6.0, later)
        self._purchase(
            moment + timedelta(hours=3),
            -10.0,
            reversal_of_id=sold.id,
            line_ids=[
                Command.create(
                    {"product_id": self.bread.id, "quantity": -2, "amount": -10.0}
                )
            ],
        )
        self.env.flush_all()
        rows = self.report.search(self.domain)
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows.mapped("price_index"), [100.0, 100.0])
        self.assertEqual(rows.mapped("others"), [0, 0])
