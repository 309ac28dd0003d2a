"""Uses that count, and the report of uses by hour and weekday.

A use and the rows that correct or reverse it are one; when nothing of it is left, it is
as if it had not been. Of a use that took no points, discount and goods tell.
"""

import numpy

from .facts import once
from .groups import distinct, money, plus, ratio, total

SUMS = ("points", "discount_amount", "goods_cost", "order_amount")


@once
def live(facts):
    """Return the uses that count, net of corrections, with `share` of their document.

    A document with several uses is shared equally between them.
    """
    rows = facts.redemption
    first = rows[rows.reversal_of_id.isna()].set_index("id", drop=False)
    back = rows[rows.reversal_of_id.notna()].groupby("reversal_of_id")
    sums = back[list(SUMS)].sum().reindex(first.index).fillna(0)
    uses = first.copy()
    for name in SUMS:
        uses[name] = first[name].fillna(0) + sums[name]
    touched = uses.id.isin(rows.reversal_of_id.dropna())
    took = first.points.fillna(0) != 0
    left = (uses.points.abs() >= 0.005).where(
        took, uses.discount_amount.abs() + uses.goods_cost.abs() > 0
    )
    uses = uses[~touched | left.astype(bool)].reset_index(drop=True)
    document = [uses.order_model, uses.order_id]
    number = uses.groupby(document).id.transform("size").fillna(1)
    uses["share"] = uses.order_amount.astype(float) / 100 / number.astype(float)
    uses["customer_id"] = facts.customers(uses.partner_id)
    return uses


def report(facts):
    """Return one row per use with the fields the report groups by."""
    uses = live(facts)
    local = facts.local(uses.date, uses.company_id)
    types = facts.program.set_index("id").program_type
    return uses.assign(
        use_date=local.dt.normalize(),
        date=uses.date,
        weekday=(local.dt.dayofweek + 1).astype(str),
        hour=local.dt.hour.map("{:02}".format),
        program_type=uses.program_id.map(types),
        one=1,
        shop=uses.shop.replace({numpy.nan: None}),
    )


FIGURES = {
    "use_count": total("one"),
    "customer_count": distinct("customer_id"),
    "points": total("points"),
    "discount_amount": money("discount_amount"),
    "goods_cost": money("goods_cost"),
    "cost_per_use": ratio(
        plus(money("discount_amount"), money("goods_cost")), total("one")
    ),
    "net_sales": total("share"),
}
GROUPINGS = (
    (),
    ("company_id",),
    ("company_id", "weekday", "hour"),
    ("company_id", "program_type"),
    ("company_id", "program_id", "use_date:month"),
    ("company_id", "use_date:day"),
    ("company_id", "shop", "channel"),
    ("company_id", "campaign_id"),
    ("company_id", "shop", "user_id"),
)
