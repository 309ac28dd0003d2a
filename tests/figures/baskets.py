"""Baskets that count, and the reports that are made of them.

All rows of a document are one basket, its refunds included, whoever brings the goods
back and wherever. What was taken back altogether is none, and neither is a refund of
nothing we know. A basket of nothing counts: something was taken for free. It is of the
moment of the first row that still counts.
"""

import pandas

from . import uses
from .facts import once
from .groups import distinct, money, plus, ratio, total

YEAR = 12
AFTER = pandas.Timedelta(days=30)


def rows_net(facts):
    """Return the rows that are no refunds, net of their refunds, with a document."""
    rows = facts.purchase
    first = rows[rows.reversal_of_id.isna()].copy()
    back = rows[rows.reversal_of_id.notna()]
    sums = back.groupby("reversal_of_id")
    number = first.id.map(sums.size()).fillna(0)
    nothing = first.id.map((back.amount == 0).groupby(back.reversal_of_id).all())
    first["is_nothing"] = (first.amount == 0) & nothing.fillna(True).astype(bool)
    first["backs"] = number.astype(int)
    for name in ("amount", "discount_amount"):
        first[name] = first[name].fillna(0) + first.id.map(sums[name].sum()).fillna(0)
    alone = first.order_model.isna() | first.order_id.isna() | (first.order_id == 0)
    first["model"] = first.order_model.where(~alone, "loyalty.purchase")
    first["document"] = first.order_id.where(~alone, first.id)
    return first


def by_document(net, **figures):
    """Return one row per document, of the moment of its first row that still counts.

    :param net: rows of `rows_net`
    :param figures: further columns, as for pandas' `agg`
    """
    net = net.assign(positive=net.date.where(net.amount > 0))
    groups = net.groupby(["company_id", "model", "document"], as_index=False)
    found = groups.agg(
        customer_id=("commercial_partner_id", "first"),
        first=("date", "min"),
        positive=("positive", "min"),
        amount=("amount", "sum"),
        **figures,
    )
    return found.assign(date=found.positive.fillna(found["first"]))


@once
def counted(facts):
    """Return the baskets that count."""
    baskets = by_document(
        rows_net(facts),
        id=("id", "min"),
        channel=("channel", "first"),
        shop=("shop", "first"),
        discount_amount=("discount_amount", "sum"),
        is_nothing=("is_nothing", "all"),
        rows=("id", "size"),
        backs=("backs", "sum"),
    )
    free = baskets.is_nothing & (baskets.rows > baskets.backs)
    baskets = baskets[(baskets.amount > 0) | free].reset_index(drop=True)
    used = uses.live(facts)[["order_model", "order_id"]].dropna().drop_duplicates()
    used = used.rename(columns={"order_model": "model", "order_id": "document"})
    redeemed = baskets.merge(used, how="left", indicator=True)._merge == "both"
    baskets["coupon"] = redeemed.map({True: "with", False: "without"}).values
    baskets["day"] = facts.day(baskets.date, baskets.company_id)
    return baskets


def report(facts):
    """Return one row per basket."""
    baskets = counted(facts)
    return baskets.assign(purchase_date=baskets.day, one=1)


FIGURES = {
    "purchase_count": total("one"),
    "customer_count": distinct("customer_id"),
    "amount": money("amount"),
    "average_amount": ratio(money("amount"), total("one")),
    "discount_amount": money("discount_amount"),
    "discount_rate": ratio(
        money("discount_amount"), plus(money("discount_amount"), money("amount")), 100
    ),
}
GROUPINGS = (
    (),
    ("coupon",),
    ("company_id", "coupon"),
    ("company_id", "coupon", "purchase_date:month"),
    ("company_id", "purchase_date:day"),
    ("company_id", "shop"),
    ("company_id", "channel", "coupon"),
)


def after(facts):
    """Return one row per first use of a customer, program and company.

    What was bought in the 30 days before and after the moment; the purchase with the
    use itself counts for neither.
    """
    used = uses.live(facts)
    used = used[used.company_id.notna() & used.customer_id.notna()]
    keys = ["company_id", "program_id", "customer_id"]
    first = used.sort_values(["date", "id"]).drop_duplicates(keys)
    first = first.reset_index(drop=True)
    baskets = counted(facts)
    near = first.merge(
        baskets[["company_id", "customer_id", "model", "document", "date", "amount"]],
        on=["company_id", "customer_id"],
        suffixes=("", "_basket"),
    )
    same = (near.model == near.order_model) & (near.document == near.order_id)
    near = near[~same.fillna(False).astype(bool)]
    gap = near.date_basket - near.date
    near["later"] = (gap > pandas.Timedelta(0)) & (gap <= AFTER)
    near["earlier"] = (gap < pandas.Timedelta(0)) & (gap >= -AFTER)
    for name in ("later", "earlier"):
        inside = near[near[name]].groupby("id").amount
        first[name] = first.id.map(inside.sum()).fillna(0)
        first[f"{name}_count"] = first.id.map(inside.size()).fillna(0)
    return first.assign(
        one=1,
        again=(first.later_count > 0).astype(int),
        had=(first.earlier_count > 0).astype(int),
        is_complete=first.date < facts.now - AFTER,
        use_date=facts.day(first.date, first.company_id),
    )


AFTER_FIGURES = {
    "use_count": total("one"),
    "customer_count": distinct("customer_id"),
    "before_amount": money("earlier"),
    "after_amount": money("later"),
    "mean_before": ratio(money("earlier"), total("one")),
    "mean_after": ratio(money("later"), total("one")),
    "before_count": total("earlier_count"),
    "after_count": total("later_count"),
    "frequency_before": ratio(total("earlier_count"), total("one")),
    "frequency_after": ratio(total("later_count"), total("one")),
    "basket_before": ratio(money("earlier"), total("earlier_count")),
    "basket_after": ratio(money("later"), total("later_count")),
    "active_count": total("had"),
    "active_rate": ratio(total("had"), total("one"), 100),
    "return_count": total("again"),
    "return_rate": ratio(total("again"), total("one"), 100),
}
AFTER_GROUPINGS = (
    (),
    ("company_id", "program_id"),
    ("company_id", "program_id", "use_date:month"),
    ("company_id", "campaign_id"),
    ("company_id", "is_complete"),
)


def around(facts):
    """Return one row per month from a year before to a year after a cohort's use.

    A cohort is who first used a program in the same month.
    """
    first = after(facts)
    first = first.assign(cohort_month=first.use_date.dt.to_period("M"))
    keys = ["company_id", "program_id", "cohort_month"]
    baskets = counted(facts)
    bought = baskets.assign(month=baskets.day.dt.to_period("M"), one=1)
    bought = first[[*keys, "customer_id"]].merge(
        bought[["company_id", "customer_id", "month", "one", "amount"]],
        on=["company_id", "customer_id"],
    )
    cells = bought.groupby([*keys, "month"]).agg(
        active=("customer_id", "nunique"),
        purchases=("one", "sum"),
        cents=("amount", "sum"),
    )
    parts = []
    for key, size in first.groupby(keys).size().items():
        now = facts.today(key[0]).to_period("M")
        for age in range(-YEAR, YEAR + 1):
            month = key[2] + age
            if month <= now or age <= 0:
                cell = (*key, month)
                found = cells.loc[cell] if cell in cells.index else (0, 0, 0)
                parts.append((*key, month, age, size, month < now, *found))
    names = [*keys, "month", "age", "size", "is_complete"]
    table = pandas.DataFrame(parts, columns=[*names, "active", "purchases", "cents"])
    table["cohort"] = [str(row) for row in table[keys].values.tolist()]
    sign = table.age.clip(-1, 1)
    table["phase"] = sign.map({-1: "before", 0: "use", 1: "after"})
    for name in ("cohort_month", "month"):
        table[name] = table[name].dt.to_timestamp()
    return table


def retention(facts):
    """Return one row per cohort and month from its own to this one."""
    baskets = counted(facts)
    baskets = baskets[baskets.customer_id.notna()]
    month = baskets.day.dt.to_period("M")
    keys = [baskets.company_id, baskets.customer_id]
    baskets = baskets.assign(
        month=month, one=1, cohort=month.groupby(keys).transform("min")
    )
    size = baskets.groupby(["company_id", "cohort"]).customer_id.nunique()
    cells = baskets.groupby(["company_id", "cohort", "month"])
    cells = cells.agg(
        active=("customer_id", "nunique"),
        purchases=("one", "sum"),
        cents=("amount", "sum"),
    )
    rows = []
    for (company, cohort), customers in size.items():
        last = max(facts.today(company).to_period("M"), cohort)
        for age, observed in enumerate(pandas.period_range(cohort, last)):
            key = (company, cohort, observed)
            found = cells.loc[key] if key in cells.index else (0, 0, 0)
            rows.append((company, cohort, observed, age, customers, *found))
    names = ["company_id", "cohort_month", "month", "age", "size"]
    table = pandas.DataFrame(rows, columns=[*names, "active", "purchases", "cents"])
    table["cohort"] = table.company_id.astype(str) + table.cohort_month.astype(str)
    for name in ("cohort_month", "month"):
        table[name] = table[name].dt.to_timestamp()
    return table


def _cohorts_once(groups):
    """Return the customers of the cohorts of each group, each cohort once."""
    return groups[["cohort", "size"]].apply(
        lambda rows: rows.drop_duplicates("cohort")["size"].sum()
    )


RETENTION_FIGURES = {
    "cohort_size": _cohorts_once,
    "active_count": total("active"),
    "retention_rate": ratio(total("active"), total("size"), 100),
    "purchase_count": total("purchases"),
    "frequency": ratio(total("purchases"), total("active")),
    "amount": money("cents"),
}
AROUND_FIGURES = {
    "cohort_size": _cohorts_once,
    "member_months": total("size"),
    "active_count": total("active"),
    "retention_rate": ratio(total("active"), total("size"), 100),
    "purchase_count": total("purchases"),
    "frequency": ratio(total("purchases"), total("size")),
    "average_basket": ratio(money("cents"), total("purchases")),
    "amount": money("cents"),
}
AROUND_GROUPINGS = (
    ("company_id", "program_id", "cohort_month:month", "age"),
    ("company_id", "program_id", "phase"),
    ("company_id", "is_complete", "age"),
)
RETENTION_GROUPINGS = (
    ("company_id", "cohort_month:month", "age"),
    ("company_id", "age"),
    ("company_id", "month:month"),
    ("company_id", "cohort_month:year"),
)
