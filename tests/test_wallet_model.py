"""Promises 1 to 5 under random sequences, beside a reference model of a wallet."""

from processes import result_of

EXAMPLES, STEPS = 20, 25


def test_any_sequence_keeps_the_ledger_right(start_worker):
    """Earn, spend, hold, lapse, expire, refund, merge, cancel: the model and we agree.

    Purchases are sales orders, refunded by credit notes and cancelled afterwards.
    """
    assert result_of(start_worker("wallet_model", "run", EXAMPLES, STEPS)) == 0
