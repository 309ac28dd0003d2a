"""A new campaign of our own, on a segment computed from the data."""

from people import as_user

NAME = "Welcome back: 10 % off"
VOUCHERS = "A drink on the house"
# Regular customers who stayed away: many baskets, none in the last three weeks.
RULE = [
    "&",
    ("loyalty_purchase_count", ">=", 10),
    ("loyalty_recency_days", ">=", 21),
]
NIGHTLY = (
    "loyalty_coupon_crm.ir_cron_loyalty_customer_metric",
    "loyalty_coupon_crm.ir_cron_loyalty_segment",
    "loyalty_coupon_crm.ir_cron_campaign_results",
    "loyalty_coupon_crm.ir_cron_loyalty_product_pair",
    "loyalty_coupon_crm.ir_cron_loyalty_daily_all",
    "loyalty_coupon_crm.ir_cron_loyalty_predict",
)
WIDER_RULE = [("loyalty_purchase_count", ">=", 10)]
FEWEST = 20


def figures(env, data):
    """Compute the figures of all customers.

    :return: dict of counts for the table
    """
    env["loyalty.customer.metric"]._refresh()
    return {"customers with figures": env["loyalty.customer.metric"].search_count([])}


def night(env, data):
    """Run the scheduled actions that compute figures every night or week.

    :return: dict of counts for the table
    """
    env.cr.commit()
    for name in NIGHTLY:
        env.ref(name).method_direct_trigger()
    # They have transactions of their own; this one still sees the evening.
    env.cr.rollback()
    company = env["loyalty.company.metric"].search([("fitted_on", "!=", False)])
    return {
        "customers with figures": env["loyalty.customer.metric"].search_count([]),
        "results of campaigns": env["loyalty.campaign.result"].search_count([]),
        "daily figures": env["loyalty.daily.figure"].search_count([]),
        "pairs of products": env["loyalty.product.pair"].search_count([]),
        "companies with a purchase model": len(company),
    }


def campaign(env, data):
    """Launch a campaign as the marketing user and issue its coupons.

    :return: dict of counts for the table
    """
    env = as_user(env, "marketing")
    segment = env["loyalty.segment"].create(
        {"name": "Regulars who stayed away", "domain": str(RULE)}
    )
    if segment.match_count < FEWEST:
        segment.domain = str(WIDER_RULE)
    own = _launch(env, NAME, "percent_coupon", segment)
    regulars = env["loyalty.segment"].create(
        {"name": "Who buys often", "domain": str(WIDER_RULE)}
    )
    vouchers = _launch(
        env, VOUCHERS, "drink_voucher", regulars, gift=till_products(env, 1)
    )
    return {
        "segment of our own": segment.member_count,
        "issued by our own campaign": own.issued_count,
        "in its control group": own.control_count,
        "drink vouchers issued": vouchers.issued_count,
    }


def till_products(env, count):
    """Return so many of the products that are sold at the till."""
    return env["product.product"].search(
        [("default_code", "like", "CJ-"), ("available_in_pos", "=", True)],
        order="id",
        limit=count,
    )


def _launch(env, name, template, segment, gift=None):
    """Return a campaign whose coupons are issued, its program made from a template.

    :param gift: the product that a voucher gives
    """
    action = env["loyalty.program"].create_from_template(template)
    program = env["loyalty.program"].browse(action["res_id"])
    program.name = name
    if gift:
        program.reward_ids.reward_product_id = gift
    campaign = env["loyalty.campaign"].create(
        {
            "name": name,
            "program_id": program.id,
            "segment_id": segment.id,
            "points": min(program.reward_ids.mapped("required_points")),
            "validity_days": 30,
            "control_percent": 10,
        }
    )
    campaign.action_launch()
    # The scheduled action does this; the loop does not wait for it.
    runner = campaign.sudo()
    while runner._run_batch():
        env.cr.commit()
    return runner


def open_coupons(env):
    """Return the coupons of our own campaign that nobody used yet."""
    campaign = env["loyalty.campaign"].search([("name", "=", NAME)], limit=1)
    cards = campaign.member_ids.card_id.sorted("id")
    return cards.filtered(lambda card: card.state in ("issued", "seen"))
