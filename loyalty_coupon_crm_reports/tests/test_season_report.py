from collections import defaultdict
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common import LoyaltyReportCommon

NOW = "2027-02-10 12:00:00"
THIS_MONTH = date(2027, 2, 1)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestSeasonReport(LoyaltyReportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.facts = []
        for number in range(160):
            moment = cls._moment(days=490)
            if moment.month == 4:
                continue
            amount = cls.random.randrange(100, 20000) / 50
            discount = cls.random.choice([0, 5.0])
            row = cls._purchase(moment, amount, discount_amount=discount)
            cls.facts.append((moment, amount, discount, 1))
            if number % 9 == 0:
                back = cls._moment(days=490)
                cls._purchase(back, -amount / 2, reversal_of_id=row.id)
                cls.facts.append((back, round(-amount / 2, 2), 0, 0))
        cls.months = cls._months()

    @classmethod
    def _months(cls):
        """Return {month: figures}, every month from the first to the current one."""
        sums = defaultdict(lambda: [0.0, 0.0, 0])
        for moment, amount, discount, count in cls.facts:
            local = cls._local(moment)
            figures = sums[date(local.year, local.month, 1)]
            figures[0] += amount
            figures[1] += discount
            figures[2] += count
        month, found = min(sums), {}
        while month <= THIS_MONTH:
            found[month] = sums[month]
            month += relativedelta(months=1)
        return found

    def _report_rows(self, groupby):
        self.env.invalidate_all()
        with freeze_time(NOW):
            return self._groups(
                self._report("loyalty.season.report"),
                groupby,
                [("company_id", "=", self.shop_company.id)],
                [
                    "amount",
                    "purchase_count",
                    "discount_rate",
                    "growth",
                    "season_index",
                    "trend_amount",
                ],
            )

    def _expected(self, months):
        """Return the measures of a group of months, in plain Python."""
        full = {
            month: row[0] for month, row in self.months.items() if month < THIS_MONTH
        }
        mean = sum(full.values()) / len(full)
        chosen = [month for month in months if month in full]
        grown = [
            month for month in chosen if month - relativedelta(years=1) in self.months
        ]
        before = sum(self.months[month - relativedelta(years=1)][0] for month in grown)
        now = sum(full[month] for month in grown)
        sold = sum(self.months[month][0] for month in months)
        given = sum(self.months[month][1] for month in months)
        last = max(months)
        year = [last - relativedelta(months=back) for back in range(12)]
        known = all(month in self.months for month in year)
        return {
            "amount": sold,
            "purchase_count": sum(self.months[month][2] for month in months),
            "discount_rate": self._ratio(given, sold + given),
            "growth": (now / before - 1) * 100 if before else None,
            "season_index": 100
            * sum(full[month] for month in chosen)
            / len(chosen)
            / mean
            if chosen
            else None,
            "trend_amount": sum(self.months[month][0] for month in year) / 12
            if known
            else None,
        }

    def test_months(self):
        found = self._report_rows(["month:month"])
        expected = {
            (month.isoformat(),): self._expected([month]) for month in self.months
        }
        self.assertIn(("2026-04-01",), expected, "a month without sales has a row")
        self._assert_measures(expected, found)

    def test_seasons_and_years(self):
        by_season, by_year = defaultdict(list), defaultdict(list)
        for month in self.months:
            by_season[f"{month.month:02}",].append(month)
            by_year[f"{month.year}-01-01",].append(month)
        self._assert_measures(
            {key: self._expected(months) for key, months in by_season.items()},
            self._report_rows(["season"]),
        )
        self._assert_measures(
            {key: self._expected(months) for key, months in by_year.items()},
            self._report_rows(["month:year"]),
        )

    def test_rows_open_their_purchases(self):
        with freeze_time(NOW):
            rows = self._report("loyalty.season.report").search(
                [
                    ("month", "=", "2026-01-01"),
                    ("company_id", "=", self.shop_company.id),
                ]
            )
            action = rows.action_open_rows()
        purchases = self.env["loyalty.purchase"].search(action["domain"])
        self.assertAlmostEqual(
            sum(purchases.mapped("amount")), self.months[date(2026, 1, 1)][0]
        )
