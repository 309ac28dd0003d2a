"""One limit of a program, and whose uses of which period it counts."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Slot:
    """A row of counters.

    `kind`: what is counted; `key`: whose uses, empty for all; `period`: its first day.
    `limit`: uses, 0 for none; `budget`: money, 0 for none. `span` is the length of the
    period and `day` the one on which the program is used.
    """

    kind: str
    key: str
    period: date
    limit: int = 0
    budget: float = 0.0
    span: str = "ever"
    day: date | None = None
