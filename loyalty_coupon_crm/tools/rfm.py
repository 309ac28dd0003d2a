"""RFM: the names of the cells of recency and value (frequency and money)."""

LABELS = [
    ("champion", "Champions"),
    ("loyal", "Loyal"),
    ("potential", "Potential loyalist"),
    ("new", "New"),
    ("promising", "Promising"),
    ("attention", "Needs attention"),
    ("sleepy", "About to sleep"),
    ("risk", "At risk"),
    ("never_lose", "Can't lose"),
    ("hibernating", "Hibernating"),
    ("lost", "Lost"),
]
# Rows: recency 5 to 1; columns: the mean of frequency and money, 5 to 1.
MATRIX = {
    5: ("champion", "champion", "potential", "potential", "new"),
    4: ("champion", "champion", "loyal", "potential", "promising"),
    3: ("loyal", "loyal", "attention", "attention", "sleepy"),
    2: ("risk", "risk", "risk", "hibernating", "hibernating"),
    1: ("never_lose", "never_lose", "risk", "lost", "lost"),
}
# Fewer buyers than this are scored by the thresholds of the settings.
FEWEST_RANKED = 500


def cells():
    """Return (recency score, value score, name) of all 25 cells."""
    return [
        (recency, 5 - place, name)
        for recency, names in MATRIX.items()
        for place, name in enumerate(names)
    ]


def read_thresholds(text):
    """Return the four numbers between the scores 1 to 5.

    :param text: numbers with commas between, for example "30, 60, 120, 240"
    :raise ValueError: when they are not four different numbers in rising order
    """
    numbers = [float(part) for part in (text or "").split(",")]
    if len(numbers) != 4 or sorted(set(numbers)) != numbers:
        raise ValueError(text)
    return numbers
