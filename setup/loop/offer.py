"""A new campaign of our own, on a segment computed from the data."""

from people import as_user

NAME = "Welcome back: 10 % off"
# Regular customers who stayed away: many baskets, none in the last three weeks.
RULE = [
    "&",
    ("loyalty_purchase_count", ">=", 10),
    ("loyalty_recency_days", ">=", 21),
]
WIDER_RULE = [("loyalty_purchase_count", ">=", 10)]
FEWEST = 20


def figures(env, data):
    """Compute the figures of all customers.

    :return: dict of counts for the table
    """
    env["loyalty.customer.metric"]._refresh()
    return {"customers with figures": env["loyalty.customer.metric"].search_count([])}


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
    action = env["loyalty.program"].create_from_template("percent_coupon")
    program = env["loyalty.program"].browse(action["res_id"])
    program.name = NAME
    campaign = env["loyalty.campaign"].create(
        {
            "name": NAME,
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
    return {
        "segment of our own": segment.member_count,
        "issued by our own campaign": runner.issued_count,
        "in its control group": runner.control_count,
    }


def open_coupons(env):
    """Return the coupons of our own campaign that nobody used yet."""
    campaign = env["loyalty.campaign"].search([("name", "=", NAME)], limit=1)
    cards = campaign.member_ids.card_id.sorted("id")
    return cards.filtered(lambda card: card.state in ("issued", "seen"))
