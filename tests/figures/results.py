"""Results of campaigns, and of all of a year beside the customers held out."""

import numpy
import pandas
from scipy import stats

from . import baskets
from .facts import once

DEFAULT_DAYS = 30
TOLD = ("queued", "sms", "sent", "bounced", "outbox", "call", "printed")
ONCE = ("now", "date")
UNIT = ["customer_id", "year", "arm", "variant_id"]


@once
def documents(facts):
    """Return orders with what is left of them, and their margin when all is known."""
    rows = baskets.rows_net(facts)
    back = facts.purchase[facts.purchase.reversal_of_id.notna()]
    groups = back.groupby("reversal_of_id").margin
    margins = groups.agg(["sum", "count", "size"]).reindex(rows.id.astype("int64"))
    margins.index = rows.index
    known = rows.margin.notna() & (margins["count"] == margins["size"]).where(
        margins["size"].notna(), True
    )
    net = rows.margin.astype(float) + margins["sum"].astype(float).fillna(0)
    rows["net_margin"] = net.where(known)
    rows["known"] = known.astype(int)
    found = baskets.by_document(
        rows,
        discount=("discount_amount", "sum"),
        margin=("net_margin", "sum"),
        known=("known", "sum"),
        rows=("known", "size"),
    )
    found["margin"] = found.margin.where(found.known == found.rows)
    counted = baskets.counted(facts)[["company_id", "model", "document"]]
    found = found.merge(counted, how="left", indicator="counts")
    found["counts"] = found.counts == "both"
    for name in ("amount", "discount", "margin"):
        found[name] = found[name].astype(float) / 100
    return found


def windows(facts, campaign):
    """Return the windows of a campaign's members: of one customer none overlap."""
    members = facts.campaign_member
    members = members[
        (members.campaign_id == campaign.id) & members.arm.isin(["treated", "control"])
    ].copy()
    members["customer_id"] = facts.customers(members.partner_id)
    members["year"] = members.occasion.str[:4]
    members["variant_id"] = members.variant_id.fillna(0)
    members["ends"] = members.assigned_at.map(_end(facts, campaign))
    members = members.sort_values([*UNIT, "assigned_at", "id"], ignore_index=True)
    keys = [members[name] for name in UNIT]
    covered = members.groupby(UNIT).ends.cummax().groupby(keys).shift()
    starts = members.assigned_at.where(~(covered > members.assigned_at), covered)
    before = members.assigned_at - (members.ends - members.assigned_at)
    spans = members[[*UNIT, "ends"]].assign(starts=starts)
    return spans.assign(reach=starts.where(covered.notna(), before))


def _end(facts, campaign):
    """Return a function from the assignment to the end of a window."""
    members = facts.campaign_member
    issued = members[(members.campaign_id == campaign.id) & (members.state == "issued")]
    delay = (issued.issued_at - issued.assigned_at).max()
    delay = max(0, delay.days) if pandas.notna(delay) else 0
    validity = int(campaign.validity_days or 0)
    days = pandas.Timedelta(days=(validity or DEFAULT_DAYS) + delay)
    lag = pandas.Timedelta(days=int(campaign.lag_days or 0))
    closes = _program_end(facts, campaign)
    lasts = None
    if pandas.notna(campaign.date_end) and campaign.trigger in ONCE:
        lasts = facts.day_end(campaign.date_end, campaign.company_id)

    def end(assigned):
        found = assigned + days
        if closes is not None:
            found = min(found, closes) if validity else closes
        if lasts is not None:
            found = max(found, lasts)
        return max(assigned, found) + lag

    return end


def _program_end(facts, campaign):
    """Return when the last program that is offered ends, None for never."""
    variants = facts.campaign_variant
    variants = variants[variants.campaign_id == campaign.id]
    offered = variants.program_id.fillna(campaign.program_id).tolist()
    programs = facts.program.set_index("id").loc[offered or [campaign.program_id]]
    if programs.date_to.isna().any():
        return None
    return facts.day_end(programs.date_to.max(), campaign.company_id)


def costs(facts, campaign):
    """Return what uses of the offer gave, at the document and moment of the use."""
    members = facts.campaign_member
    members = members[members.campaign_id == campaign.id]
    cards = facts.card[facts.card.campaign_member_id.isin(members.id)]
    member_of = cards.set_index("id").campaign_member_id
    rows = facts.redemption
    first = rows.set_index("id").reindex(rows.reversal_of_id.fillna(rows.id))
    rows = rows.assign(
        member_id=rows.card_id.map(member_of).values,
        use_date=first.date.values,
        model=first.order_model.values,
        document=first.order_id.values,
    )
    rows = rows[rows.member_id.notna()]
    found = pandas.DataFrame(
        {
            "member_id": rows.member_id.astype("int64"),
            "model": rows.model,
            "document": rows.document,
            "date": rows.use_date,
            "discount": rows.discount_amount.astype(float) / 100,
            "goods": rows.goods_cost.astype(float) / 100,
        }
    )
    given = _given_points(facts, members[members.state == "issued"])
    return pandas.concat([found, given]) if len(given) else found


def _given_points(facts, members):
    """Return what points paid for that the campaign put on wallets, by their share."""
    moves = facts.point_move.set_index("id", drop=False)
    keys = {f"campaign/{member}": member for member in members.id}
    awards = moves[moves.request_key.isin(keys)]
    parts = []
    for award in awards.itertuples():
        drawn = facts.point_allocation[facts.point_allocation.award_id == award.id]
        spends = moves.loc[drawn.spend_id].assign(part=drawn.points.values)
        spends = spends[spends.order_id.notna()]
        for key, part in spends.groupby(["order_model", "order_id"]).part.sum().items():
            uses = facts.redemption
            uses = uses[
                (uses.card_id == award.card_id)
                & (uses.order_model == key[0])
                & (uses.order_id == key[1])
            ]
            points = uses.points.sum()
            if points > 0:
                share = part / points
                parts.append(
                    {
                        "member_id": keys[award.request_key],
                        "model": key[0],
                        "document": key[1],
                        "date": uses.date.min(),
                        "discount": float(uses.discount_amount.sum()) / 100 * share,
                        "goods": float(uses.goods_cost.sum()) / 100 * share,
                    }
                )
    return pandas.DataFrame(parts)


def outcomes(facts, campaign, spans, spent):
    """Return one row per customer, year of occasions and arm: what was bought."""
    bought = documents(facts)
    bought = bought[bought.company_id == campaign.company_id]
    free = spent.dropna(subset=["document"])
    free = free.groupby(["model", "document"], as_index=False).goods.sum()
    bought = bought.merge(free, how="left", on=["model", "document"])
    bought["cost_free_margin"] = (
        bought.margin + bought.discount + bought.goods.fillna(0)
    )
    bought["gross"] = bought.amount + bought.discount
    near = spans.merge(bought, on="customer_id")
    near = near[(near.date >= near.reach) & (near.date < near.ends)]
    inside = near.date >= near.starts
    near["after"] = near.amount.where(inside, 0)
    near["before"] = near.amount.where(~inside, 0)
    near["gross_after"] = near.gross.where(inside, 0)
    known = inside & near.margin.notna()
    near["known_gross"] = near.gross.where(known, 0)
    near["known_margin"] = near.cost_free_margin.where(known, 0)
    near["bought"] = (inside & near.counts).astype(int)
    names = ["after", "before", "gross_after", "known_gross", "known_margin"]
    sums = near.groupby(UNIT)[names].sum()
    units = spans.groupby(UNIT).agg(ends=("ends", "max"))
    units = units.join(sums).join(near.groupby(UNIT).bought.max())
    return units.fillna(0).reset_index()


def lift(treated, control):
    """Return what only a control group tells.

    Textbook formulas; Welch's interval on purchases from which what was bought before
    is taken out (CUPED).
    """
    counts = numpy.array([len(treated), len(control)])
    buyers = numpy.array([treated.bought.sum(), control.bought.sum()])
    shares = buyers / counts
    value = shares[0] - shares[1]
    found = {
        "control_conversion_rate": 100 * shares[1],
        "lift": 100 * value,
        "lift_relative": 100 * value / shares[1] if shares[1] else None,
        "amount_control": control.after.mean(),
        "incremental_customers": counts[0] * value,
        "incremental_sales": counts[0] * (treated.after.mean() - control.after.mean()),
    }
    error = numpy.sqrt((shares * (1 - shares) / counts).sum())
    if error:
        reach = stats.norm.ppf(0.975) * error
        found |= {"lift_low": 100 * (value - reach), "lift_high": 100 * (value + reach)}
        share = buyers.sum() / counts.sum()
        pooled = numpy.sqrt(share * (1 - share) * (1 / counts).sum())
        found["p_value"] = 2 * stats.norm.sf(abs(value) / pooled) if pooled else None
        sure = found["p_value"] is None or found["p_value"] < 0.05
        found["is_conclusive"] = bool(abs(value) > reach and sure)
    adjusted = _without_before(treated, control)
    found["amount_lift"] = adjusted[0].mean() - adjusted[1].mean()
    if counts.min() > 1 and sum(part.var() for part in adjusted):
        test = stats.ttest_ind(*adjusted, equal_var=False)
        interval = test.confidence_interval(0.95)
        found |= {"amount_low": interval.low, "amount_high": interval.high}
        found["amount_p_value"] = test.pvalue
        found["is_amount_conclusive"] = interval.low > 0 or interval.high < 0
    return found


def _without_before(treated, control):
    both = pandas.concat([treated, control])
    spread = both.before.var()
    if len(both) < 3 or not spread > 0:
        return treated.after, control.after
    theta = numpy.cov(both.after, both.before)[0, 1] / spread
    mean = both.before.mean()
    return tuple(
        part.after - theta * (part.before - mean) for part in (treated, control)
    )


def _split(counts, percent):
    """Return the p-value of the sizes of the groups against the plan."""
    if not percent or not sum(counts):
        return 1.0
    planned = numpy.array([100 - percent, percent]) / 100 * sum(counts)
    return stats.chisquare(counts, planned).pvalue


def _groups(treated, control):
    """Return how many are in the groups, and who of them bought how much."""
    return {
        "treated_count": len(treated),
        "control_count": len(control),
        "treated_buyers": int(treated.bought.sum()),
        "control_buyers": int(control.bought.sum()),
        "conversion_rate": 100 * treated.bought.mean(),
        "amount_treated": treated.after.mean(),
    }


def _result(treated, control, cost):
    given, goods, messages = cost
    known = treated.known_gross.sum()
    rate = treated.known_margin.sum() / known if known else None
    found = {
        **_groups(treated, control),
        "margin_rate": None if rate is None else 100 * rate,
        "discount_amount": given,
        "goods_cost": goods,
        "channel_cost": messages,
        "has_control": len(control) > 0,
    }
    if len(control):
        found |= lift(treated, control)
        more = treated.gross_after.mean() - control.gross_after.mean()
    else:
        found["attributed_sales"] = treated.after.sum()
        more = treated.gross_after.mean()
    profit = None
    if rate is not None or not more:
        profit = len(treated) * more * (rate or 0) - sum(cost)
    if not len(control):
        return {**found, "attributed_profit": profit}
    found["profit"] = profit
    if profit is not None and sum(cost):
        found["roi"] = 100 * profit / sum(cost)
    return found


def of_campaigns(facts):
    """Return {(campaign, arm or 0): figures} of all campaigns."""
    found = {}
    for campaign in facts.campaign.itertuples():
        spans = windows(facts, campaign)
        if not (spans.arm == "treated").any():
            continue
        spent = costs(facts, campaign)
        units = outcomes(facts, campaign, spans, spent)
        paid = _paid(facts, campaign, spans, spent)
        treated = units[units.arm == "treated"]
        control = units[units.arm == "control"]
        counts = [len(treated), len(control)]
        late = units.ends > facts.now
        for variant in (0, *(treated.variant_id[treated.variant_id > 0].unique())):
            arm = treated if not variant else treated[treated.variant_id == variant]
            cost = paid.sum() if not variant else paid.loc[variant]
            shown = late.loc[arm.index].sum() + late.loc[control.index].sum()
            found[campaign.id, int(variant)] = {
                **_result(arm, control, cost.tolist()),
                "open_count": int(shown),
                "ratio_p_value": _split(counts, campaign.control_percent),
            }
    return found


def _paid(facts, campaign, spans, spent):
    """Return discount, goods and messages of the windows, by variant."""
    members = facts.campaign_member
    members = members[members.campaign_id == campaign.id].copy()
    members["customer_id"] = facts.customers(members.partner_id)
    members["year"] = members.occasion.str[:4]
    members["variant_id"] = members.variant_id.fillna(0)
    rows = spent.merge(
        members[["id", *UNIT]], left_on="member_id", right_on="id"
    ).merge(spans, on=UNIT)
    rows = rows[(rows.date >= rows.starts) & (rows.date < rows.ends)]
    sums = rows.groupby("variant_id")[["discount", "goods"]].sum()
    told = members[members.message_state.isin(TOLD)].groupby("variant_id").size()
    sums = sums.reindex(members.variant_id.unique()).fillna(0)
    price = campaign.message_cost if pandas.notna(campaign.message_cost) else 0
    sums["messages"] = told.reindex(sums.index).fillna(0) * float(price)
    return sums


def of_years(facts, year):
    """Return {company: figures} of all campaigns of a year beside who got none."""
    members = facts.campaign_member
    start = {
        company: facts.day_end(pandas.Timestamp(f"{year - 1}-12-31"), company)
        for company in facts.zones
    }
    found = {}
    for company, first in start.items():
        rows = members[(members.company_id == company) & (members.assigned_at >= first)]
        rows = rows[rows.assigned_at < facts.now]
        held = rows[rows.arm == "holdout"].assigned_at.min()
        rows = rows[rows.assigned_at >= held].copy() if pandas.notna(held) else rows[:0]
        rows["customer_id"] = facts.customers(rows.partner_id)
        rows = rows.sort_values(["assigned_at", "id"]).drop_duplicates("customer_id")
        rows["ends"], rows["starts"] = facts.now, rows.assigned_at
        rows["reach"] = rows.starts - (rows.ends - rows.starts)
        rows["arm"] = (rows.arm == "holdout").map({True: "control", False: "treated"})
        rows["year"], rows["variant_id"] = "", 0
        spans = rows[[*UNIT, "starts", "ends", "reach"]]
        nothing = pandas.DataFrame({"model": [], "document": [], "goods": []})
        owner = pandas.Series({"company_id": company})
        units = outcomes(facts, owner, spans, nothing)
        treated = units[units.arm == "treated"]
        control = units[units.arm == "control"]
        if len(treated) and len(control):
            found[company] = {
                "has_control": True,
                **_groups(treated, control),
                **lift(treated, control),
                "open_count": len(units),
                "ratio_p_value": _split([len(treated), len(control)], HOLDOUT),
            }
    return found


# Percent of the customers of the random companies who get no campaign at all.
HOLDOUT = 10
FIGURES = (
    "treated_count",
    "control_count",
    "open_count",
    "treated_buyers",
    "control_buyers",
    "conversion_rate",
    "control_conversion_rate",
    "lift",
    "lift_low",
    "lift_high",
    "lift_relative",
    "p_value",
    "amount_treated",
    "amount_control",
    "amount_lift",
    "amount_low",
    "amount_high",
    "amount_p_value",
    "incremental_customers",
    "incremental_sales",
    "attributed_sales",
    "margin_rate",
    "discount_amount",
    "goods_cost",
    "channel_cost",
    "profit",
    "roi",
    "attributed_profit",
    "ratio_p_value",
)
CENTS = (
    "amount_treated",
    "amount_control",
    "amount_lift",
    "amount_low",
    "amount_high",
    "incremental_sales",
    "attributed_sales",
    "discount_amount",
    "goods_cost",
    "channel_cost",
    "profit",
    "attributed_profit",
)
FLAGS = ("has_control", "is_conclusive", "is_amount_conclusive")
