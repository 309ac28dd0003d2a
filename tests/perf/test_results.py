"""The results of one campaign beside the bare join of its members and purchases.

`LOYALTY_PERF_MILLION=1` takes a million purchases of 200,000 customers, otherwise it is
a tenth. What grows with the square of the customers would show as another ratio.
"""

import os

from processes import result_of

PURCHASES, CUSTOMERS = 100_000, 20_000
if os.environ.get("LOYALTY_PERF_MILLION"):
    PURCHASES, CUSTOMERS = 1_000_000, 200_000
VERSUS_BARE = 12.0


def test_results(start_worker, capsys):
    """Print how long the results take, and the join alone."""
    facts = result_of(start_worker("results", "fill", str(PURCHASES), str(CUSTOMERS)))
    found = result_of(start_worker("results", "measure"))
    ratio = found["results"] / found["bare"]
    with capsys.disabled():
        print(
            f"\n{'members':>9}{'uses':>9}{'bare s':>9}{'results s':>11}{'ratio':>7}"
            f"   target <= {VERSUS_BARE}   load of the machine {os.getloadavg()[0]:.1f}"
        )
        print(
            f"{facts['members']:>9,}{facts['uses']:>9,}{found['bare']:>9.2f}"
            f"{found['results']:>11.2f}{ratio:>7.1f}"
        )
    assert facts["uses"] > 0
    assert found["treated"] > 0.8 * CUSTOMERS
    assert ratio <= VERSUS_BARE
