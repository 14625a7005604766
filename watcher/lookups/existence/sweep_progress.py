"""The progress of one existence sweep."""

from collections import Counter
from dataclasses import dataclass, field

from watcher.core.mail.dns import Outcome


@dataclass(slots=True)
class SweepProgress:
    """The progress of one sweep. `unsettled`: names given up for now, by the last outcome."""

    started: float
    """Seconds on the resolver's clock (a POSIX time on the system's)."""
    asked: int = 0
    """Questions, retries included."""
    absent: int = 0
    look: int = 0
    unsettled: Counter[Outcome] = field(default_factory=Counter)
    silent: bool = False
    """No server said anything for so long that the rest was left unasked."""
    finished: float | None = None

    @property
    def settled(self) -> int:
        """Names that something is known about."""
        return self.absent + self.look

    @property
    def done(self) -> int:
        """Names handed over."""
        return self.settled + self.unsettled.total()

    def rate(self, now: float) -> float:
        """Names a second since the start; `now` on the same clock."""
        return self.done / max((self.finished or now) - self.started, 1e-3)
