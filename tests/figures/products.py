"""Products by hour, weekday and month of the purchase they were sold in."""

import numpy

from . import customers, uses
from .groups import distinct, money, ratio, total


def report(facts):
    """Return one row per line; what came back is of the time of the purchase."""
    rows = facts.purchase.set_index("id", drop=False)
    origin = rows.loc[rows.reversal_of_id.fillna(rows.id)].set_index(rows.index)
    local = facts.local(origin.date, origin.company_id)
    sold = rows.assign(
        company_id=origin.company_id,
        channel=origin.channel,
        shop=origin.shop,
        month=local.dt.to_period("M").dt.to_timestamp(),
        season=local.dt.strftime("%m"),
        weekday=(local.dt.dayofweek + 1).astype(str),
        hour=local.dt.hour.map("{:02}".format),
        sale_id=rows.id.where(rows.reversal_of_id.isna()),
    ).reset_index(drop=True)
    names = ["company_id", "channel", "shop", "month", "season", "weekday", "hour"]
    sold = sold[["id", "sale_id", *names]].rename(columns={"id": "purchase_id"})
    lines = facts.purchase_line[
        ["purchase_id", "product_id", "categ_id", "quantity", "amount"]
    ]
    return lines.merge(sold, on="purchase_id")


FIGURES = {
    "quantity": total("quantity"),
    "amount": money("amount"),
    "average_price": ratio(money("amount"), total("quantity")),
    "purchase_count": distinct("sale_id"),
}
GROUPINGS = (
    ("company_id", "categ_id", "month:month"),
    ("company_id", "product_id", "season"),
    ("company_id", "weekday", "hour"),
    ("company_id", "shop", "channel"),
)


def prices(facts):
    """Return one row per sale of a product, beside the mean price of the month."""
    rows = report(facts)
    rows = rows[rows.sale_id.notna() & rows.product_id.notna() & (rows.quantity > 0)]
    sales = facts.purchase.set_index("id", drop=False)
    sale = sales.loc[rows.sale_id].reset_index(drop=True)
    alone = sale.order_model.isna() | sale.order_id.isna() | (sale.order_id == 0)
    used = uses.live(facts)[["order_model", "order_id"]].dropna()
    used = set(used.itertuples(index=False, name=None))
    models = sale.order_model.where(~alone, "loyalty.purchase")
    documents = sale.order_id.where(~alone, sale.id)
    known = customers.with_values(facts)
    keys = list(zip(sale.company_id, sale.commercial_partner_id, strict=True))
    found = known.reindex(keys)
    day = facts.day(sale.date, sale.company_id)
    before = numpy.where(found.first_date.to_numpy() < day.to_numpy(), "known", "first")
    rows = rows.assign(
        customer_id=sale.commercial_partner_id.values,
        coupon_use=[
            "yes" if document in used else "no"
            for document in zip(models, documents, strict=True)
        ],
        stage=found.stage.values,
        acquaintance=numpy.where(sale.commercial_partner_id.isna(), "guest", before),
    )
    same = rows.groupby(["company_id", "month", "product_id"])
    mean = same.amount.transform("sum").astype(float) / same.quantity.transform("sum")
    rows["others"] = same.amount.transform("size") - 1
    rows["mean"] = rows.quantity * mean
    rows["difference"] = rows.amount.astype(float) - rows["mean"]
    rows["ratio"] = rows.amount.astype(float) / rows["mean"].where(rows["mean"] != 0)
    return rows


def _errors(groups):
    """Return how many standard errors the mean of the ratios lies from 1."""
    error = groups.ratio.std() / numpy.sqrt(groups.ratio.count())
    return (groups.ratio.mean() - 1) / error.where(error != 0)


PRICE_FIGURES = {
    "quantity": total("quantity"),
    "amount": money("amount"),
    "mean_amount": money("mean"),
    "difference": money("difference"),
    "price_index": ratio(money("amount"), money("mean"), 100),
    "price_ratio": lambda groups: groups.ratio.mean(),
    "standard_errors": _errors,
    "customer_count": distinct("customer_id"),
}
PRICE_GROUPINGS = (
    ("company_id", "coupon_use"),
    ("company_id", "stage"),
    ("company_id", "acquaintance"),
    ("company_id", "product_id", "month:month"),
)
