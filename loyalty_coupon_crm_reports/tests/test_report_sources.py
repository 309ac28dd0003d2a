from datetime import datetime

from odoo.tests import tagged

from ..report.source import Source
from .common import LoyaltyReportCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestReportSources(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls._report("loyalty.basket.report")
        for amount in (10.0, 20.0, 40.0):
            cls._purchase(datetime(2026, 1, 5), amount)

    def _source(self, domain=(), groupby=(), aggregates=(), order=None):
        report = self.report._for_groups(domain, groupby, aggregates, order)
        return report._source()

    def test_what_figures_added_up_tell(self):
        asked = {
            "nothing": {},
            "counts": {"aggregates": ["__count", "purchase_count:sum"]},
            "rates": {"aggregates": ["average_amount:avg", "discount_rate:avg"]},
            "currencies": {
                "aggregates": ["amount:sum_currency", "currency_id:array_agg_distinct"]
            },
            "order": {"groupby": ["shop"], "order": "amount:sum DESC, shop"},
            "filter": {"domain": [("purchase_date", ">", "2026-01-01")]},
        }
        for what, arguments in asked.items():
            with self.subTest(what):
                self.assertIs(self._source(**arguments), Source.ADDED_UP)

    def test_what_facts_alone_tell(self):
        asked = {
            "customers": {"aggregates": ["customer_count:sum"]},
            "a mean of rows": {"aggregates": ["amount:avg"]},
            "the largest": {"aggregates": ["amount:max"]},
            "different amounts": {"aggregates": ["amount:count_distinct"]},
            "amounts as groups": {"groupby": ["purchase_count"]},
            "a filter on amounts": {"domain": [("amount", ">", 15)]},
            "a filter on customers": {"domain": [("customer_id.name", "=", "A")]},
            "order": {"groupby": ["shop"], "order": "customer_count:sum DESC"},
            "rows": {"aggregates": ["id:recordset"]},
        }
        for what, arguments in asked.items():
            with self.subTest(what):
                self.assertIs(self._source(**arguments), Source.FACTS)

    def test_having_is_asked_of_the_right_figures(self):
        domain = [("company_id", "=", self.shop_company.id)]
        for name, limit in (("amount:sum", 70), ("customer_count:sum", 0)):
            found = self.report._read_group(
                domain, ["coupon"], ["amount:sum"], having=[(name, ">=", limit)]
            )
            self.assertEqual(found, [("without", 70.0)])
        self.assertFalse(
            self.report._read_group(
                domain, ["coupon"], [], having=[("amount:sum", ">", 70)]
            )
        )

    def test_a_filter_on_amounts_looks_at_purchases(self):
        domain = [("company_id", "=", self.shop_company.id), ("amount", ">", 15)]
        found = self.report._read_group(domain, [], ["amount:sum", "__count"])
        self.assertEqual(found, [(60.0, 2)])
        self.assertEqual(self.report.search_count(domain), 2)

    def test_a_client_cannot_choose(self):
        for value in ("added up", "ADDED_UP", 1, True):
            report = self.report.with_context(loyalty_report_source=value)
            self.assertIsNone(report._source())
