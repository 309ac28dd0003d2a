"""Limits of a program with real processes: together they never exceed one."""

from processes import result_of

ORDERS, LIMIT, PROCESSES = 24, 9, 4


def test_processes_do_not_exceed_a_limit(start_worker):
    """Orders are confirmed at once; the limit lets so many through and no more."""
    result_of(start_worker("limits", "create_orders", str(ORDERS), str(LIMIT)))
    storm = result_of(start_worker("limits", "confirm_in_parallel", str(PROCESSES)))
    found = result_of(start_worker("limits", "summarize"))
    assert storm["failed"] == []
    assert (storm["taken"], storm["refused"]) == (LIMIT, ORDERS - LIMIT)
    assert found["uses"] == LIMIT
    counted = [LIMIT, found["discount"]]
    assert found["counted"] == {"total": counted, "budget": counted}
    # Each refusal was rolled back with its order, and is told all the same.
    assert found["refusals"] == ORDERS - LIMIT


def test_cancelled_orders_give_their_uses_back(start_worker):
    """After all were cancelled the counters stand at zero."""
    result_of(start_worker("limits", "create_orders", "6", "4"))
    result_of(start_worker("limits", "confirm_in_parallel", "2"))
    assert result_of(start_worker("limits", "cancel_all")) == 4
    found = result_of(start_worker("limits", "summarize"))
    assert found["uses"] == 0
    assert found["counted"] == {"total": [0, 0.0], "budget": [0, 0.0]}
