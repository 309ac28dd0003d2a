import csv
import random
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from odoo.tests import TransactionCase, tagged
from odoo.tests.common import freeze_time

from ..models import loyalty_company_model_mixin
from ..tools import purchase_model
from .common import LoyaltyCrmCommon

TODAY = datetime(2026, 6, 30, 4)


def cdnow():
    """Return x, t_x, T (weeks) and mean repeat spend of the published sample."""
    # Found without importing the package, whose code is not used.
    [folder] = find_spec("lifetimes").submodule_search_locations
    name = "cdnow_customers_summary_with_transactions.csv"
    with (Path(folder) / "datasets" / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        [float(row[column]) for row in rows] for column in ("x", "t_x", "T", "zbar")
    ]


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPurchaseModel(TransactionCase):
    """Published figures: Fader, Hardie, Lee 2005; Fader, Hardie 2013."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sample = cdnow()

    def test_purchases_of_the_cdnow_sample(self):
        self.assertEqual(len(self.sample[0]), 2357)
        found = purchase_model.fit_purchases(*self.sample[:3])
        for name, value in (("r", 0.243), ("alpha", 4.414), ("a", 0.793), ("b", 2.426)):
            self.assertAlmostEqual(getattr(found, name), value, delta=0.005)
        self.assertAlmostEqual(found.log_likelihood, -9582.4, delta=0.05)

    def test_forecast_of_one_customer_of_the_paper(self):
        params = (0.243, 4.414, 0.793, 2.426)
        [found] = purchase_model.expected_purchases(params, [2], [30.43], [38.86], 39)
        self.assertAlmostEqual(found, 1.226, delta=0.001)

    def test_spend_of_the_cdnow_sample(self):
        buyers = [
            (x, mean)
            for x, mean in zip(self.sample[0], self.sample[3], strict=True)
            if x and mean
        ]
        found = purchase_model.fit_spend(*zip(*buyers, strict=True))
        for name, value in (("p", 6.25), ("q", 3.74), ("gamma", 15.45)):
            self.assertAlmostEqual(getattr(found, name), value, delta=0.01)

    def test_frequent_buyers_do_not_overflow(self):
        params = (0.243, 4.414, 0.793, 2.426)
        found = purchase_model.expected_purchases(
            params, [5000, 5000, 0], [99, 1, 0], [100, 100, 100], 52
        )
        self.assertTrue(0 < found[0] < 2600)
        self.assertAlmostEqual(found[1], 0)
        alive = purchase_model.p_alive(params, [5000, 0], [1, 0], [100, 100])
        self.assertAlmostEqual(alive[0], 0)
        self.assertEqual(alive[1], 1)

    def test_value_is_discounted_by_month(self):
        customers = ([3], [20], [30], [25.0])
        purchases, spend = (0.243, 4.414, 0.793, 2.426), (6.25, 3.74, 15.45)
        plain = purchase_model.lifetime_value(purchases, spend, customers, 0.4, 0)[0]
        later = purchase_model.lifetime_value(purchases, spend, customers, 0.4, 0.1)[0]
        year = purchase_model.expected_purchases(
            purchases, [3], [20], [30], 365.25 / 7
        )[0]
        amount = 6.25 * (15.45 + 75) / (6.25 * 3 + 2.74)
        self.assertAlmostEqual(plain, year * amount * 0.4, 6)
        self.assertTrue(plain / 1.1 < later < plain)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCompanyModel(LoyaltyCrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(39)
        cls.shop = cls._create_shop("Record Shop", 800)
        cls.models = cls.env["loyalty.company.metric"]
        cls.metrics = cls.env["loyalty.customer.metric"]

    @classmethod
    def _create_shop(cls, name, count):
        shop = cls.env["res.company"].create({"name": name})
        shop.partner_id.tz = "UTC"
        cls._fill(shop, count)
        return shop

    @classmethod
    def _fill(cls, shop, count):
        """Write purchases as the models assume them: own rates, own days of leaving."""
        people = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(count)]
        )
        rows = []
        for partner in people:
            rate = cls.random.gammavariate(2, 0.1)
            leave = cls.random.betavariate(0.8, 4)
            level = cls.random.gammavariate(6, 10)
            days = cls.random.uniform(0, 300)
            while days < 700:
                rows.append((partner, days, cls.random.gammavariate(6, level / 6)))
                if cls.random.random() < leave:
                    break
                days += 7 * cls.random.expovariate(rate)
        cls.env["loyalty.purchase"].create(
            [
                {
                    "partner_id": partner.id,
                    "commercial_partner_id": partner.id,
                    "company_id": shop.id,
                    "date": TODAY - timedelta(days=700 - int(days)),
                    "amount": round(amount, 2),
                    "margin": round(amount, 2) / 4,
                    "channel": "pos",
                }
                for partner, days, amount in rows
            ]
        )
        cls._analyze("loyalty_purchase", "res_partner")

    def _predict(self, shop):
        with freeze_time("2026-06-30 12:00:00"):
            self.metrics._refresh(shop)
            self.models._predict(shop)
            self.metrics._refresh(shop)
        return self.models.search([("company_id", "=", shop.id)])

    def _figures(self, shop):
        return self.metrics.search([("company_id", "=", shop.id)])

    def test_customers_get_values_and_the_naive_forecast_is_beaten(self):
        # Nobody knows who bought this: it says nothing of the customers' margin.
        self.env["loyalty.purchase"].create(
            {
                "company_id": self.shop.id,
                "date": TODAY - timedelta(days=10),
                "amount": 900000,
                "margin": 900000,
                "channel": "pos",
            }
        )
        model = self._predict(self.shop)
        self.assertEqual(model.fitted_on, date(2026, 6, 30))
        self.assertGreater(model.holdout_gain, 0)
        self.assertGreater(model.holdout_weeks, 12)
        self.assertIn("better", model.model_text)
        self.assertAlmostEqual(model.margin_rate, 0.25, 2)
        figures = self._figures(self.shop)
        self.assertEqual({bool(figure.clv_band) for figure in figures}, {True})
        # Who bought on one day only is alive to the model for ever: no risk is told.
        for figure in figures:
            self.assertEqual(bool(figure.churn_band), figure.purchase_days > 1)
        params = (model.model_r, model.model_alpha, model.model_a, model.model_b)
        for figure in figures[:50]:
            x = figure.purchase_days - 1
            recency = (figure.last_date - figure.first_date).days / 7
            age = figure.tenure_days / 7
            # The refresh computes it in SQL, the model in Python.
            self.assertAlmostEqual(
                figure.p_alive,
                float(purchase_model.p_alive(params, [x], [recency], [age])[0]),
                6,
            )
        top = figures.filtered(lambda figure: figure.clv_band == "top")
        self.assertAlmostEqual(len(top) / len(figures), 0.2, 1)
        rest = figures - top
        self.assertGreaterEqual(min(top.mapped("clv")), max(rest.mapped("clv")))
        gone = figures.filtered(lambda figure: figure.p_alive < 0.1)
        self.assertEqual(set(gone.mapped("stage")), {"lost"})

    def test_the_check_knows_nothing_of_the_future(self):
        """What was refunded later was a purchase on the day the forecast was made."""
        until = date(2026, 3, 31)
        row = self.env["loyalty.purchase"].search(
            [("company_id", "=", self.shop.id), ("date", "<", "2026-03-01")],
            order="date DESC",
            limit=1,
        )

        def known():
            histories = self.models._histories(self.shop, until, 13)
            [found] = [
                line for line in histories if line["partner_id"] == row.partner_id.id
            ]
            return found

        before = known()
        row.copy(
            {
                "date": "2026-05-01",
                "amount": -row.amount,
                "margin": 0,
                "reversal_of_id": row.id,
            }
        )
        self.assertEqual(known(), before)

    def test_few_customers_have_no_values(self):
        shop = self._create_shop("Book Shop", 40)
        model = self._predict(shop)
        self.assertFalse(model.fitted_on)
        self.assertIn("Not enough data", model.model_text)
        self.assertEqual(set(self._figures(shop).mapped("clv_band")), {False})

    def test_values_vanish_with_the_model(self):
        model = self._predict(self.shop)
        self.assertIn("low", self._figures(self.shop).mapped("churn_band"))
        self._refund_all_of_one()
        model.fitted_on = date(2026, 5, 1)
        with freeze_time("2026-06-30 12:00:00"):
            self.metrics._refresh(self.shop)
        self.assertEqual(set(self._figures(self.shop).mapped("churn_band")), {False})
        self.assertEqual(set(self._figures(self.shop).mapped("clv_band")), {False})

    def _refund_all_of_one(self):
        """Who has nothing left that was bought has no value left either."""
        purchases = self.env["loyalty.purchase"].search(
            [("company_id", "=", self.shop.id)]
        )
        customer = purchases[:1].commercial_partner_id
        for row in purchases.filtered(lambda one: one.partner_id == customer):
            row.copy({"amount": -row.amount, "margin": 0, "reversal_of_id": row.id})
        with freeze_time("2026-06-30 12:00:00"):
            self.metrics._refresh(self.shop)
        figure = self._figures(self.shop).filtered(
            lambda one: one.partner_id == customer
        )
        self.assertEqual(figure.stage, "prospect")
        self.assertFalse(figure.clv_band)
        self.assertFalse(figure.clv)

    def test_amounts_that_fit_no_model(self):
        """Heavy tails leave the purchases their model, and say so."""
        self.patch(
            loyalty_company_model_mixin.purchase_model, "fit_spend", lambda *args: None
        )
        model = self._predict(self.shop)
        self.assertTrue(model.fitted_on)
        self.assertIn("fit no model", model.model_text)
        figures = self._figures(self.shop)
        self.assertIn("high", figures.mapped("churn_band"))
        self.assertEqual(set(figures.mapped("clv_band")), {False})
        # A parameter at the edge: two purchase days and b of zero divide by nothing.
        model.write({"model_b": 0.0})
        with freeze_time("2026-06-30 12:00:00"):
            self.metrics._refresh(self.shop)

    def test_without_the_libraries(self):
        shop = self._create_shop("Book Shop", 10)
        self.patch(
            loyalty_company_model_mixin.purchase_model, "available", lambda: False
        )
        model = self._predict(shop)
        self.assertIn("numpy", model.model_text)
        self.assertFalse(model.fitted_on)
        settings = self.env["res.config.settings"].with_company(shop).new({})
        self.assertIn("numpy", settings.loyalty_model_text)
