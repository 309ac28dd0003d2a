"""Which offers caps and budgets leave, when days of the past are gone through again."""

from datetime import timedelta
from typing import NamedTuple


class Cap(NamedTuple):
    """At most so many offers per customer.

    `days` is how long an offer counts, 0 for ever; a `count` of 0 limits nothing.
    """

    count: int
    days: int

    def leaves_room(self, moments, now):
        """Tell whether one more offer fits in after those of some moments."""
        if not self.count:
            return True
        if self.days:
            length = timedelta(days=self.days)
            moments = [one for one in moments if now - one < length]
        return len(moments) < self.count


def keep_allowed(offers, own, shared, given, budget=0):
    """Return the offers that a campaign gives, in the order in which it gives them.

    :param offers: objects with `moment`, `customer` and `is_treated`, in order
    :param own: `Cap` of the campaign; both groups count, so that they stay comparable
    :param shared: `Cap` across campaigns; only what customers got counts
    :param given: {customer: moments} of what they got from other campaigns
    :param budget: treated customers after whom the campaign stops, 0 for none
    """
    kept, taken, treated = [], {}, 0
    got = {customer: list(moments) for customer, moments in given.items()}
    for offer in offers:
        mine = taken.setdefault(offer.customer, [])
        all_of_them = got.setdefault(offer.customer, [])
        past = [one for one in all_of_them if one <= offer.moment]
        if not (
            own.leaves_room(mine, offer.moment)
            and shared.leaves_room(past, offer.moment)
        ):
            continue
        mine.append(offer.moment)
        kept.append(offer)
        if offer.is_treated:
            all_of_them.append(offer.moment)
            treated += 1
            if treated == budget:
                break
    return kept
