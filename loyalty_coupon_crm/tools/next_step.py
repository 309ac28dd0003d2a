"""What to do next for a customer: one step, the most pressing first."""

from dataclasses import dataclass
from datetime import date

# Days before points or a coupon lapse in which the customer should be told.
SOON_DAYS = 14
WIN_BACK = ("slowing", "dormant", "lost")
NURTURE = ("new", "growing", "won_back")


@dataclass(frozen=True)
class Situation:
    """What is known of a customer today.

    :param stage: of the life cycle, None without figures
    :param pays: whether the best offer is expected to earn more than it costs
    """

    today: date
    stage: str | None = None
    pays: bool = False
    coupon_day: date | None = None
    has_coupon: bool = False
    lapse_day: date | None = None
    has_product: bool = False
    next_date: date | None = None


def next_step(situation):
    """Return the code of the step to take.

    :return: `points` or `coupon` (remind of what lapses), `win_back` (an offer to who
        falls silent), `greet` (none pays), `use_coupon` (they hold one already),
        `nurture` (an offer to who has bought a few times), `product` (suggest what they
        may like), `wait`, or `invite` for who has not bought yet
    """
    if _is_soon(situation.lapse_day, situation.today):
        return "points"
    if _is_soon(situation.coupon_day, situation.today):
        return "coupon"
    if situation.stage in WIN_BACK:
        if situation.has_coupon:
            return "use_coupon"
        return "win_back" if situation.pays else "greet"
    if not situation.stage or situation.stage == "prospect":
        return "invite"
    if situation.stage in NURTURE and situation.pays and not situation.has_coupon:
        return "nurture"
    return "product" if situation.has_product else "wait"


def _is_soon(day, today):
    return bool(day) and 0 <= (day - today).days <= SOON_DAYS
