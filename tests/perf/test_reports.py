"""Seconds of each report's screens over many facts, beside the bare query.

Targets of the house: a screen opens in a second over a million redemptions and five
million movements. `LOYALTY_PERF_ROWS` sets the number of redemptions.
"""

import os

from processes import result_of

ROWS = int(os.environ.get("LOYALTY_PERF_ROWS", 100_000))


def test_report_screens(start_worker, capsys):
    """Print how long pivot and list of each report take."""
    found = result_of(start_worker("reports", "fill", ROWS))
    seconds = result_of(start_worker("reports", "measure"))
    with capsys.disabled():
        print(f"\n{', '.join(f'{count:,} {name}' for name, count in found.items())}")
        print(f"{'report':>8} {'pivot s':>9} {'list s':>9} {'bare s':>9} {'ratio':>7}")
        for name, times in seconds.items():
            ratio = times["pivot"] / times["bare"]
            print(
                f"{name:>8} {times['pivot']:>9.3f} {times['list']:>9.3f} "
                f"{times['bare']:>9.3f} {ratio:>7.2f}"
            )
    assert found["loyalty_redemption"] >= ROWS
    assert found["loyalty_point_move"] >= 5 * ROWS
