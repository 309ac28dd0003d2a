"""Which rows each report has, the figures of a group, and how readers group."""

from . import (
    audiences,
    baskets,
    coupons,
    customers,
    days,
    months,
    products,
    uses,
    vouchers,
)

REPORTS = {
    "loyalty.use.report": (uses.report, uses.FIGURES, uses.GROUPINGS),
    "loyalty.basket.report": (baskets.report, baskets.FIGURES, baskets.GROUPINGS),
    "loyalty.funnel.report": (coupons.report, coupons.FIGURES, coupons.GROUPINGS),
    "loyalty.after.report": (
        baskets.after,
        baskets.AFTER_FIGURES,
        baskets.AFTER_GROUPINGS,
    ),
    "loyalty.around.report": (
        baskets.around,
        baskets.AROUND_FIGURES,
        baskets.AROUND_GROUPINGS,
    ),
    "loyalty.retention.report": (
        baskets.retention,
        baskets.RETENTION_FIGURES,
        baskets.RETENTION_GROUPINGS,
    ),
    "loyalty.points.report": (
        months.points,
        months.POINTS_FIGURES,
        months.POINTS_GROUPINGS,
    ),
    "loyalty.daily.report": (days.report, days.FIGURES, days.GROUPINGS),
    "loyalty.daily.customer.report": (
        days.customers,
        days.CUSTOMER_FIGURES,
        days.CUSTOMER_GROUPINGS,
    ),
    "loyalty.season.report": (
        months.season,
        months.SEASON_FIGURES,
        months.SEASON_GROUPINGS,
    ),
    "loyalty.product.report": (products.report, products.FIGURES, products.GROUPINGS),
    "loyalty.price.report": (
        products.prices,
        products.PRICE_FIGURES,
        products.PRICE_GROUPINGS,
    ),
    "loyalty.demand.report": (vouchers.demand, vouchers.FIGURES, vouchers.GROUPINGS),
    "loyalty.segment.movement": (
        audiences.movements,
        audiences.MOVEMENT_FIGURES,
        audiences.MOVEMENT_GROUPINGS,
    ),
    "loyalty.customer.metric": (
        customers.report,
        customers.FIGURES,
        customers.GROUPINGS,
    ),
}
# Those that read what was added up when it was.
ADDED_UP = (
    "loyalty.use.report",
    "loyalty.basket.report",
    "loyalty.funnel.report",
    "loyalty.after.report",
    "loyalty.around.report",
    "loyalty.retention.report",
    "loyalty.points.report",
    "loyalty.daily.report",
    "loyalty.daily.customer.report",
    "loyalty.season.report",
)
