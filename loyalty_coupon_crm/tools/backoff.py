"""How long somebody waits who enters wrong codes again and again."""

from dataclasses import dataclass

# After so many wrong codes beyond the free ones people are told.
ALERT_AFTER = 5


@dataclass(frozen=True)
class Backoff:
    """So many wrong codes are free; then every further one doubles the wait.

    `free`: wrong codes without a wait; `first` and `most`: seconds.
    """

    free: int
    first: int
    most: int

    def wait(self, failures):
        """Return for how many seconds nothing is looked up after so many failures."""
        beyond = failures - self.free
        if beyond <= 0:
            return 0
        # Doubling more often than this is beyond any `most`.
        return min(self.first * 2 ** min(beyond - 1, 30), self.most)

    def is_alert(self, failures):
        """Tell whether this failure is the one to tell people about."""
        return failures == self.free + ALERT_AFTER
