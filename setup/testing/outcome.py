"""What a part of the tests found: counts, and words about every failure."""

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """Counts of one part.

    `problems` says in words what failed, one text each; `repeated` names the tests that
    were tried again.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    problems: list = field(default_factory=list)
    repeated: list = field(default_factory=list)

    @classmethod
    def of_check(cls, problem=""):
        """Return the outcome of a single check, failed when `problem` has text."""
        return cls(failed=1, problems=[problem]) if problem else cls(passed=1)

    def __add__(self, other):
        return Outcome(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.problems + other.problems,
            self.repeated + other.repeated,
        )

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
