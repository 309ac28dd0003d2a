"""Group frames as a reader groups a report, and compare the two.

Figures are functions of a pandas group-by; a column of it may be missing values.
"""

import math

import pandas

# Nothing of a cent may be missing; rates come from the same sums.
TOLERANCE = 1e-6


def total(column, cents=False):
    """Return a figure: the sum of a column, empty when no row of the group has one.

    :param cents: whether the column holds cents, and the figure units of money
    """
    return lambda groups: groups[column].sum(min_count=1) / (100 if cents else 1)


def money(column):
    """Return a figure: the sum of a column of cents."""
    return total(column, cents=True)


def distinct(column):
    """Return a figure: how many different values a column has."""
    return lambda groups: groups[column].nunique()


def ratio(above, below, factor=1):
    """Return a figure: one figure by another, empty when that is zero."""

    def compute(groups):
        denominator = below(groups).astype(float)
        return (
            above(groups).astype(float) * factor / denominator.where(denominator != 0)
        )

    return compute


def plus(*figures):
    """Return a figure: the sum of figures."""
    return lambda groups: sum(figure(groups) for figure in figures)


def by_group(rows, keys, figures):
    """Return {key: {name: value}} of the groups of a frame.

    :param keys: names of columns, with `:month` and the like for parts of time
    """
    columns = [_key(rows, key) for key in keys] or [pandas.Series(0, index=rows.index)]
    groups = rows.groupby(columns, dropna=False, sort=False)
    table = pandas.DataFrame({name: figure(groups) for name, figure in figures.items()})
    found = {}
    for key, row in zip(table.index, table.itertuples(index=False), strict=True):
        key = key if isinstance(key, tuple) else (key,)
        values = dict(zip(figures, row, strict=True))
        found[tuple(_plain(part) for part in key) if keys else ()] = {
            name: _plain(value) for name, value in values.items()
        }
    return found


def _key(rows, key):
    name, _colon, part = key.partition(":")
    column = rows[name]
    if part == "month":
        column = column.dt.to_period("M").dt.to_timestamp()
    elif part == "week":
        column = column - pandas.to_timedelta(column.dt.dayofweek, "D")
    elif part == "year":
        column = column.dt.to_period("Y").dt.to_timestamp()
    return column


def _plain(value):
    """Return a value as JSON would have it; what is missing is False."""
    if value is None or value is pandas.NA or value is pandas.NaT:
        return False
    if isinstance(value, pandas.Timestamp):
        return str(value.date())
    if isinstance(value, float) and math.isnan(value):
        return False
    return value.item() if hasattr(value, "item") else value


def differences(expected, answer, names):
    """Return what a report says differently, as text.

    :param expected: {key: {name: value}} of `by_group`
    :param answer: list of [key, values] that the report gave
    """
    said = {tuple(key): dict(zip(names, values, strict=True)) for key, values in answer}
    # Rows of nothing but zeros are there for figures that are not compared.
    wrong = [
        f"{key}: only the report has it: {figures}"
        for key, figures in said.items()
        if key not in expected and any(figures.values())
    ]
    for key, figures in expected.items():
        if key not in said:
            wrong.append(f"{key}: missing in the report")
            continue
        for name, value in figures.items():
            if not same(value, said[key][name]):
                wrong.append(f"{key} {name}: {said[key][name]} is not {value}")
    return wrong


def same(wanted, said):
    """Return whether two values are one: counts exactly, money to the last cent."""
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        if isinstance(said, bool) or said is None:
            return False
        return abs(wanted - said) <= TOLERANCE * max(1, abs(wanted) / 1e6)
    # Empty is empty, never zero.
    return wanted == said or (wanted is False and said is None)
