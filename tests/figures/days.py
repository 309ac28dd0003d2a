"""Daily figures."""

import pandas

from . import baskets, coupons, months, uses
from .facts import once
from .groups import money, plus, ratio, total

KEYS = ["company_id", "day", "channel", "shop", "program_id"]
POINTS = {
    "points_issued": "issued",
    "points_earned": "earned",
    "points_spent": "spent",
    "points_lapsed": "expired",
    "points_adjusted": "adjusted",
    "points_change": "rise",
}
MONEY = (
    "amount",
    "coupon_amount",
    "coupon_discount",
    "discount",
    "plain_amount",
    "use_discount",
    "goods_cost",
    "row_amount",
    "row_discount",
)
SUMS = (
    *MONEY,
    "purchases",
    "coupon_purchases",
    "plain_purchases",
    "uses",
    "reversals",
    "refusals",
    "issued",
    "used",
)


@once
def report(facts):
    """Return one row per fact, with the day it counts on and what it counts for."""
    parts = [
        _purchases(facts),
        _rows(facts),
        _uses(facts),
        _reversals(facts),
        _refusals(facts),
        _coupons(facts),
        _points(facts),
    ]
    rows = pandas.concat(parts, ignore_index=True)
    measures = list(rows.columns.difference(KEYS))
    rows[measures] = rows[measures].fillna(0)
    return rows


def _part(frame, keys, **measures):
    columns = {name: frame[name] for name in keys}
    part = pandas.DataFrame({**columns, **measures})
    return part.astype(dict.fromkeys(measures, float))


def _purchases(facts):
    frame = baskets.counted(facts)
    coupon = (frame.coupon == "with").astype(int)
    return _part(
        frame,
        ["company_id", "day", "channel", "shop"],
        purchases=1,
        coupon_purchases=coupon,
        amount=frame.amount,
        coupon_amount=frame.amount * coupon,
        discount=frame.discount_amount,
        coupon_discount=frame.discount_amount * coupon,
        plain_purchases=1 - coupon,
        plain_amount=frame.amount * (1 - coupon),
    )


def _rows(facts):
    """Rows of purchases, refunds and edits on their own day."""
    frame = facts.purchase.copy()
    frame["day"] = facts.day(frame.date, frame.company_id)
    return _part(
        frame,
        ["company_id", "day", "channel", "shop"],
        rows=1,
        sales=(frame.reversal_of_id.isna() & (frame.amount >= 0)).astype(int),
        row_amount=frame.amount,
        row_discount=frame.discount_amount.fillna(0),
    )


def _uses(facts):
    frame = uses.live(facts)
    frame["day"] = facts.day(frame.date, frame.company_id)
    return _part(
        frame,
        KEYS,
        uses=1,
        use_discount=frame.discount_amount,
        goods_cost=frame.goods_cost,
    )


def _reversals(facts):
    """A row that takes points back, or discount of a use that took no points."""
    frame = facts.redemption
    points, given = frame.points.fillna(0), frame.discount_amount.fillna(0)
    less = (points < 0) | ((points == 0) & (given < 0))
    frame = frame[frame.reversal_of_id.notna() & less].copy()
    frame["day"] = facts.day(frame.date, frame.company_id)
    return _part(frame, KEYS, reversals=1)


def _refusals(facts):
    frame = facts.refusal.copy()
    frame["day"] = facts.day(frame.date, frame.company_id)
    return _part(frame, KEYS, refusals=1)


def _coupons(facts):
    frame = coupons.issued(facts).rename(columns={"issue_date": "day"})
    used = (frame.state == "used").astype(int)
    return _part(frame, ["company_id", "day", "program_id"], issued=1, used=used)


def _points(facts):
    """Points have the shop of the document they were earned or spent on."""
    frame = months.moves(facts)
    bought = facts.purchase[facts.purchase.order_id > 0]
    shops = bought.groupby(["order_model", "order_id"], as_index=False).agg(
        channel=("channel", "min"), shop=("shop", "min")
    )
    frame = frame.merge(shops, on=["order_model", "order_id"], how="left")
    columns = {name: frame[source] for name, source in POINTS.items()}
    return _part(frame, KEYS, moves=1, **columns)


FIGURES = {
    "purchase_count": total("purchases"),
    "coupon_purchase_count": total("coupon_purchases"),
    "amount": money("amount"),
    "coupon_amount": money("coupon_amount"),
    "coupon_share": ratio(money("coupon_amount"), money("amount"), 100),
    "basket_with": ratio(money("coupon_amount"), total("coupon_purchases")),
    "basket_without": ratio(money("plain_amount"), total("plain_purchases")),
    "discount_amount": money("discount"),
    "discount_rate": ratio(
        money("discount"), plus(money("discount"), money("amount")), 100
    ),
    "use_count": total("uses"),
    "reversal_count": total("reversals"),
    "refusal_count": total("refusals"),
    "use_discount": money("use_discount"),
    "goods_cost": money("goods_cost"),
    "issued_count": total("issued"),
    "used_count": total("used"),
    "used_rate": ratio(total("used"), total("issued"), 100),
    **{name: total(name) for name in POINTS},
    "coupon_discount": money("coupon_discount"),
    "row_count": total("rows"),
    "sale_count": total("sales"),
    "row_amount": money("row_amount"),
    "row_discount": money("row_discount"),
    "move_count": total("moves"),
}
GROUPINGS = (
    ("company_id",),
    ("company_id", "day:month"),
    ("company_id", "day:day"),
    ("company_id", "shop"),
    ("company_id", "channel"),
    ("company_id", "program_id"),
)


def customers(facts):
    """Return one row per customer, day and shop of what was bought."""
    names = ["company_id", "day", "shop", "customer_id"]
    rows = baskets.counted(facts)[names].dropna(subset=["customer_id"])
    return rows.drop_duplicates().assign(one=1)


CUSTOMER_FIGURES = {"__count": total("one")}
CUSTOMER_GROUPINGS = (("company_id", "day:month"), ("company_id", "shop"))
