"""Targets of the house for wallets, at growing sizes, in one table.

Spend from a wallet with 1,000 open awards <= 20 ms; expire lapsed awards >= 0.5 x bare
SQL of the same writes; the nightly check <= 2 x the bare query.

`LOYALTY_PERF_MILLION=1` adds a million awards, and the check of a million cards with
five million movements. What is asserted is processor time, of the process and of its
database connection, as in `test_issue.py`; the clock stands beside it. The run prints
the table and writes it to `wallet.md` among the reports.
"""

import os

import pytest
from database import copied
from processes import result_of
from testing import runs

SIZES = [10_000, 100_000]
MILLION = 1_000_000
if os.environ.get("LOYALTY_PERF_MILLION"):
    SIZES.append(MILLION)
AWARDS_IN_WALLET, MILLISECONDS = 1000, 20
AWARDS_EACH = 5
VERSUS_BARE, VERSUS_QUERY = 0.5, 2.0
ROUNDS = 3
COLUMNS = (
    "what",
    "size",
    "prepared s",
    "ours s",
    "bare s",
    "ours CPU s",
    "bare CPU s",
    "figure",
    "target",
)


class Table:
    """The measurements of one run."""

    def __init__(self):
        self.rows = []

    def add(self, what, size, prepared, ours, bare, figure, target):
        """Note one measurement.

        :param ours: dict with `seconds` by the clock and of the `processor`
        :param bare: the same of the bare SQL, empty for none
        :param figure: what the target is about, as text
        """
        seconds = [
            f"{found[name]:.3f}" if found else ""
            for name in ("seconds", "processor")
            for found in (ours, bare)
        ]
        self.rows.append(
            [what, f"{size:,}", f"{prepared:.1f}", *seconds, figure, target]
        )

    def lines(self):
        """Return the lines of the table, in Markdown."""
        every = [list(COLUMNS), *self.rows]
        widths = [max(map(len, column)) for column in zip(*every, strict=True)]
        every.insert(1, ["-" * width for width in widths])
        return [
            "| "
            + " | ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            + " |"
            for row in every
        ]


@pytest.fixture(scope="module")
def table(request):
    """Return the table, printed and written when the last measurement is done."""
    made = Table()
    yield made
    load = f"load of the machine {os.getloadavg()[0]:.1f}"
    text = "\n".join([*made.lines(), "", load])
    runs.LOGS.mkdir(parents=True, exist_ok=True)
    (runs.LOGS / "wallet.md").write_text(text + "\n", encoding="utf-8")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{text}")


@pytest.fixture
def twin(addons_template):
    """Return the name of a second database for the bare statements."""
    with copied(addons_template) as name:
        yield name


def _prepare(start_worker, *arguments, **where):
    """Make the rows and return the seconds it took."""
    return result_of(start_worker("ledger", "world", *arguments, **where))["seconds"]


@pytest.mark.parametrize("size", SIZES)
def test_spend_from_a_full_wallet(start_worker, table, size):
    """Spends that draw 10 of 1,000 open awards, beside ever more other wallets."""
    prepared = _prepare(start_worker, size, AWARDS_IN_WALLET, 0)
    found = result_of(start_worker("ledger", "spend"))
    ours = {
        "seconds": found["median"] / 1000,
        "processor": found["processor"] / 1000,
    }
    table.add(
        "spend from 1,000 awards",
        size,
        prepared,
        ours,
        {},
        f"{found['processor']:.1f} ms, slowest {found['slowest']:.1f}",
        f"<= {MILLISECONDS} ms",
    )
    assert found["left"] < AWARDS_IN_WALLET
    assert found["processor"] <= MILLISECONDS


def test_expire(start_worker, database, twin, table):
    """Our cron and bare SQL take off lapsed awards."""
    ratios = {}
    for size in SIZES:
        for name in (database, twin):
            prepared = _prepare(start_worker, size, AWARDS_EACH, 1, database=name)
        bare = result_of(start_worker("ledger", "expire_bare", database=twin))
        ours = result_of(start_worker("ledger", "expire"))
        ratios[size] = bare["processor"] / ours["processor"]
        table.add(
            "expire awards",
            size,
            prepared,
            ours,
            bare,
            f"{ratios[size]:.2f} x bare",
            f">= {VERSUS_BARE}",
        )
    left = result_of(start_worker("ledger", "summarize"))
    assert left == {"open": 0, "differences": 0}
    assert ratios[SIZES[-1]] >= VERSUS_BARE


def test_nightly_check(start_worker, table):
    """Our check of all cards, with five movements each, and the bare query."""
    ratios = {}
    cards = 0
    for size in SIZES:
        # Every size adds to those before.
        more = (size - cards) * AWARDS_EACH
        prepared = _prepare(start_worker, more, AWARDS_EACH, 0)
        cards = size
        found = {"check": [], "check_bare": []}
        for _round in range(ROUNDS):
            for name, rounds in found.items():
                result = result_of(start_worker("ledger", name))
                assert result["found"] == 0
                rounds.append(result)
        ours, bare = (
            {
                name: min(result[name] for result in rounds)
                for name in ("seconds", "processor")
            }
            for rounds in found.values()
        )
        ratios[size] = ours["processor"] / bare["processor"]
        table.add(
            "check of cards",
            size,
            prepared,
            ours,
            bare,
            f"{ratios[size]:.2f} x bare",
            f"<= {VERSUS_QUERY}",
        )
    assert ratios[SIZES[-1]] <= VERSUS_QUERY
