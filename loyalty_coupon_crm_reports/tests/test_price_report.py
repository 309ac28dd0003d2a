import statistics
from collections import defaultdict
from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import BaseCase, tagged

from ..report.source import Source
from ..tools.date_span import span_of
from .common import LoyaltyReportCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestDateSpan(BaseCase):
    def test_days_that_a_domain_lets_rows_have(self):
        day = {number: date(2026, 3, number) for number in range(1, 10)}
        after, before = ("day", ">", day[3]), ("day", "<=", day[7])
        other = ("shop", "=", "North")
        cases = [
            ([], None, None),
            ([other], None, None),
            ([after], 3, None),
            ([other, after, before], 3, 7),
            (["&", after, before], 3, 7),
            (["&", after, ("day", ">=", day[5])], 5, None),
            (["|", after, ("day", ">=", day[5])], 3, None),
            (["|", after, other], None, None),
            (["|", ("day", "=", day[2]), ("day", "in", [day[9], day[4]])], 2, 9),
            (["!", after], None, None),
            ([("day", "!=", day[2])], None, None),
            ([("day", "in", [day[2], False])], None, None),
            ([("day", "=", False)], None, None),
        ]
        for domain, first, last in cases:
            with self.subTest(domain=domain):
                found = span_of(domain, {"day": (lambda one: one, lambda one: one)})
                self.assertEqual(found, (day.get(first), day.get(last)))


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

    def setUp(self):
        super().setUp()
        self.facts.clear()

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

    def _sell_at_month_s_ends(self):
        """Sell bread at rising prices in the hours around the ends of months."""
        for month in range(2, 6):
            for hours in (-9, -7, -1, 1, 7, 9):
                moment = datetime(2026, month, 1) + timedelta(hours=hours)
                price = 4.0 + len(self.facts) / 10
                self._sell(self.young[hours % 6], self.bread, 1, price, moment)
        self.env.flush_all()

    def test_few_months_are_compared_as_all_are(self):
        """A mean is of its whole month, whatever part of it is looked at."""
        self._sell_at_month_s_ends()
        names = ["mean_amount", "others", "acquaintance", "coupon_use", "age_band"]
        whole = self.report._read_from(Source.FACTS).search(self.domain)
        expected = {row["id"]: row for row in whole.read(names)}
        self.assertEqual(len(expected), 24)
        self.env.invalidate_all()
        for rows in (whole[:1], whole[3:9], whole):
            found = self.report.browse(rows.ids).read(names)
            self.assertEqual(found, [expected[id_] for id_ in rows.ids])
            self.env.invalidate_all()
        cases = [
            [("month", ">", "2026-02-15"), ("others", ">", 0)],
            [("month", "=", "2026-03-01")],
            [("month", ">=", "2026-03-01"), ("month", "<", "2026-05-01")],
            # The last evening of March, and the first night of April, in Shanghai.
            [("date", ">", "2026-03-31 14:00:00"), ("date", "<", "2026-03-31 16:00")],
            [("date", ">", "2026-03-31 16:30:00"), ("date", "<", "2026-03-31 18:00")],
            ["|", ("month", "=", "2026-02-01"), ("date", ">", "2026-05-01 06:00:00")],
            [("month", ">", "2026-02-15"), ("coupon_use", "=", "no")],
            [("shop", "!=", "Nowhere")],
        ]
        for domain in cases:
            with self.subTest(domain=domain):
                wanted = whole.filtered_domain(domain)
                for limit in (None, 99):
                    self.env.invalidate_all()
                    rows = self.report.search_read(
                        [*self.domain, *domain], names, limit=limit
                    )
                    self.assertTrue(rows)
                    self.assertEqual(rows, [expected[row["id"]] for row in rows])
                    self.assertEqual({row["id"] for row in rows}, set(wanted.ids))

    def test_months_are_found_by_their_index(self):
        self._sell_at_month_s_ends()
        self._sell_for_years(self.bread)
        domain = [*self.domain, ("month", ">", "2026-02-15"), ("others", ">", 0)]
        self._assert_found_by_date(self.report, domain, r"\bdate >= '2026-02-28'")
        # On the first of May here, which may be the last of April elsewhere.
        row = self.report.search([*self.domain, ("month", "=", "2026-05-01")], limit=1)
        domain = [("id", "in", row.ids)]
        self._assert_found_by_date(self.report, domain, r"\bdate >= '2026-03-31'")

    def test_a_client_cannot_choose_days(self):
        self._sell_at_month_s_ends()
        forged = self.report.with_context(loyalty_report_days=["2026-03-01", None])
        self.assertEqual(len(forged.search(self.domain)), 24)
