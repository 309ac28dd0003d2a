"""Promise 3 with real processes and connections: never below zero, never twice."""

from processes import result_of

PROCESSES, ATTEMPTS, KILLS, CARDS, POINTS_EACH = 12, 25, 2, 10, 20


def test_a_storm_of_spends(start_worker):
    """Processes want more points than the cards hold, some are killed."""
    result_of(start_worker("wallet", "create_cards", CARDS, POINTS_EACH))
    storm = result_of(
        start_worker("wallet", "spend_in_parallel", PROCESSES, ATTEMPTS, KILLS)
    )
    ledger = result_of(start_worker("wallet", "summarize"))
    assert storm["failed"] == []
    assert storm["killed"] == KILLS
    assert ledger["lowest"] >= 0
    assert ledger["differences"] == 0
    assert ledger["requests"] == ledger["spends"]
    points = CARDS * POINTS_EACH
    assert ledger["balance"] == points - ledger["spends"] == ledger["remaining"]
    # A killed process may have spent without having told us.
    assert 0 <= ledger["spends"] - storm["taken"] <= KILLS * ATTEMPTS


def test_the_last_point_goes_to_one(start_worker):
    """Many processes on one card take exactly what it holds."""
    result_of(start_worker("wallet", "create_cards", 1, 10))
    storm = result_of(start_worker("wallet", "spend_in_parallel", 8, 5, 0))
    ledger = result_of(start_worker("wallet", "summarize"))
    assert storm["failed"] == []
    assert (storm["taken"], storm["refused"]) == (10, 30)
    assert (ledger["balance"], ledger["spends"]) == (0, 10)
