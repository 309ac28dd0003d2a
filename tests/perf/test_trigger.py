"""Target of the house: 100,000 new purchases over 20 live campaigns in 60 s.

Of processor time, of the process and of its database connection: what else the machine
does disturbs it least.
"""

from processes import result_of

CAMPAIGNS, CUSTOMERS, PURCHASES = 20, 20_000, 100_000
SECONDS = 60.0


def test_trigger(start_worker, capsys):
    """Print how long it takes to find whom 100,000 purchases concern."""
    result_of(start_worker("trigger", "prepare", CAMPAIGNS, CUSTOMERS))
    result_of(start_worker("trigger", "write_purchases", PURCHASES))
    found = result_of(start_worker("trigger", "look"))
    with capsys.disabled():
        print(
            f"\n{PURCHASES:,} purchases, {CAMPAIGNS} campaigns: "
            f"{found['processor']:.1f} s of processor, {found['seconds']:.1f} s by the "
            f"clock, {found['members']:,} members"
        )
    assert found["members"] > PURCHASES / 2
    assert found["processor"] <= SECONDS
