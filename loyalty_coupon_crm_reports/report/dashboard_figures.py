"""What the dashboard and the monthly report show, and what each figure means."""

from collections.abc import Callable
from dataclasses import dataclass

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)


def _ratio(above, below, factor=1.0):
    return above * factor / below if below else None


@dataclass(frozen=True)
class Figure:
    """One figure.

    `compute` takes the sums of the daily figures of a period, with `customers` and
    `outstanding`, and returns a number, or None when there is none. `unit` is `money`,
    `count`, `percent` or `points`. `rows` names the screen behind it. `by_shop` says
    whether it is known which shop it belongs to; `rising` is 1 when more is better, -1
    when less is, 0 when neither.
    """

    key: str
    section: str
    label: object
    definition: object
    unit: str
    rows: str
    compute: Callable
    by_shop: bool = True
    rising: int = 1


SECTIONS = {
    "sales": _lt("Sales"),
    "coupons": _lt("Coupons"),
    "points": _lt("Points"),
}

FIGURES = [
    Figure(
        "net_sales",
        "sales",
        _lt("Net Sales"),
        _lt(
            "Untaxed amount of the purchases, net of discount and of refunds, on the "
            "day of the purchase."
        ),
        "money",
        "baskets",
        lambda sums: sums["amount"],
    ),
    Figure(
        "purchases",
        "sales",
        _lt("Purchases"),
        _lt(
            "Purchases that were not taken back altogether; edits and refunds of one "
            "document belong to its purchase."
        ),
        "count",
        "baskets",
        lambda sums: sums["purchase_count"],
    ),
    Figure(
        "customers",
        "sales",
        _lt("Customers"),
        _lt(
            "Different customers who bought; contacts of one company are one customer, "
            "purchases without a customer are none."
        ),
        "count",
        "baskets",
        lambda sums: sums["customers"],
    ),
    Figure(
        "coupon_share",
        "sales",
        _lt("Sales with Coupon"),
        _lt(
            "Net sales of the purchases with at least one redemption ÷ net sales, in "
            "percent. Empty without sales."
        ),
        "percent",
        "baskets_with",
        lambda sums: _ratio(sums["coupon_amount"], sums["amount"], 100),
    ),
    Figure(
        "basket_with",
        "sales",
        _lt("Mean Basket with Coupon"),
        _lt(
            "Net sales ÷ purchases, of those with at least one redemption; the "
            "discount is already deducted."
        ),
        "money",
        "baskets_with",
        lambda sums: _ratio(sums["coupon_amount"], sums["coupon_purchase_count"]),
    ),
    Figure(
        "basket_without",
        "sales",
        _lt("Mean Basket without Coupon"),
        _lt("Net sales ÷ purchases, of those without a redemption."),
        "money",
        "baskets_without",
        lambda sums: _ratio(
            sums["amount"] - sums["coupon_amount"],
            sums["purchase_count"] - sums["coupon_purchase_count"],
        ),
    ),
    Figure(
        "redemptions",
        "coupons",
        _lt("Redemptions"),
        _lt(
            "Uses of coupons and cards, on the day of the use. A use that was taken "
            "back does not count; one that was taken back in part counts once."
        ),
        "count",
        "uses",
        lambda sums: sums["use_count"],
    ),
    Figure(
        "discount_given",
        "coupons",
        _lt("Discount Given"),
        _lt(
            "Discount of these redemptions, untaxed, less what was reversed. Goods "
            "given free are beside it."
        ),
        "money",
        "uses",
        lambda sums: sums["use_discount"],
        rising=0,
    ),
    Figure(
        "goods_cost",
        "coupons",
        _lt("Cost of Free Goods"),
        _lt(
            "What the goods given free with these redemptions cost, as it was at that "
            "moment."
        ),
        "money",
        "uses",
        lambda sums: sums["goods_cost"],
        rising=0,
    ),
    Figure(
        "discount_rate",
        "coupons",
        _lt("Discount Rate"),
        _lt(
            "Discount on the purchases ÷ (net sales + that discount), in percent. "
            "Empty without sales."
        ),
        "percent",
        "baskets",
        lambda sums: _ratio(
            sums["discount_amount"], sums["amount"] + sums["discount_amount"], 100
        ),
        rising=-1,
    ),
    Figure(
        "issued",
        "coupons",
        _lt("Coupons Issued"),
        _lt(
            "Coupons issued on these days, whatever became of them; wallets are none. "
            "A replaced coupon counts once."
        ),
        "count",
        "coupons",
        lambda sums: sums["issued_count"],
        by_shop=False,
        rising=0,
    ),
    Figure(
        "redemption_rate",
        "coupons",
        _lt("Redemption Rate"),
        _lt(
            "Coupons issued on these days that are used up by now ÷ coupons issued on "
            "these days, in percent. It rises while they are still valid."
        ),
        "percent",
        "coupons",
        lambda sums: _ratio(sums["used_count"], sums["issued_count"], 100),
        by_shop=False,
    ),
    Figure(
        "reversals",
        "coupons",
        _lt("Reversals"),
        _lt(
            "Times a redemption was taken back, in part or altogether, on the day of "
            "that, whenever the redemption was."
        ),
        "count",
        "reversals",
        lambda sums: sums["reversal_count"],
        rising=-1,
    ),
    Figure(
        "refusals",
        "coupons",
        _lt("Refusals"),
        _lt("Redemptions that were refused, at any channel, whatever the reason."),
        "count",
        "refusals",
        lambda sums: sums["refusal_count"],
        rising=-1,
    ),
    Figure(
        "points_earned",
        "points",
        _lt("Points Earned"),
        _lt("Points earned by purchases, less what refunds took back."),
        "points",
        "moves",
        lambda sums: sums["points_earned"],
    ),
    Figure(
        "points_spent",
        "points",
        _lt("Points Spent"),
        _lt("Points spent on rewards, less what refunds gave back."),
        "points",
        "moves",
        lambda sums: sums["points_spent"],
    ),
    Figure(
        "points_lapsed",
        "points",
        _lt("Points Lapsed"),
        _lt("Points that lapsed, or were on wallets that were voided."),
        "points",
        "moves",
        lambda sums: sums["points_lapsed"],
        by_shop=False,
        rising=-1,
    ),
    Figure(
        "outstanding",
        "points",
        _lt("Points Outstanding"),
        _lt(
            "Sum of the positive balances of the points cards at the end of the last "
            "day. eWallets and gift cards hold money and are left out."
        ),
        "points",
        "rises",
        lambda sums: sums["outstanding"],
        by_shop=False,
        rising=0,
    ),
]
