import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tests.common import freeze_time

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestRecommendation(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(7)
        cls.pairs = cls.env["loyalty.product.pair"]
        cls.products = cls.env["product.product"].concat(
            *(cls._create_product(f"Product {n}", 10.0, 5.0) for n in range(8))
        )
        cls.people = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(25)]
        )
        cls.seller = cls._create_user("pair_seller", "sales_team.group_sale_salesman")

    def _buy(self, partner, products, number, **values):
        return self.env["loyalty.purchase"].create(
            {
                "partner_id": partner.id,
                "commercial_partner_id": partner.id,
                "company_id": self.company.id,
                "date": datetime(2026, 6, 1) - timedelta(days=number),
                "amount": 10.0 * len(products),
                "channel": "pos",
                "order_model": "pos.order",
                "order_id": 700000 + number,
                "line_ids": [
                    Command.create(
                        {"product_id": product.id, "quantity": 1, "amount": 10.0}
                    )
                    for product in products
                ],
                **values,
            }
        )

    def _fill(self):
        """Write random baskets; return those that count as (customer, products)."""
        kept = []
        for number in range(150):
            partner = self.random.choice(self.people)
            ids = self.random.sample(self.products.ids, self.random.randrange(1, 5))
            products = self.products.browse(ids)
            purchase = self._buy(partner, products, number)
            if number % 10 == 3:
                self.env["loyalty.purchase"].create(
                    {
                        "partner_id": partner.id,
                        "commercial_partner_id": partner.id,
                        "company_id": self.company.id,
                        "date": purchase.date,
                        "amount": -purchase.amount,
                        "channel": "pos",
                        "reversal_of_id": purchase.id,
                    }
                )
            else:
                kept.append((partner, products))
        # Out of the window.
        for product in self.products:
            self._buy(self.people[0], self.products, 1500 + product.id)
        return kept

    def _refresh(self):
        with freeze_time("2026-06-30 12:00:00"):
            self.pairs._refresh(self.company)

    def _expected(self, keys):
        """Return {(product, other): (both, one, lift, strength)} of product sets."""
        single, pair = Counter(), Counter()
        for products in keys:
            for one in products:
                single[one] += 1
                for other in products:
                    if other != one:
                        pair[one, other] += 1
        return {
            (one, other): (
                both,
                single[one],
                both * len(keys) / (single[one] * single[other]),
                both / (single[one] * single[other]) ** 0.5,
            )
            for (one, other), both in pair.items()
            if both >= 3
        }

    def test_pairs_of_random_baskets(self):
        # Demonstration data would count for the lift.
        self.company = self.env["res.company"].create({"name": "Tea House"})
        self.seller.write(
            {
                "company_ids": [Command.set(self.company.ids)],
                "company_id": self.company.id,
            }
        )
        kept = self._fill()
        self._refresh()
        by_customer = defaultdict(set)
        for partner, products in kept:
            by_customer[partner].update(products)
        expected = {
            "basket": self._expected([set(products) for _who, products in kept]),
            "customer": self._expected(list(by_customer.values())),
        }
        rows = self.pairs.with_user(self.seller)
        rows = rows.with_context(allowed_company_ids=self.company.ids).search([])
        for kind, figures in expected.items():
            found = {
                (row.product_id, row.other_id): row
                for row in rows.filtered(lambda row, kind=kind: row.kind == kind)
            }
            self.assertEqual(set(found), set(figures))
            for key, (both, one, lift, strength) in figures.items():
                row = found[key]
                self.assertEqual((row.both_count, row.product_count), (both, one))
                self.assertAlmostEqual(row.confidence, both / one)
                self.assertAlmostEqual(row.lift, lift)
                self.assertAlmostEqual(row.strength, strength)

    def test_customer_and_order_show_them_with_the_reason(self):
        tea, cup, cake = self.products[:3]
        for number in range(4):
            self._buy(self.people[number], tea | cup, number)
        for number in range(4, 8):
            self._buy(self.people[number], tea | cake, number)
            self._buy(self.people[number], cup | cake, 20 + number)
        self._buy(self.people[10], tea, 30)
        self._refresh()
        buyer = self.people[10].with_user(self.seller)
        self.assertEqual(set(buyer.loyalty_recommended_ids), {cup, cake})
        self.assertIn(tea.display_name, buyer.loyalty_recommended_text)
        self.assertFalse(self.people[20].loyalty_recommended_ids)
        self.assertFalse(self.people[4].loyalty_recommended_ids)
        cake.sale_ok = False
        buyer.invalidate_recordset()
        self.assertEqual(buyer.loyalty_recommended_ids, cup)
        order = self._create_order(partner=self.people[20], product=tea)
        order = order.with_user(self.seller)
        order.sudo().user_id = self.seller
        self.assertEqual(order.loyalty_recommended_ids, cup)
        self.assertIn("together", order.loyalty_recommended_text)
        with Form(order) as form:
            with form.order_line.new() as line:
                line.product_id = cup
        self.assertFalse(order.loyalty_recommended_ids)

    def test_other_companies_recommend_nothing(self):
        tea, cup = self.products[:2]
        for number in range(4):
            self._buy(self.people[number], tea | cup, number)
        self._buy(self.people[10], tea, 30)
        self._refresh()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._create_user("pair_stranger", "sales_team.group_sale_salesman")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(
            self.pairs.with_user(stranger)
            .with_context(allowed_company_ids=other.ids)
            .search([])
        )
        buyer = self.people[10].with_user(stranger).with_company(other)
        self.assertFalse(buyer.loyalty_recommended_ids)
