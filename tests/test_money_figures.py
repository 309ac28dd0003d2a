"""Results of campaigns and liabilities beside pandas, from raw rows."""

import pandas
import pytest
from figures import liability, results
from figures.groups import same

DAYS = ("2026-03-31", "2026-05-31", "2026-06-29")


@pytest.fixture(scope="module")
def told(loaded):
    """Return what the results of campaigns say."""
    return loaded.call("results", module="figures_money")


def _differences(wanted, said):
    wrong = []
    for name in results.FIGURES:
        value, told = wanted.get(name), said[name]
        value = None if value is None or pandas.isna(value) else float(value)
        if value is None:
            if told not in (False, None, 0):
                wrong.append(f"{name}: {told} is not empty")
        elif told is False or not abs(value - told) <= _tolerance(name, value):
            wrong.append(f"{name}: {told} is not {value}")
    wrong += [
        f"{name}: {said[name]}"
        for name in results.FLAGS
        if bool(wanted.get(name)) != said[name]
    ]
    return wrong


def _tolerance(name, value):
    if name in results.CENTS:
        return 0.00501
    # p-values have four decimals, percent and customers two.
    digits = 0.00005 if "p_value" in name else 0.005
    return digits + 1e-9 * abs(value)


def test_results_of_campaigns(loaded, told):
    wanted = results.of_campaigns(loaded.facts())
    said = {
        (row["campaign_id"][0], row["variant_id"][0] if row["variant_id"] else 0): row
        for row in told
        if row["campaign_id"]
    }
    assert set(said) == set(wanted)
    wrong = {key: _differences(figures, said[key]) for key, figures in wanted.items()}
    assert not any(wrong.values()), {key: text for key, text in wrong.items() if text}
    # Both kinds are there: with a control group and without.
    assert {row["has_control"] for row in said.values()} == {True, False}


def test_results_of_the_year(loaded, told):
    wanted = results.of_years(loaded.facts(), 2026)
    said = {row["company_id"][0]: row for row in told if not row["campaign_id"]}
    assert wanted and set(said) == set(wanted)
    wrong = {key: _differences(figures, said[key]) for key, figures in wanted.items()}
    assert not any(wrong.values()), wrong


def _liability_differences(wanted, rows, but=()):
    """Return what rows of liabilities say differently from pandas.

    :param but: (program, name) of figures that are not compared
    """
    said = {
        (row["company_id"][0], row["program_id"][0], row["date"]): row for row in rows
    }
    assert set(said) == set(wanted)
    wrong = []
    for key, figures in wanted.items():
        lines = {line["cohort"]: line for line in said[key]["lines"]}
        assert set(lines) == set(figures["lines"]), key
        pairs = [(figures, said[key], liability.FIGURES)]
        pairs += [
            (figures["lines"][month], line, liability.LINE_FIGURES)
            for month, line in lines.items()
        ]
        wrong += [
            f"{key} {name}: {there[name]} is not {here[name]}"
            for here, there, names in pairs
            for name in names
            if (key[1], name) not in but and not same(float(here[name]), there[name])
        ]
    return wrong


@pytest.fixture(scope="module")
def owed(loaded):
    """Return what points owe by raw rows of which none is folded."""
    return liability.rows(loaded.facts(), DAYS)


def test_liabilities(loaded, owed):
    found = loaded.call("liabilities", ",".join(DAYS), module="figures_money")
    wrong = _liability_differences(owed, found["rows"])
    assert not wrong, (len(wrong), wrong[:10])
    # Merged wallets below zero, and campaigns that pay what lies there, are among them.
    moves = loaded.facts().point_move
    drawn = loaded.facts().point_allocation
    kinds = moves.set_index("id")
    given = drawn[kinds.kind.reindex(drawn.award_id).values == "issue"]
    assert (given.award_id > given.spend_id).any()
    assert moves[moves.debt_of_id.notna()].id.isin(drawn.spend_id).any()


@pytest.mark.parametrize("before", ["2026-03-31", "2025-12-20,2026-02-15,2026-03-31"])
def test_liabilities_of_folded_movements(loaded, owed, before):
    """Folded at once or in turns, the same is owed on every day since."""
    found = loaded.call("liabilities", ",".join(DAYS), before, module="figures_money")
    assert found["folded"] > 100
    # Opening rows of a shared wallet belong to one company, whatever others moved.
    programs = loaded.facts().program
    shared = programs[programs.company_id.isna()].id
    but = {(program, "outstanding_all") for program in shared}
    wrong = _liability_differences(owed, found["rows"], but)
    assert not wrong, (len(wrong), wrong[:10])
