"""A grocer's year as raw facts: baskets, lines, campaigns, coupons and their uses.

The data says nothing of two things, which are stated here: goods cost `COST` of their
shelf price, by department; and every sixth household has a points card, with a point
per full unit of money, spent by 150 as soon as 200 are there, lapsing after 180 days.
"""

import sys
from datetime import timedelta
from pathlib import Path

import numpy
import pandas
from figures_points import Wallet, moves_frame
from figures_rows import copy_rows, next_id

from odoo.fields import Command

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "setup" / "loop"))

from dataset import Dataset

# Share of the shelf price that goods of a department cost; of fuel it is not known.
COST, COST_STEPS, UNKNOWN = 0.60, 15, "FUEL"
WALLETS = 6
POINTS_NEEDED, POINTS_SPENT, LAPSE_DAYS = 200, 150, 180


def fill(env, company, now):
    """Write the year so that it ends just before `now`."""
    data = Dataset(full=True, weeks=0)
    last = data.sales.transaction_timestamp.max()
    data = _moved(data, (now - timedelta(days=1) - last).days // 7)
    households = _partners(env, data.households)
    purchases, lines = _purchases(env, company, data, households)
    copy_rows(env, "loyalty_purchase", purchases.drop(columns="basket_id"))
    copy_rows(env, "loyalty_purchase_line", lines)
    _campaigns(env, company, data, households, purchases)
    _wallets(env, company, households, purchases, now)


def _moved(data, weeks):
    data.weeks = weeks
    data.shift = pandas.Timedelta(weeks=weeks)
    return data


def _partners(env, households):
    """Return {household: contact id} of new contacts."""
    first = next_id(env, "res_partner")
    ids = {house: first + place for place, house in enumerate(households)}
    frame = pandas.DataFrame(
        {
            "id": list(ids.values()),
            "name": [f"Household {house}" for house in ids],
            "complete_name": [f"Household {house}" for house in ids],
            "commercial_partner_id": list(ids.values()),
            "active": True,
            "type": "contact",
            "autopost_bills": "ask",
        }
    )
    copy_rows(env, "res_partner", frame)
    return ids


def _purchases(env, company, data, households):
    """Return the rows of the baskets, and of their lines by department."""
    departments = data.products.set_index("product_id").department
    sales = data.sales.assign(
        department=data.sales.product_id.map(departments)
        .fillna("OTHER")
        .astype("category"),
        discount=data.sales.coupon_disc + data.sales.coupon_match_disc,
        shelf=data.sales.sales_value
        + data.sales.retail_disc
        + data.sales.coupon_disc
        + data.sales.coupon_match_disc,
    )
    names = list(sales.department.cat.categories)
    categories = env["product.category"].create([{"name": name} for name in names])
    ids = dict(zip(names, categories.ids, strict=True))
    cost = {
        name: COST + place % COST_STEPS / 100
        for place, name in enumerate(names)
        if name != UNKNOWN
    }
    keys = ["basket_id", "department"]
    lines = sales.groupby(keys, as_index=False, observed=True).agg(
        amount=("sales_value", "sum"),
        shelf=("shelf", "sum"),
        quantity=("quantity", "sum"),
    )
    lines["amount"] = lines.amount.round(2)
    lines["cost"] = (lines.shelf * lines.department.map(cost).astype(float)).round(2)
    baskets = sales.groupby("basket_id", as_index=False).agg(
        household=("household_id", "first"),
        date=("transaction_timestamp", "min"),
        amount=("sales_value", "sum"),
        discount_amount=("discount", "sum"),
        store=("store_id", "first"),
    )
    baskets = baskets.sort_values(["date", "basket_id"], ignore_index=True)
    baskets["id"] = next_id(env, "loyalty_purchase") + numpy.arange(len(baskets))
    costs = lines.groupby("basket_id").cost.agg(["sum", "count", "size"])
    known = costs["sum"].where(costs["count"] == costs["size"])
    amount = baskets.amount.round(2)
    # Points are earned at the till, which has documents; the others were imported.
    till = baskets.household.isin(list(households)[::WALLETS])
    purchases = pandas.DataFrame(
        {
            "id": baskets.id,
            "basket_id": baskets.basket_id,
            "partner_id": baskets.household.map(households),
            "commercial_partner_id": baskets.household.map(households),
            "company_id": company.id,
            "date": baskets.date.dt.floor("s") + data.shift,
            "amount": amount,
            "amount_total": amount,
            "discount_amount": baskets.discount_amount.round(2),
            "margin": (amount - baskets.basket_id.map(known)).round(2),
            "channel": "pos",
            "shop": "Store " + baskets.store.astype(str),
            "external_ref": "CJ-" + baskets.basket_id.astype(str),
            "order_model": numpy.where(till, "pos.order", None),
            "order_id": baskets.id.where(till).astype("Int64"),
        }
    )
    numbers = baskets.set_index("basket_id").id
    rows = pandas.DataFrame(
        {
            "purchase_id": lines.basket_id.map(numbers),
            "categ_id": lines.department.map(ids),
            "quantity": lines.quantity,
            "amount": lines.amount,
            "cost": lines.cost,
        }
    )
    return purchases, rows


def _campaigns(env, company, data, households, purchases):
    """Write campaigns, a coupon per targeted household, and the uses."""
    kinds = sorted(data.campaigns.campaign_type.unique())
    programs = env["loyalty.program"].create(
        [
            {
                "name": f"Coupons of campaigns {kind}",
                "program_type": "coupons",
                "applies_on": "current",
                "trigger": "with_code",
                "company_id": company.id,
                "reward_ids": [Command.clear(), Command.create({"required_points": 1})],
            }
            for kind in kinds
        ]
    )
    program_of = dict(zip(kinds, programs.ids, strict=True))
    periods = list(data.periods())
    campaigns = env["loyalty.campaign"].create(
        [
            {
                "name": f"Completejourney campaign {number}",
                "program_id": program_of[kind],
                "company_id": company.id,
                "control_percent": 0,
                "no_control_reason": "The data names no control group.",
            }
            for number, kind, _first, _last in periods
        ]
    )
    env.flush_all()
    cards, members = _coupons(env, company, data, households, campaigns, program_of)
    uses = _uses(env, company, data, households, purchases, cards)
    used = uses.groupby("card_id").agg(uses=("id", "size"), last=("date", "max"))
    spent = cards.id.map(used.uses).fillna(0)
    cards["points"] = (spent == 0).astype(int)
    cards["used_at"] = cards.id.map(used["last"])
    copy_rows(env, "loyalty_card", cards.drop(columns="campaign"))
    copy_rows(env, "loyalty_campaign_member", members)
    copy_rows(env, "loyalty_redemption", uses)


def _coupons(env, company, data, households, campaigns, program_of):
    first_card = next_id(env, "loyalty_card")
    first_member = next_id(env, "loyalty_campaign_member")
    rows = []
    for (number, kind, first, last), campaign in zip(
        data.periods(), campaigns, strict=True
    ):
        targeted = data.targets[data.targets.campaign_id == number].household_id
        # Midnight in the shops, or an hour later in winter.
        start = pandas.Timestamp(first) + pandas.Timedelta(hours=5)
        rows += [
            (number, households[house], campaign.id, program_of[kind], start, last)
            for house in targeted
        ]
    names = ["campaign", "partner_id", "campaign_id", "program_id", "issued_at"]
    cards = pandas.DataFrame(rows, columns=[*names, "expiration_date"])
    place = numpy.arange(len(cards))
    cards["id"] = first_card + place
    cards["campaign_member_id"] = first_member + place
    cards["company_id"] = company.id
    cards["code"] = "CJ" + cards.id.astype(str)
    cards["active"] = True
    members = pandas.DataFrame(
        {
            "id": cards.campaign_member_id,
            "campaign_id": cards.campaign_id,
            "company_id": company.id,
            "partner_id": cards.partner_id,
            "occasion": "",
            "arm": "treated",
            "state": "issued",
            "card_id": cards.id,
            "assigned_at": cards.issued_at,
            "issued_at": cards.issued_at,
            "version": 1,
        }
    )
    return cards, members


def _uses(env, company, data, households, purchases, cards):
    """Return the rows of the uses, on the basket of the day when there is one."""
    uses = data.redemptions()
    partner = uses.customer_ref.str[3:].astype(int).map(households)
    keys = pandas.MultiIndex.from_arrays([cards.campaign, cards.partner_id])
    card_of = pandas.Series(cards.id.values, index=keys)
    found = purchases.set_index("external_ref")
    order = uses.purchase_ref.map(found.id).astype("Int64")
    model = uses.purchase_ref.map(found.order_model.fillna("loyalty.purchase"))
    uses = uses.assign(partner_id=partner, order_id=order)
    place = pandas.MultiIndex.from_arrays([uses.campaign, uses.partner_id])
    rows = pandas.DataFrame(
        {
            "card_id": card_of.reindex(place).values,
            "partner_id": uses.partner_id,
            "company_id": company.id,
            "channel": uses.channel,
            "shop": uses.purchase_ref.map(found.shop),
            "order_model": model,
            "order_id": uses.order_id,
            "external_ref": uses.external_ref,
            "date": uses.date.dt.tz_localize(None).dt.floor("s"),
            "points": 1,
            "discount_amount": uses.discount,
            "goods_cost": 0,
            "order_amount": uses.purchase_ref.map(found.amount).fillna(0),
        }
    )
    card = cards.set_index("id")
    rows["program_id"] = rows.card_id.map(card.program_id)
    rows["campaign_id"] = rows.card_id.map(card.campaign_id)
    rows = rows.sort_values("date", kind="stable", ignore_index=True)
    rows["id"] = next_id(env, "loyalty_redemption") + numpy.arange(len(rows))
    return rows


def _wallets(env, company, households, purchases, now):
    """Write points cards, and how their points came and went."""
    program = env["loyalty.program"].create(
        {
            "name": "Points of households",
            "program_type": "loyalty",
            "points_value": 0.01,
            "expected_breakage": 5,
            "applies_on": "both",
            "trigger": "auto",
            "company_id": company.id,
            "reward_ids": [Command.clear(), Command.create({"required_points": 150})],
        }
    )
    env.flush_all()
    card = next_id(env, "loyalty_card")
    chosen = dict(list(zip(households.values(), households, strict=True))[::WALLETS])
    wallets = {
        partner: Wallet(card + place, partner, program.id, company.id)
        for place, partner in enumerate(chosen)
    }
    for row in purchases[purchases.partner_id.isin(wallets)].itertuples():
        wallet = wallets[row.partner_id]
        wallet.lapse(row.date)
        earned = int(row.amount)
        document = (row.order_model, row.id)
        if earned:
            last = (row.date + timedelta(days=LAPSE_DAYS)).date()
            wallet.earn(row.date, earned, last, document)
        if wallet.balance >= POINTS_NEEDED:
            wallet.spend(row.date, POINTS_SPENT, document)
        if row.id % 97 == 0 and earned:
            # The goods came back, the points perhaps were spent already.
            wallet.take_back(row.date, wallet.moves[-1 if wallet.earned_last else -2])
    for wallet in wallets.values():
        wallet.lapse(pandas.Timestamp(now))
    copy_rows(
        env,
        "loyalty_card",
        pandas.DataFrame(
            {
                "id": [wallet.card for wallet in wallets.values()],
                "code": [f"W{wallet.card}" for wallet in wallets.values()],
                "partner_id": list(wallets),
                "program_id": program.id,
                "company_id": company.id,
                "points": [wallet.balance for wallet in wallets.values()],
                "issued_at": purchases.date.min(),
                "active": True,
            }
        ),
    )
    moves, allocations = moves_frame(
        wallets.values(), next_id(env, "loyalty_point_move")
    )
    copy_rows(env, "loyalty_point_move", moves)
    copy_rows(env, "loyalty_point_allocation", allocations)
