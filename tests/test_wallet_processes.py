"""Promise 3 with real processes and connections: never below zero, never twice."""

from processes import result_of

PROCESSES, ATTEMPTS, KILLS, CARDS, POINTS_EACH = 32, 63, 4, 50, 30


def test_a_storm_of_spends(start_worker):
    """Two thousand spends of 1,500 points; some processes are killed and retried."""
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
    # Every attempt is answered, and what a killed process did counts once.
    answered = storm["taken"] + storm["repeated"] + storm["refused"]
    assert answered == PROCESSES * ATTEMPTS
    assert ledger["spends"] == storm["taken"] + storm["repeated"]
    assert storm["refused"] > 0
    assert storm["unexplained"] == 0
    assert (ledger["holds"], ledger["waiting"]) == (0, 0)


def test_the_last_point_goes_to_one(start_worker):
    """Many processes on one card take exactly what it holds."""
    result_of(start_worker("wallet", "create_cards", 1, 10))
    storm = result_of(start_worker("wallet", "spend_in_parallel", 8, 5, 0))
    ledger = result_of(start_worker("wallet", "summarize"))
    assert storm["failed"] == []
    assert (storm["taken"], storm["refused"]) == (10, 30)
    assert (ledger["balance"], ledger["spends"]) == (0, 10)
