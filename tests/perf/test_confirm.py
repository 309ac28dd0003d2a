"""Target of the house: confirm an order with coupon and points <= 1.10 x Odoo's."""

import statistics

from processes import result_of


def test_confirm(start_worker, plain_database, database, capsys):
    """Print what a confirmation takes with Odoo alone and with us, in turns."""
    seconds = {plain_database: [], database: []}
    for _round in range(2):
        for name in seconds:
            worker = start_worker("confirm", "confirm_orders", database=name)
            seconds[name] += result_of(worker)
    plain, ours = (statistics.median(values) * 1000 for values in seconds.values())
    with capsys.disabled():
        print(f"\n{'Odoo ms':>10} {'ours ms':>10} {'ratio':>10}   target <= 1.10")
        print(f"{plain:>10.1f} {ours:>10.1f} {ours / plain:>10.2f}")
    assert len(seconds[database]) == len(seconds[plain_database])
