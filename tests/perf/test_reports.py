"""Seconds of each report's screens over many facts, beside the bare query.

Targets of the house: a screen opens in a second over a million redemptions and five
million movements. `LOYALTY_PERF_ROWS` sets the number of redemptions,
`LOYALTY_PERF_MILLION=1` takes a million. The liability is no screen: a bookkeeper has
it computed once a month; nor is the refresh of what is added up.
"""

import os

from processes import result_of

ROWS = int(os.environ.get("LOYALTY_PERF_ROWS", 100_000))
if os.environ.get("LOYALTY_PERF_MILLION"):
    ROWS = 1_000_000
SECONDS = 1.0


def test_report_screens(start_worker, capsys):
    """Print how long pivot and list of each report take, and what they use."""
    found = result_of(start_worker("reports", "fill", ROWS))
    costs = result_of(start_worker("reports", "measure"))
    slow = {}
    with capsys.disabled():
        print(f"\n{', '.join(f'{count:,} {name}' for name, count in found.items())}")
        print(
            f"{'screen':>10} {'view':>11} {'clock s':>9} {'processor s':>12} "
            f"{'of bare':>8}   target <= {SECONDS} s"
            f"   load of the machine {os.getloadavg()[0]:.1f}"
        )
        for screen, views in costs.items():
            bare = views.pop("bare", None)
            for view, cost in views.items():
                used = cost["processor"]
                ratio = f"{used / bare['processor']:.2f}" if bare else ""
                print(
                    f"{screen:>10} {view:>11} {cost['seconds']:>9.3f} {used:>12.3f} "
                    f"{ratio:>8}"
                )
                if used > SECONDS:
                    slow[screen, view] = used
    assert found["loyalty_redemption"] >= ROWS
    assert found["loyalty_point_move"] >= 5 * ROWS
    for no_screen in (("liability", "bookkeeper"), ("refresh", "of all")):
        slow.pop(no_screen, None)
    assert not slow
