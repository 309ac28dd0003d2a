from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.misc import babel_locale_parse, get_lang

from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_query import MEASURES, MONEY

from ..tools.dashboard_periods import bucket_of, buckets, day_name, period_before
from .dashboard_figures import FIGURES, SECTIONS
from .loyalty_dashboard_rows_mixin import CUSTOMER_CHARTS

TOP = 8
MOST_DAYS = 3660
FIRST_YEAR, LAST_YEAR = 1970, 2999
SHOP_MEASURES = (
    "amount",
    "coupon_amount",
    "purchase_count",
    "use_count",
    "use_discount",
    "refusal_count",
)


class LoyaltyDashboard(models.AbstractModel):
    """What the dashboard and the monthly report ask: figures of a period at a glance.

    Everything is read through models with their access rights and company rules, as
    the user who looks. Money is in the currency of the current company; what others
    earned in another one is converted at the rate of the last day.
    """

    _name = "loyalty.dashboard"
    _inherit = "loyalty.dashboard.rows.mixin"
    _description = "Loyalty Dashboard"

    @api.model
    @api.readonly
    def get_figures(self, date_from=None, date_to=None, company_ids=None, shop=None):
        """Return everything the dashboard shows.

        :param date_from: first day, ISO format; the last 30 days by default
        :param date_to: last day
        :param company_ids: companies of the user, those that are switched on by default
        :param shop: name of a shop, all by default
        :return: dict with `today`, `period`, `before`, `shops`, `figures` and `charts`
        :raise AccessError: without the right to read the reports, or for a company that
            is not switched on
        :raise UserError: when the days make no period
        """
        self.env["loyalty.daily.report"].check_access("read")
        choice = self._read_choice(date_from, date_to, company_ids, shop)
        before = {**choice, **self._days_before(choice)}
        row = self.env["loyalty.daily.refresh"]._current()
        by_program = self._grouped(choice, "program_id")
        by_shop = self._grouped({**choice, "shop": ""}, "shop", SHOP_MEASURES)
        return {
            "today": fields.Date.to_string(self.env.company._loyalty_today()),
            "period": self._describe_period(choice),
            "before": self._describe_period(before),
            "company_ids": choice["companies"].ids,
            "companies": [
                {"id": company.id, "name": company.name}
                for company in self.env.companies
            ],
            "shop": choice["shop"] or False,
            "shops": sorted({*filter(None, [*by_shop, choice["shop"]])}),
            "currency_id": self.env.company.currency_id.id,
            "refreshed_at": row.refreshed_at or False,
            "sections": self._sections(choice, before, by_program),
            "charts": {
                "time": self._chart_of_time(choice),
                "programs": self._top_programs(by_program),
                "shops": self._top_shops(choice, by_shop),
                "customers": self._customers(choice),
            },
        }

    @api.model
    def _read_choice(self, date_from, date_to, company_ids, shop):
        """Return what a client chose as a dict, after looking at every part of it."""
        today = self.env.company._loyalty_today()
        last = self._read_day(date_to) or today
        first = self._read_day(date_from) or last - timedelta(days=29)
        if first > last:
            raise UserError(
                self.env._(
                    "The first day %(first)s is after the last %(last)s: swap them.",
                    first=format_date(self.env, first),
                    last=format_date(self.env, last),
                )
            )
        if (last - first).days >= MOST_DAYS:
            raise UserError(
                self.env._("The dashboard shows ten years at most: choose fewer days.")
            )
        companies = self.env.companies
        if company_ids:
            wanted = {int(company_id) for company_id in company_ids}
            if wanted - set(companies.ids):
                raise AccessError(
                    self.env._(
                        "One of the companies is not switched on: choose it at the top "
                        "right first."
                    )
                )
            companies = companies.filtered(lambda company: company.id in wanted)
        return {
            "first": first,
            "last": last,
            "companies": companies,
            "shop": str(shop) if shop else "",
        }

    @api.model
    def _read_day(self, text):
        try:
            day = fields.Date.to_date(text) if text else None
        except (TypeError, ValueError) as error:
            raise UserError(
                self.env._("%(text)s is not a day: give it as 2026-12-31.", text=text)
            ) from error
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise UserError(
                self.env._(
                    "The dashboard shows days of the years %(first)s to %(last)s, not "
                    "%(day)s.",
                    first=FIRST_YEAR,
                    last=LAST_YEAR,
                    day=text,
                )
            )
        return day

    @api.model
    def _days_before(self, choice):
        first, last = period_before(choice["first"], choice["last"])
        return {"first": first, "last": last}

    @api.model
    def _describe_period(self, choice):
        return {
            "date_from": fields.Date.to_string(choice["first"]),
            "date_to": fields.Date.to_string(choice["last"]),
            "label": self.env._(
                "%(first)s – %(last)s",
                first=format_date(self.env, choice["first"]),
                last=format_date(self.env, choice["last"]),
            ),
        }

    @api.model
    def _domain(self, choice, day="day", shop=True):
        """Return the domain of a choice on a report.

        :param day: field that holds the day
        :param shop: whether the report knows shops
        """
        companies = choice["companies"].ids
        if choice["companies"] == self.env.companies:
            companies = [*companies, False]
        domain = Domain("company_id", "in", companies)
        domain &= Domain(day, ">=", choice["first"]) & Domain(day, "<=", choice["last"])
        if shop and choice["shop"]:
            domain &= Domain("shop", "=", choice["shop"])
        return domain

    @api.model
    def _rates(self, choice):
        """Return {company: factor to the currency of the current company}.

        The rates are those that the current company works with.
        """
        target = self.env.company.currency_id
        return {
            company: company.currency_id._get_conversion_rate(
                company.currency_id, target, self.env.company, choice["last"]
            )
            for company in choice["companies"] | self.env.company
        }

    @api.model
    def _grouped(self, choice, groupby, names=MEASURES, domain=Domain.TRUE):
        """Return {group: sums of daily figures}, money converted.

        :param groupby: a field of the daily report, or nothing
        """
        report = self.env["loyalty.daily.report"]
        rates = self._rates(choice)
        found = {}
        for row in report._read_group(
            self._domain(choice) & domain,
            [*([groupby] if groupby else []), "company_id"],
            [f"{name}:sum" for name in names],
        ):
            *key, company = row[: len(row) - len(names)]
            sums = found.setdefault(key[0] if key else None, dict.fromkeys(names, 0.0))
            rate = rates.get(company, 1.0)
            for name, value in zip(names, row[len(row) - len(names) :], strict=True):
                sums[name] += (value or 0.0) * (rate if name in MONEY else 1.0)
        return found

    @api.model
    def _points_programs(self):
        """Return the programs of points cards: other wallets hold money."""
        # Which programs there are is for the rules of what is counted.
        programs = self.env["loyalty.program"].sudo().with_context(active_test=False)
        return programs.search([("program_type", "=", "loyalty")])

    @api.model
    def _points_domain(self):
        """Return the domain of points cards on a report."""
        return Domain("program_id", "in", self._points_programs().ids)

    @api.model
    def _sums(self, choice, by_program):
        """Return the sums a figure is computed from.

        :param by_program: all daily figures of the choice by program
        """
        points = set(self._points_programs()._ids)
        sums = dict.fromkeys(MEASURES, 0.0)
        for program, values in by_program.items():
            for name, value in values.items():
                if not name.startswith("points_") or program.id in points:
                    sums[name] += value
        ever = {**choice, "first": date(FIRST_YEAR, 1, 1)}
        days = self.env["loyalty.daily.customer.report"]
        outstanding = self._grouped(
            ever, None, ["points_change"], self._points_domain()
        )
        return {
            **sums,
            "customers": days._count_customers(self._domain(choice)),
            "outstanding": outstanding.get(None, {}).get("points_change", 0.0),
        }

    @api.model
    def _sections(self, choice, before, by_program):
        """Return the figures by section, with those of the period before."""
        now = self._sums(choice, by_program)
        then = self._sums(before, self._grouped(before, "program_id"))
        return [
            {
                "key": key,
                "label": self.env._(label),
                "figures": [
                    self._describe_figure(figure, choice, now, then)
                    for figure in FIGURES
                    if figure.section == key
                ],
            }
            for key, label in SECTIONS.items()
        ]

    @api.model
    def _describe_figure(self, figure, choice, now, then):
        known = figure.by_shop or not choice["shop"]
        value = figure.compute(now) if known else None
        previous = figure.compute(then) if known else None
        change = None
        if value is not None and previous is not None:
            if figure.unit == "percent":
                change = value - previous
            elif previous:
                change = (value - previous) * 100.0 / abs(previous)
        definition = self.env._(figure.definition)
        if not known:
            definition = self.env._(
                "Nobody knows which shop this belongs to: choose all shops. %(text)s",
                text=definition,
            )
        return {
            "key": figure.key,
            "label": self.env._(figure.label),
            "definition": definition,
            "unit": figure.unit,
            "rising": figure.rising,
            "value": value,
            "previous": previous,
            "change": change,
        }

    @api.model
    def _chart_of_time(self, choice):
        """Return what is drawn along the days, weeks or months of the period."""
        names = ["amount", "coupon_amount", "use_count", "use_discount"]
        points = ["points_earned", "points_spent", "points_lapsed"]
        size, starts = buckets(choice["first"], choice["last"])
        sums = {start: dict.fromkeys([*names, *points], 0.0) for start in starts}
        for part, domain in (
            (names, Domain.TRUE),
            (points, self._points_domain()),
        ):
            for day, values in self._grouped(choice, "day:day", part, domain).items():
                bucket = sums[max(bucket_of(size, day), choice["first"])]
                for name, value in values.items():
                    bucket[name] += value
        series = {
            name: [sums[start][name] for start in starts] for name in (*names, *points)
        }
        series["other_amount"] = [
            sums[start]["amount"] - sums[start]["coupon_amount"] for start in starts
        ]
        locale = babel_locale_parse(get_lang(self.env).code)
        skeleton = "yMMM" if size == "month" else "MMMd"
        labels = [day_name(day, skeleton, locale) for day in starts]
        return {"size": size, "labels": labels, "series": series}

    @api.model
    def _top_programs(self, by_program):
        rows = [
            {"id": program.id, "name": program.display_name, **sums}
            for program, sums in by_program.items()
            if program and (sums["use_count"] or sums["issued_count"])
        ]
        rows.sort(key=lambda row: (-row["use_count"], -row["issued_count"], row["id"]))
        return rows[:TOP]

    @api.model
    def _top_shops(self, choice, by_shop):
        rows = [
            {"name": shop, **sums}
            for shop, sums in by_shop.items()
            if shop and choice["shop"] in ("", shop)
        ]
        for row in rows:
            row["coupon_share"] = (
                row["coupon_amount"] * 100.0 / row["amount"] if row["amount"] else None
            )
        rows.sort(key=lambda row: (-row["amount"], row["name"]))
        return rows[:TOP]

    @api.model
    def _customers(self, choice):
        """Return how many customers each segment, stage and band of value has now."""
        metrics = self.env["loyalty.customer.metric"]
        domain = Domain("company_id", "in", choice["companies"].ids)
        charts = {}
        for name in CUSTOMER_CHARTS:
            counts = dict(metrics._read_group(domain, [name], ["__count"]))
            labels = metrics._fields[name]._description_selection(self.env)
            charts[name] = [
                {"key": key, "label": label, "count": counts.get(key, 0)}
                for key, label in labels
            ]
        return charts
