"""Who joined and left which audience, and how far audiences overlap."""

import pandas

from .groups import total


def movements(facts):
    """Return one row per customer who joined, left or moved on a day."""
    rows = facts.segment_member
    rows = rows[~rows.is_excluded.fillna(False).astype(bool)]
    rows = rows[rows.date_to.isna() | (rows.date_to > rows.date_from)]
    keys = ["segment_id", "partner_id"]
    seam = rows.merge(rows, left_on=[*keys, "date_to"], right_on=[*keys, "date_from"])
    came = rows[~rows.id.isin(seam.id_y)].rename(columns={"date_from": "date"})
    gone = rows[rows.date_to.notna() & ~rows.id.isin(seam.id_x)]
    gone = gone.drop(columns="date_from").rename(columns={"date_to": "date"})
    names = ["id", "segment_id", "partner_id", "company_id", "date"]
    pairs = gone[names].merge(
        came[names],
        on=["partner_id", "company_id", "date"],
        suffixes=("_from", "_to"),
    )
    pairs = pairs[pairs.segment_id_from != pairs.segment_id_to]
    left = gone[~gone.id.isin(pairs.id_from)].assign(segment_from_id=gone.segment_id)
    joined = came[~came.id.isin(pairs.id_to)].assign(segment_to_id=came.segment_id)
    moved = pairs.rename(
        columns={"segment_id_from": "segment_from_id", "segment_id_to": "segment_to_id"}
    )
    found = pandas.concat([moved, left, joined], ignore_index=True)
    return found.assign(one=1)


MOVEMENT_FIGURES = {"customer_count": total("one")}
MOVEMENT_GROUPINGS = (
    ("company_id", "segment_from_id", "segment_to_id", "date:day"),
    ("company_id", "date:month"),
)


def overlaps(facts):
    """Return {(segment, other): figures} of audiences that share members today."""
    rows = facts.segment_member
    rows = rows[rows.date_to.isna() & ~rows.is_excluded.fillna(False).astype(bool)]
    members = rows.groupby("segment_id").partner_id.agg(set)
    found = {}
    for one, ours in members.items():
        for other, theirs in members.items():
            if one != other and ours & theirs:
                found[one, other] = {
                    "member_count": len(ours),
                    "other_count": len(theirs),
                    "both_count": len(ours & theirs),
                    "share": len(ours & theirs) / len(ours),
                }
    return found


def lapses(facts):
    """Return the open points of wallets by card and last day, from today on."""
    moves = facts.point_move
    cards = facts.card.set_index("id")
    rows = moves[(moves.remaining > 0) & moves.expiration_date.notna()]
    company = rows.card_id.map(cards.company_id)
    today = facts.todays(company)
    rows = rows[rows.expiration_date >= today]
    points = rows.groupby(["card_id", "expiration_date"]).remaining.sum().round(2)
    frame = points.rename("points").reset_index()
    company = frame.card_id.map(cards.company_id)
    frame["days_left"] = (frame.expiration_date - facts.todays(company)).dt.days
    return {
        (row.card_id, str(row.expiration_date.date())): {
            "points": row.points,
            "days_left": row.days_left,
        }
        for row in frame.itertuples()
    }
