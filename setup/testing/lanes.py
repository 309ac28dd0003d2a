"""Work in two lanes, one of which belongs to the parts that cannot wait."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

# What two cores and 8 GB hold.
LANES = 2


def run(items, function, *, is_first):
    """Call `function` on each of `items`, two at a time; return what it gave.

    The steps of a tour in a browser have ten seconds each, which two browsers side by
    side on two cores exceed. So one lane begins with those that are first and the
    other with the rest; a lane that has no more of its own helps the other.

    :param items: tuples of the arguments of `function`; earlier ones start earlier
    :param is_first: function that tells whether an item belongs to the first lane
    :return: the results in the order in which they were ready
    """
    waiting, lock, results = list(items), Lock(), []

    def take(own):
        with lock:
            chosen = next(filter(own, waiting), waiting[0] if waiting else None)
            if chosen is not None:
                waiting.remove(chosen)
            return chosen

    def lane(own):
        while (item := take(own)) is not None:
            results.append(function(*item))

    owns = [is_first, *[lambda item: not is_first(item)] * (LANES - 1)]
    with ThreadPoolExecutor(LANES) as pool:
        running = [pool.submit(lane, own) for own in owns]
        try:
            for one in running:
                one.result()
        except KeyboardInterrupt:
            waiting.clear()
            raise
    return results
