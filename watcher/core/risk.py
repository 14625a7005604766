"""How bad a verdict is: severity with its reasons, as MAIL_VERDICT's severity table says."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """From nothing to see to act now; compare with `at_least`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def at_least(self, other: "Severity") -> bool:
        """Whether this severity is `other` or worse."""
        order = list(Severity)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Rating:
    """A severity and the plain-language reasons for it."""

    severity: Severity
    reasons: tuple[str, ...]
