"""The coupon funnel: what became of every coupon that was issued.

A coupon is a card that is handed out to be used up; cards of other programs that hold
no balance count when a campaign issued them. One that was replaced counts once, as its
replacement, with the uses of both.
"""

import pandas

from . import uses
from .facts import once
from .groups import distinct, money, ratio, total

COUPON_TYPES = ("coupons", "next_order_coupons")
WALLET_TYPES = ("loyalty", "ewallet", "gift_card")
OPEN = ("issued", "seen", "held")
DAYS = (1, 3, 7, 14, 30)


def states(facts):
    """Return the state of each card, by its id.

    Void before used, used before expired; the last day is included. Used is a coupon
    whose points reach no reward any more; who never used one that lapsed did not.
    """
    cards = facts.card.set_index("id")
    rewards = facts.reward[facts.reward.active]
    smallest = rewards.groupby("program_id").required_points.min()
    needed = cards.program_id.map(smallest)
    programs = facts.program.set_index("id")
    kind = cards.program_id.map(programs.program_type)
    applies = cards.program_id.map(programs.applies_on)
    wallet = (applies == "both") | (
        kind.isin(["loyalty", "ewallet"]) & (applies == "future")
    )
    points = cards.points.fillna(0)
    short = ~wallet & ((points <= 0) | (points < needed.fillna(0)))
    last, today = cards.expiration_date, facts.todays(cards.company_id)
    over = last.notna() & (last < today)
    holds = facts.point_hold
    held = cards.index.isin(holds[holds.expires_at > facts.now].card_id)
    state = pandas.Series("issued", index=cards.index)
    state[cards.first_seen_at.notna()] = "seen"
    state[held] = "held"
    state[over] = "expired"
    state[short & (cards.used_at.notna() | ~over)] = "used"
    state[cards.issued_at.isna()] = "draft"
    state[cards.voided_at.notna()] = "void"
    return state


@once
def issued(facts):
    """Return the coupons that were issued, with state, company and day of issue."""
    cards = facts.card
    types = cards.program_id.map(facts.program.set_index("id").program_type)
    replaced = cards.id.isin(cards.reissued_from_id.dropna())
    handed = types.isin(COUPON_TYPES) | (
        cards.campaign_id.notna() & ~types.isin(WALLET_TYPES)
    )
    coupons = cards[cards.issued_at.notna() & ~replaced & handed].copy()
    owner = coupons.campaign_id.map(facts.campaign.set_index("id").company_id)
    coupons["company_id"] = coupons.company_id.fillna(owner)
    coupons["state"] = coupons.id.map(states(facts))
    coupons["issue_date"] = facts.day(coupons.issued_at, coupons.company_id)
    return coupons


def last_replacement(facts):
    """Return {card: the card that replaced it last}, itself when none did."""
    cards = facts.card
    newer = cards[cards.reissued_from_id.notna()]
    newer = dict(zip(newer.reissued_from_id, newer.id, strict=True))
    found = {}
    for card in cards.id:
        last = card
        while last in newer:
            last = newer[last]
        found[card] = last
    return found


def report(facts):
    """Return one row per coupon, and per treated member who got none."""
    coupons = issued(facts)
    used = uses.live(facts)
    used["coupon"] = used.card_id.map(last_replacement(facts))
    used["day"] = facts.day(used.date, used.company_id)
    groups = used.groupby("coupon")
    coupons = coupons.set_index("id", drop=False)
    for name in ("discount_amount", "goods_cost", "share"):
        coupons[name] = groups[name].sum().reindex(coupons.index).fillna(0)
    coupons["uses"] = groups.size().reindex(coupons.index).fillna(0)
    first = groups.day.min().reindex(coupons.index)
    coupons["days"] = (first - coupons.issue_date).dt.days
    arms = facts.campaign_member.set_index("id").variant_id
    coupons["variant_id"] = coupons.campaign_member_id.map(arms).astype("Int64")
    coupons["issued"] = 1
    rows = pandas.concat([coupons, _offered(facts)], ignore_index=True)
    rows["customer_id"] = facts.customers(rows.partner_id)
    for state in ("seen", "held", "used", "expired", "void"):
        rows[f"is_{state}"] = (rows.state == state).astype(int)
    rows["is_open"] = rows.state.isin(OPEN).astype(int)
    rows["is_closed"] = rows.issued - rows.is_open
    rows["redeemed"] = (rows.uses > 0).astype(int)
    # A member without a coupon is only a customer.
    told = [name for name in rows.columns if name.startswith("is_")]
    rows[[*told, "redeemed"]] = rows[[*told, "redeemed"]].where(rows.issued.notna())
    rows["redeemer"] = rows.customer_id.where(rows.uses > 0)
    used = rows.days.notna()
    rows["counted"] = used.astype(int)
    for day in DAYS:
        rows[f"by_{day}"] = (used & (rows.days <= day)).astype(int)
    return rows


def _offered(facts):
    """Return the treated members of coupon campaigns who have no coupon."""
    members = facts.campaign_member
    members = members[(members.arm == "treated") & members.card_id.isna()].copy()
    own = members.variant_id.map(facts.campaign_variant.set_index("id").program_id)
    usual = members.campaign_id.map(facts.campaign.set_index("id").program_id)
    members["program_id"] = own.fillna(usual)
    types = members.program_id.map(facts.program.set_index("id").program_type)
    members = members[~types.isin(WALLET_TYPES)]
    return pandas.DataFrame(
        {
            "program_id": members.program_id,
            "campaign_id": members.campaign_id,
            "variant_id": members.variant_id,
            "company_id": members.company_id,
            "partner_id": members.partner_id,
            "issue_date": facts.day(members.assigned_at, members.company_id),
            "state": "offered",
        }
    )


FIGURES = {
    "issued_count": total("issued"),
    **{
        f"{state}_count": total(f"is_{state}")
        for state in ("seen", "held", "used", "expired", "void", "open", "closed")
    },
    "redemption_rate": ratio(total("is_used"), total("issued"), 100),
    "closed_redemption_rate": ratio(total("is_used"), total("is_closed"), 100),
    "customer_count": distinct("customer_id"),
    "redeeming_customer_count": distinct("redeemer"),
    "customer_redemption_rate": ratio(
        distinct("redeemer"), distinct("customer_id"), 100
    ),
    "use_count": total("uses"),
    "redeemed_count": total("redeemed"),
    "discount_amount": money("discount_amount"),
    "goods_cost": money("goods_cost"),
    "net_sales": total("share"),
    "days_to_use": lambda groups: groups.days.median(),
    **{
        f"share_day_{day}": ratio(total(f"by_{day}"), total("counted"), 100)
        for day in DAYS
    },
}
GROUPINGS = (
    (),
    ("company_id",),
    ("company_id", "issue_date:month"),
    ("company_id", "program_id", "issue_date:month"),
    ("company_id", "campaign_id", "variant_id"),
    ("company_id", "state"),
    ("company_id", "issue_date:day"),
)
