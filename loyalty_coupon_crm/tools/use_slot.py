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

    def name(self, program_id):
        """Return the name under which holds claim this limit of a program."""
        if self.kind == "total":
            return f"{program_id}/total"
        return f"{program_id}/{self.kind}/{self.key}/{self.period}"


class LimitReachedError(Exception):
    """Nothing is left of a limit, not even when what others hold came back."""

    def __init__(self, slot):
        """Take the `Slot` that is full."""
        super().__init__(slot)
        self.slot = slot
