"""Events of the watch itself, to be: they have no name, and say whether the watch is blind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity


@dataclass(frozen=True, slots=True)
class WatchDraft:
    """An event of the watch itself: since when it holds, and what it says. `blind`: lookalikes are not seen."""

    kind: EventKind
    since: datetime | None = None
    after: Mapping[str, Any] = field(default_factory=dict)
    blind: bool = False
    severity: Severity = Severity.MEDIUM
