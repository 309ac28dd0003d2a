"""Target of the house: p95 of taking a hold <= 0.2 s, 32 processes on 50 cards."""

from processes import result_of

PROCESSES, ATTEMPTS, CARDS, POINTS_EACH = 32, 63, 50, 40


def test_hold_under_contention(start_worker, capsys):
    """Print how long holds take while 32 processes spend the same 50 cards."""
    result_of(start_worker("wallet", "create_cards", CARDS, POINTS_EACH))
    storm = result_of(
        start_worker("wallet", "spend_in_parallel", PROCESSES, ATTEMPTS, 0)
    )
    holds = sorted(storm["holds"])
    ledger = result_of(start_worker("wallet", "summarize"))
    with capsys.disabled():
        print(
            f"\n{'holds':>8} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8} {'refused':>8}"
        )
        marks = [holds[int(len(holds) * share)] * 1000 for share in (0.5, 0.95)]
        print(
            f"{len(holds):>8} {marks[0]:>8.1f} {marks[1]:>8.1f} "
            f"{holds[-1] * 1000:>8.1f} {storm['refused']:>8}"
        )
    assert storm["failed"] == []
    assert ledger["lowest"] >= 0
    assert ledger["differences"] == 0
