from unittest.mock import patch

from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_refresh import (
    LoyaltyDailyRefresh,
)

from ..report.source import Source

SHARES = tuple(f"share_day_{days}" for days in (1, 3, 7, 14, 30))
# Of each report some groupings, and measures that figures added up know.
GROUPS = {
    "basket": (
        [[], ["coupon", "purchase_date:month"], ["shop", "channel"]],
        ("purchase_count", "amount", "average_amount", "discount_amount")
        + ("discount_rate",),
    ),
    "use": (
        [[], ["hour", "weekday"], ["program_id", "use_date:month"], ["program_type"]],
        ("use_count", "points", "discount_amount", "goods_cost", "cost_per_use"),
    ),
    "funnel": (
        [[], ["program_id", "issue_date:month"], ["outcome"], ["campaign_id"]],
        ("issued_count", "used_count", "open_count", "expired_count", "void_count")
        + ("closed_count", "redemption_rate", "closed_redemption_rate", "use_count")
        + ("redeemed_count", "discount_amount", "goods_cost", "net_sales")
        + ("days_to_use", *SHARES),
    ),
    "points": (
        [[], ["month:month", "program_id"]],
        ("issued", "earned", "spent", "expired", "adjusted", "change", "outstanding"),
    ),
    "season": (
        [[], ["month:month"]],
        ("amount", "purchase_count", "discount_amount", "season_index"),
    ),
    "after": (
        [[], ["program_id"], ["use_date:month", "is_complete"]],
        ("use_count", "customer_count", "before_amount", "after_amount")
        + ("mean_before", "mean_after", "return_count", "return_rate")
        + ("before_count", "after_count", "frequency_before", "frequency_after")
        + ("basket_before", "basket_after", "active_count", "active_rate"),
    ),
    "around": (
        [[], ["cohort_month:month", "age"], ["program_id", "phase"]],
        ("cohort_size", "active_count", "retention_rate", "purchase_count")
        + ("frequency", "average_basket", "amount"),
    ),
    "retention": (
        [[], ["cohort_month:month", "age"], ["age"]],
        ("cohort_size", "active_count", "retention_rate", "purchase_count")
        + ("frequency", "amount"),
    ),
}
# Reports with one row per fact, which a page of a list looks up alone.
PAGES = ("basket", "use", "funnel")


class ReportTwins:
    """Reads each report in every way there is, for a test with `shop_company`."""

    def _nothing_added_up(self):
        return patch.object(
            LoyaltyDailyRefresh, "_current", lambda self: self.sudo().browse()
        )

    def _assert_groups_alike(self, names=tuple(GROUPS)):
        """Compare groups from figures added up with those from all facts."""
        self.env.flush_all()
        domain = [("company_id", "=", self.shop_company.id)]
        for title in names:
            report = self._report(f"loyalty.{title}.report")
            groupings, measures = GROUPS[title]
            specs = [
                f"{field}:{report._fields[field].aggregator}" for field in measures
            ]
            specs.append("__count")
            for groupby in groupings:
                source = report._for_groups(domain, groupby, specs, None)._source()
                if title in PAGES:
                    self.assertIs(source, Source.ADDED_UP, (title, groupby))
                added = report._read_group(domain, groupby, specs)
                with self._nothing_added_up():
                    facts = report._read_from(Source.FACTS)
                    facts = facts._read_group(domain, groupby, specs)
                with self.subTest(report=title, groupby=groupby):
                    self._assert_rows_alike(added, facts, groupby + specs)

    def _assert_rows_alike(self, found, expected, specs):
        self.assertEqual(len(found), len(expected))
        for row, wanted in zip(found, expected, strict=True):
            for spec, value, other in zip(specs, row, wanted, strict=True):
                message = f"{spec} of {row}, expected {wanted}"
                if isinstance(other, float) and isinstance(value, float):
                    self.assertAlmostEqual(value, other, 4, message)
                else:
                    self.assertEqual(value or 0, other or 0, message)

    def _assert_pages_alike(self):
        """Compare rows that are looked up alone with those of all facts."""
        domain = [("company_id", "=", self.shop_company.id)]
        for name in PAGES:
            report = self._report(f"loyalty.{name}.report")
            fields = [field for field in report._fields if field != "display_name"]
            pages = []
            for source in (None, Source.FACTS):
                self.env.invalidate_all()
                rows = report._read_from(source).search(domain)
                pages.append(rows.sorted("id").read(fields, load=None))
            with self.subTest(report=name):
                self.assertTrue(pages[0])
                self.assertEqual(*pages)
                self._assert_slices(report, domain)

    def _assert_slices(self, report, domain):
        """Compare pages with parts of the list of all rows in the same order."""
        whole = report._read_from(Source.FACTS).search(domain).ids
        for offset, limit in ((0, 1), (0, 5), (3, 4), (len(whole) - 1, 5)):
            page = report.search(domain, offset=offset, limit=limit)
            self.assertEqual(page.ids, whole[offset : offset + limit])
