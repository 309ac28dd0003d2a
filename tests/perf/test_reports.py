"""Seconds of each report's screens over many facts, beside the bare query.

Targets of the house: a screen opens in a second over a million redemptions and five
million movements. `LOYALTY_PERF_ROWS` sets the number of redemptions,
`LOYALTY_PERF_MILLION=1` takes a million; a tenth and a hundredth of it are measured
before, and a table shows how the screens grow. The liability is no screen: a bookkeeper
has it computed once a month; nor is the refresh of what is added up.
"""

import os

import pytest
from processes import result_of

ROWS = int(os.environ.get("LOYALTY_PERF_ROWS", 100_000))
if os.environ.get("LOYALTY_PERF_MILLION"):
    ROWS = 1_000_000
SIZES = (ROWS // 100, ROWS // 10, ROWS)
SECONDS = 1.0
NO_SCREENS = ("liability", "refresh")


@pytest.fixture(scope="module")
def scaling():
    """Return {number of redemptions: {screen: processor seconds of its views}}."""
    return {}


def _show_scaling(scaling):
    """Print the slowest view of each screen at each size that was measured."""
    print(f"\n{'processor s':>12}" + "".join(f"{rows:>12,}" for rows in scaling))
    for screen in next(iter(scaling.values())):
        slowest = [max(screens[screen].values()) for screens in scaling.values()]
        print(f"{screen:>12}" + "".join(f"{used:>12.3f}" for used in slowest))


@pytest.mark.parametrize("rows", SIZES)
def test_report_screens(rows, start_worker, scaling, capsys):
    """Print how long pivot and list of each report take, and what they use."""
    found = result_of(start_worker("reports", "fill", rows))
    costs = result_of(start_worker("reports", "measure"))
    used_by = scaling[rows] = {}
    with capsys.disabled():
        print(f"\n{', '.join(f'{count:,} {name}' for name, count in found.items())}")
        print(
            f"{'screen':>10} {'view':>11} {'clock s':>9} {'processor s':>12} "
            f"{'of bare':>8}   target <= {SECONDS} s"
            f"   load of the machine {os.getloadavg()[0]:.1f}"
        )
        for screen, views in costs.items():
            bare = views.pop("bare", None)
            used_by[screen] = {view: cost["processor"] for view, cost in views.items()}
            for view, cost in views.items():
                used = used_by[screen][view]
                ratio = f"{used / bare['processor']:.2f}" if bare else ""
                print(
                    f"{screen:>10} {view:>11} {cost['seconds']:>9.3f} {used:>12.3f} "
                    f"{ratio:>8}"
                )
        _show_scaling(scaling)
    assert found["loyalty_redemption"] >= rows
    assert found["loyalty_point_move"] >= 5 * rows
    slow = {
        screen: used
        for screen, used in used_by.items()
        if screen not in NO_SCREENS and max(used.values()) > SECONDS
    }
    assert not slow
