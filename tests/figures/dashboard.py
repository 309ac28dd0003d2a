"""The dashboard: figures of a period, of the period before, and its charts."""

import numpy
import pandas

from . import baskets, customers, days
from .groups import same

TOP = 8
# Figures that nobody knows of one shop.
OF_ALL_SHOPS = ("issued", "redemption_rate", "points_lapsed", "outstanding")
SERIES = {
    "amount": ("amount", 100),
    "coupon_amount": ("coupon_amount", 100),
    "use_count": ("uses", 1),
    "use_discount": ("use_discount", 100),
}
POINTS = {
    "points_earned": "points_earned",
    "points_spent": "points_spent",
    "points_lapsed": "points_lapsed",
}


def _share(above, below, factor=1):
    return above * factor / below if below else None


class Board:
    """What the dashboard has to show for one choice."""

    def __init__(self, facts, companies, choice):
        """Compute everything.

        :param companies: ids that are switched on, the current one first
        :param choice: dict of `date_from`, `date_to`, `company_ids`, `shop`
        """
        self.facts = facts
        self.companies = choice.get("company_ids") or companies
        self.unowned = set(self.companies) == set(companies)
        self.current = companies[0]
        self.shop = choice.get("shop")
        today = facts.today(self.current)
        self.last = pandas.Timestamp(choice.get("date_to") or today)
        month = self.last - pandas.Timedelta(days=29)
        self.first = pandas.Timestamp(choice.get("date_from") or month)
        rows = days.report(facts)
        rows = rows[(rows.day >= self.first) & (rows.day <= self.last)]
        self.rows = self._of_companies(rows, self.last)

    def before(self):
        """Return first and last day of the period before: months before months."""
        first, last = self.first, self.last
        end = first - pandas.Timedelta(days=1)
        if first.day == 1 and last.is_month_end:
            months = (last.to_period("M") - first.to_period("M")).n + 1
            return first - pandas.DateOffset(months=months), end
        return first - (last - first) - pandas.Timedelta(days=1), end

    def _of_companies(self, rows, last):
        """Return rows of the companies, money in the currency of the current one."""
        kept = rows.company_id.isin(self.companies)
        if self.unowned:
            kept |= rows.company_id.isna()
        rows = rows[kept].copy()
        factors = {company: self._factor(company, last) for company in self.companies}
        factor = rows.company_id.map(factors).astype(float).fillna(1.0)
        for name in days.MONEY:
            rows[name] = rows[name] * factor
        types = self.facts.program.set_index("id").program_type
        cards = rows.program_id.map(types) == "loyalty"
        rows["is_card"] = cards.fillna(False).astype(bool)
        return rows

    def _factor(self, company, day):
        currencies = self.facts.res_company.set_index("id").currency_id
        rates = [
            self.facts.rate(currencies[one], day) for one in (self.current, company)
        ]
        return rates[0] / rates[1]

    def _sums(self, first, last):
        rows = days.report(self.facts)
        rows = self._of_companies(rows[rows.day <= last], last)
        if self.shop:
            rows = rows[rows.shop == self.shop]
        until, rows = rows, rows[rows.day >= first]
        sums = {name: rows[name].sum() for name in days.SUMS}
        for name in days.MONEY:
            sums[name] /= 100
        for name in days.POINTS:
            sums[name] = rows[name].where(rows.is_card).sum()
        sums["outstanding"] = until.points_change.where(until.is_card).sum()
        sums["customers"] = self._buyers(first, last)
        return sums

    def _buyers(self, first, last):
        bought = baskets.counted(self.facts)
        bought = bought[bought.company_id.isin(self.companies)]
        bought = bought[(bought.day >= first) & (bought.day <= last)]
        if self.shop:
            bought = bought[bought.shop == self.shop]
        return bought.customer_id.nunique()

    def figures(self, first, last):
        """Return the figures of a period by key."""
        sums = self._sums(first, last)
        found = {
            "net_sales": sums["amount"],
            "purchases": sums["purchases"],
            "customers": sums["customers"],
            "coupon_share": _share(sums["coupon_amount"], sums["amount"], 100),
            "basket_with": _share(sums["coupon_amount"], sums["coupon_purchases"]),
            "basket_without": _share(sums["plain_amount"], sums["plain_purchases"]),
            "redemptions": sums["uses"],
            "discount_given": sums["use_discount"],
            "goods_cost": sums["goods_cost"],
            "discount_rate": _share(
                sums["discount"], sums["discount"] + sums["amount"], 100
            ),
            "issued": sums["issued"],
            "redemption_rate": _share(sums["used"], sums["issued"], 100),
            "reversals": sums["reversals"],
            "refusals": sums["refusals"],
            **{name: sums[name] for name in POINTS},
            "outstanding": sums["outstanding"],
        }
        if self.shop:
            found |= dict.fromkeys(OF_ALL_SHOPS)
        return found

    def series(self):
        """Return what is drawn over time: size, and lists by name."""
        length = (self.last - self.first).days + 1
        size = "day" if length <= 62 else "week" if length <= 370 else "month"
        rows = self.rows
        if self.shop:
            rows = rows[rows.shop == self.shop]
        starts = self._starts(pandas.Series(pandas.date_range(self.first, self.last)))
        places = starts[size].drop_duplicates()
        groups = rows.groupby(self._starts(rows.day)[size])
        found = {}
        for name, (column, cents) in SERIES.items():
            sums = groups[column].sum() / cents
            found[name] = sums.reindex(places).fillna(0).tolist()
        cards = rows[rows.is_card]
        groups = cards.groupby(self._starts(cards.day)[size])
        for name, column in POINTS.items():
            found[name] = groups[column].sum().reindex(places).fillna(0).tolist()
        return size, found

    def _starts(self, day):
        """Return where the day, week from Monday and month of days begin."""
        week = day - pandas.to_timedelta(day.dt.dayofweek, "D")
        month = day.dt.to_period("M").dt.to_timestamp()
        starts = {"day": day, "week": week, "month": month}
        # The first one begins with the period.
        return {name: start.clip(lower=self.first) for name, start in starts.items()}

    def programs(self):
        """Return [id, uses, coupons issued, discount] of the programs used most."""
        rows = self.rows[self.rows.program_id.notna()]
        if self.shop:
            rows = rows[rows.shop == self.shop]
        sums = rows.groupby("program_id")[["uses", "issued", "use_discount"]].sum()
        sums = sums[(sums.uses > 0) | (sums.issued > 0)].reset_index()
        sums = sums.sort_values(
            ["uses", "issued", "program_id"], ascending=[False, False, True]
        )
        sums["use_discount"] /= 100
        return sums.head(TOP).values.tolist()

    def shops(self):
        """Return what the shops with the highest sales have, by name."""
        rows = self.rows
        names = ["amount", "coupon_amount", "purchases", "uses", "use_discount"]
        sums = rows.groupby("shop")[[*names, "refusals"]].sum()
        sums[["amount", "coupon_amount", "use_discount"]] /= 100
        sums["share"] = sums.coupon_amount * 100 / sums.amount.where(sums.amount != 0)
        shown = sums
        if self.shop:
            shown = sums[sums.index == self.shop]
        shown = shown.reset_index().sort_values(
            ["amount", "shop"], ascending=[False, True]
        )
        return sorted(sums.index), shown.head(TOP).replace({numpy.nan: None})

    def customers(self):
        """Return how many customers each segment, stage and band has."""
        found = customers.with_values(self.facts)
        found = found[found.index.get_level_values("company_id").isin(self.companies)]
        return {
            name: found[name].value_counts().to_dict()
            for name in ("rfm_segment", "stage", "clv_band")
        }


def differences(facts, companies, choice, answer):
    """Return what the dashboard shows differently, as text."""
    board = Board(facts, companies, choice)
    wrong = []

    def check(name, wanted, said):
        wanted = wanted.item() if hasattr(wanted, "item") else wanted
        if wanted != wanted:
            wanted = None
        if not (same(wanted, said) or (wanted is None and said is None)):
            wrong.append(f"{name}: {said} is not {wanted}")

    now = board.figures(board.first, board.last)
    then = board.figures(*board.before())
    shown = {
        figure["key"]: figure
        for section in answer["sections"]
        for figure in section["figures"]
    }
    check("keys", sorted(now), sorted(shown))
    for key, value in now.items():
        figure, previous = shown[key], then[key]
        check(key, value, figure["value"])
        check(f"{key} before", previous, figure["previous"])
        check(
            f"{key} change", _change(figure["unit"], value, previous), figure["change"]
        )
    _check_charts(board, answer["charts"], check)
    check("shops", board.shops()[0], answer["shops"])
    return wrong


def _change(unit, value, previous):
    if value is None or previous is None:
        return None
    if unit == "percent":
        return value - previous
    return (value - previous) * 100 / abs(previous) if previous else None


def _check_charts(board, charts, check):
    size, series = board.series()
    check("size", size, charts["time"]["size"])
    said = charts["time"]["series"]
    for name, values in series.items():
        check(f"length of {name}", len(values), len(said[name]))
        for place, pair in enumerate(zip(values, said[name], strict=False)):
            check(f"{name} {place}", *pair)
    others = zip(series["amount"], series["coupon_amount"], strict=True)
    for (amount, coupon), other in zip(others, said["other_amount"], strict=True):
        check("other_amount", amount - coupon, other)
    names = ("id", "use_count", "issued_count", "use_discount")
    programs = board.programs()
    check("programs", len(programs), len(charts["programs"]))
    for wanted, row in zip(programs, charts["programs"], strict=False):
        for name, value in zip(names, wanted, strict=True):
            check(f"program {name}", value, row[name])
    _check_shops(board, charts["shops"], check)
    for name, counts in board.customers().items():
        said = {row["key"]: row["count"] for row in charts["customers"][name]}
        for key in {*counts, *said}:
            check(f"{name} {key}", counts.get(key, 0), said.get(key, 0))


def _check_shops(board, said, check):
    names = {
        "shop": "name",
        "amount": "amount",
        "coupon_amount": "coupon_amount",
        "purchases": "purchase_count",
        "uses": "use_count",
        "use_discount": "use_discount",
        "refusals": "refusal_count",
        "share": "coupon_share",
    }
    _all, shown = board.shops()
    check("shops shown", len(shown), len(said))
    for wanted, row in zip(shown.to_dict("records"), said, strict=False):
        for name, key in names.items():
            check(f"shop {wanted['shop']} {key}", wanted[name], row[key])
