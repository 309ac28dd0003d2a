"""Target of the house: the dashboard opens in a second.

Over a million redemptions and five million movements with `LOYALTY_PERF_MILLION=1`,
over a tenth of that otherwise.
"""

import os

from processes import result_of

ROWS = 1_000_000 if os.environ.get("LOYALTY_PERF_MILLION") else 100_000
SECONDS = 1.0


def test_dashboard(start_worker, capsys):
    """Print how long the dashboard takes, and the refresh of what it reads."""
    facts = result_of(start_worker("reports", "fill", str(ROWS)))
    found = result_of(start_worker("dashboard", "measure"))
    with capsys.disabled():
        print(f"\n{', '.join(f'{count:,} {name}' for name, count in facts.items())}")
        print(
            f"{'daily rows':>11}{'all days s':>11}{'few days s':>11}"
            f"{'30 days s':>10}{'a year s':>10}   target <= {SECONDS} s"
            f"   load of the machine {os.getloadavg()[0]:.1f}"
        )
        print(
            f"{found['rows']:>11,}{found['all']:>11.2f}{found['some']:>11.2f}"
            f"{found['month']:>10.3f}{found['year']:>10.3f}"
        )
    assert facts["loyalty_redemption"] >= ROWS
    assert facts["loyalty_point_move"] >= 5 * ROWS
    assert found["purchases"] > 0
    assert max(found["month"], found["year"]) <= SECONDS
