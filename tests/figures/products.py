"""Products by hour, weekday and month of the purchase they were sold in."""

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
