from collections import defaultdict
from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from ..report.source import Source
from .common import LoyaltyReportCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestProductReport(LoyaltyReportCommon):
    """What sells when, on the clock of the company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls._report("loyalty.product.report")
        cls.domain = [("company_id", "=", cls.shop_company.id)]
        food = cls.env["product.category"].create({"name": "Food"})
        cls.bread = cls._create_product("Bread", 5.0, 2.0, categ_id=food.id)
        cls.facts = []
        for number in range(60):
            cls._sell(number)

    @classmethod
    def _sell(cls, number):
        """Write a purchase of one or two products; some are taken back in part."""
        moment = cls._moment()
        products = cls.random.sample([cls.product, cls.bread], 1 + number % 2)
        sold = [
            (one, cls.random.randrange(2, 5), cls.random.randrange(100, 9000) / 100)
            for one in products
        ]
        purchase = cls._lines(moment, sold)
        cls.facts += [(purchase, purchase, *row) for row in sold]
        if number % 5 == 0:
            product, quantity, amount = sold[0]
            share = quantity if number % 10 == 0 else 1
            taken = (product, -share, round(-amount * share / quantity, 2))
            back = cls._lines(
                moment + timedelta(days=40, hours=5),
                [taken],
                reversal_of_id=purchase.id,
            )
            cls.facts.append((back, purchase, *taken))

    @classmethod
    def _lines(cls, moment, sold, **values):
        return cls._purchase(
            moment,
            sum(amount for _product, _quantity, amount in sold),
            line_ids=[
                Command.create(
                    {
                        "product_id": product.id,
                        "categ_id": product.categ_id.id,
                        "quantity": quantity,
                        "amount": amount,
                    }
                )
                for product, quantity, amount in sold
            ],
            **values,
        )

    def _expected(self, key):
        """Return the measures of groups, in plain Python.

        :param key: function of product and local moment
        """
        groups = defaultdict(list)
        for purchase, origin, product, quantity, amount in self.facts:
            local = self._local(origin.date)
            groups[key(product, local)].append((purchase, origin, quantity, amount))
        expected = {}
        for name, rows in groups.items():
            quantity = sum(row[2] for row in rows)
            amount = sum(row[3] for row in rows)
            expected[name] = {
                "quantity": quantity,
                "amount": amount,
                "average_price": self._ratio(amount, quantity, 1),
                "purchase_count": len({row[0] for row in rows if row[0] == row[1]}),
            }
        return expected

    def test_every_slot(self):
        slots = {
            ("product_id", "hour"): lambda product, at: (product.id, f"{at:%H}"),
            ("categ_id", "weekday"): lambda product, at: (
                product.categ_id.id,
                str(at.isoweekday()),
            ),
            ("season",): lambda _product, at: (f"{at:%m}",),
            ("month:month", "product_id"): lambda product, at: (
                f"{at:%Y-%m}-01",
                product.id,
            ),
        }
        names = ["quantity", "amount", "average_price", "purchase_count"]
        for groupby, key in slots.items():
            with self.subTest(groupby=groupby):
                found = self._groups(self.report, list(groupby), self.domain, names)
                self._assert_measures(self._expected(key), found)

    def test_rows_open_their_purchases(self):
        back, origin = next(row[:2] for row in self.facts if row[0] != row[1])
        rows = self.report.search([("date", "=", origin.date), *self.domain])
        self.assertEqual(rows.purchase_id, back + origin)
        action = rows.action_open_rows()
        found = self.env["loyalty.purchase"].search(action["domain"])
        self.assertEqual(found, back + origin)

    def test_dates_are_found_by_their_index(self):
        self._sell_for_years(self.bread)
        domain = [*self.domain, ("date", ">", "2026-07-20 00:00:00")]
        self._assert_found_by_date(self.report, domain, r"\bdate >= '2026-07-20")

    def test_a_page_has_the_rows_of_all(self):
        """What a refund takes back is at the time of its purchase, on a page, too."""
        whole = self.report._read_from(Source.FACTS).search(self.domain)
        self.assertEqual(len(whole), len(self.facts))
        names = ["date", "hour", "quantity", "amount", "sale_id"]
        expected = whole.read(names)
        self.env.invalidate_all()
        for domain in ([], [("date", ">", "2026-01-01 00:00:00")]):
            wanted = [row for row in expected if not domain or row["date"].year > 2025]
            with self.subTest(domain=domain):
                report = self.report._for_rows(domain, None, 1000)
                self.assertIs(report._source(), Source.PAGE)
                wider = [*self.domain, *domain]
                found = self.report.search_read(wider, names, limit=1000)
                self.assertEqual(found, wanted)
                self.env.invalidate_all()
                self.assertEqual(self.report.search_read(wider, names), wanted)
                count = self.report.search_count(wider, limit=20)
                self.assertEqual(count, 20)
