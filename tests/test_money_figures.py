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


def test_liabilities(loaded):
    wanted = liability.rows(loaded.facts(), DAYS)
    rows = loaded.call("liabilities", ",".join(DAYS), module="figures_money")
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
            if not same(float(here[name]), there[name])
        ]
    assert not wrong, (len(wrong), wrong[:10])
