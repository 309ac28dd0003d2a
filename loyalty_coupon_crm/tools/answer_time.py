"""When answers are given whose time must not tell what is in them."""

import threading
import time

# Longer than it takes to find what speaks against a code or a card.
ANSWER_SECONDS = 0.1


def wait_for_full(step):
    """Wait until the request of this thread is a full number of steps old.

    What takes a few milliseconds more or less is then answered at the same time.
    Outside of a request nobody waits.

    :param step: seconds
    """
    started = getattr(threading.current_thread(), "perf_t0", None)
    if started is not None:
        time.sleep((started - time.time()) % step)
