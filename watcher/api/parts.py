"""Everything the API is put together from, handed in by the composition root."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from watcher.api.answers import Answers
from watcher.api.metrics import Metrics
from watcher.api.places import Places
from watcher.api.policy import Policy
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock
from watcher.services.names.sessions import Sessions
from watcher.services.names.tokens import Gatekeeper
from watcher.store import Store, audit
from watcher.store.audit import AuditRow

if TYPE_CHECKING:
    from watcher.api.exports import ExportDesk
    from watcher.services.answers.lookup import Lookup
    from watcher.services.answers.scans import Scans
    from watcher.services.blocking.recipient_policy import RecipientPolicy
    from watcher.services.feeding.feeding import Feeding
    from watcher.services.health.attention import Needed
    from watcher.services.sweeps.sweep import Sweep

_MOST_ABOUT = 300
Ready = Callable[[], Awaitable[str | None]]
"""None when all is well, else one line that says what is not."""


class DoctorFinding(Protocol):
    """One thing that the doctor looked at. `state` is ok, warning or broken."""

    @property
    def what(self) -> str:
        """Return the thing."""
        ...

    @property
    def state(self) -> str:
        """Return whether it is well."""
        ...

    @property
    def detail(self) -> str:
        """Return what was seen and, where not well, the mend."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts that the endpoints work with.

    `enumerate` gives the candidates of (a protected name, how many, by which techniques; none: all), best first, as
    `candidate` shapes; it raises InvalidName. `tiers` are (rank up to, interval). `ready` are the checks of `/readyz`.
    `test_channel` sends a marked test alert and raises DeliveryFailed; `channels` are the names it knows.
    `sweep` and `scans` are those of this process; None: nothing sweeps here.
    `exports` hands out block lists; None: nothing does here.
    `needed` gives what needs a person now. `channel_settings` are the settings of each channel, secrets hidden.
    `examine` runs the doctor, which asks outside; None: it cannot be run here.
    `protected_changed` is called after protected or own names changed, so that whoever holds them reads them again.
    """

    store: Store
    clock: Clock
    policy: Policy
    gatekeeper: Gatekeeper
    metrics: Metrics
    suffixes: Suffixes
    lookup: "Lookup"
    enumerate: Callable[[str, int, Sequence[str]], Iterable[dict[str, Any]]]
    version: str
    channels: tuple[str, ...] = ()
    test_channel: Callable[[str], Awaitable[None]] | None = None
    tiers: tuple[tuple[int, timedelta], ...] = ()
    ready: Mapping[str, Ready] = field(default_factory=dict)
    protected_changed: Callable[[], Awaitable[None]] | None = None
    sweep: "Sweep | None" = None
    recipient_policy: "RecipientPolicy | None" = None
    """Policy that answers mail servers about a recipient."""
    scans: "Scans | None" = None
    exports: "ExportDesk | None" = None
    needed: "Callable[[], Awaitable[Sequence[Needed]]] | None" = None
    channel_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    examine: Callable[[], Awaitable[Sequence[DoctorFinding]]] | None = None
    feeding: "Feeding | None" = None
    """The feeds of the settings."""
    poll_seconds: float = 1.0
    """Seconds between two looks of an event stream for new events."""
    sessions: "Sessions" = field(init=False)
    answers: Answers = field(default_factory=Answers)
    """Answers about names, kept as they were given."""
    enumerating: Places = field(default_factory=lambda: Places(1, waiting=20))
    """Places for enumerations, which load the processor: one at a time leaves the other core to the watch."""
    comparing: Places = field(default_factory=lambda: Places(1, waiting=20))
    """Places for comparisons of thousands of names with protected ones, which load the processor too."""
    looking: Places = field(default_factory=lambda: Places(16, waiting=100))
    """Places for looks that somebody waits for: they go before those that are due."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sessions", Sessions(self.store, self.clock))

    async def note(self, who: str | None, what: str, about: str) -> None:
        """Put a change into the audit."""
        async with self.store.write() as tx:
            await audit.add(tx, AuditRow(self.store.ids(), self.clock.now(), who, what, about[:_MOST_ABOUT]))

    async def changed(self) -> None:
        """Tell whoever holds the protected and own names that they are others now."""
        if self.protected_changed is not None:
            await self.protected_changed()
