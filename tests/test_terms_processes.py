"""Each process keeps terms of programs for the gate: they are never out of date."""

from processes import result_of

ROUNDS = 3


def test_what_is_kept_is_what_the_database_has(start_worker):
    """Every question is answered by the terms of its own transaction.

    A process changes all kinds of terms and takes every second change back, after it
    has asked itself; a thread of it and another process ask all the time. In each
    transaction they read the number of the round, too, which says what they have to be
    told. Nothing passes between the processes but the rows of the database.
    """
    result_of(start_worker("terms", "prepare"))
    other = start_worker("terms", "ask")
    beside = result_of(start_worker("terms", "ask_beside", str(ROUNDS)))
    expected, asked = beside["expected"], 0
    for found in (beside["found"], result_of(other)):
        for number, codes, count in found:
            assert codes == expected[number], (number, codes, count)
            asked += count
        assert len({number for number, _codes, _count in found}) > 3
    assert len(expected) == ROUNDS * 9 * 2 + 1
    assert asked > len(expected)
