"""The ports: what services need from the outside world, as Protocols that adapters and fakes both satisfy."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from watcher.core.mail.dns import Answer, Outcome, Question
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.telling.alerts import Alert


class Clock(Protocol):
    """Time, so that tests can make it pass."""

    def now(self) -> datetime:
        """Return the present time, aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` have passed on this clock."""
        ...


class Resolver(Protocol):
    """Careful resolution: several resolvers, retries, TCP on truncation, EDNS fallback. A failure is an outcome."""

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:
        """Return the answers in the order of the questions; never raises for what the DNS did.

        `avoid`: resolvers (as in `Answer.resolver`) to use only when there is no other (the confirming read, M38).
        """
        ...


class Presence(StrEnum):
    """The finding of the existence sweep about a registrable domain."""

    ABSENT = "absent"
    """A clean NXDOMAIN: the name and everything below it does not exist."""
    LOOK = "look"
    """It exists, or the answer needs the careful inquiry."""
    UNSETTLED = "unsettled"
    """No answer that says anything: asked again later, never dropped, never "absent"."""


class Existence(NamedTuple):
    """One name of a sweep with what was learnt; `outcome` is the last one, `resolver` who said it."""

    name: Fqdn
    presence: Presence
    outcome: Outcome
    resolver: str
    delegated: bool = False
    """The suffix's own servers said that it is delegated: whatever else is asked of it, it is registered."""


class Sweeper(Protocol):
    """The existence sweep: one question a name, in bulk, politely."""

    def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Yield every name once, in the order they settle; `names` is consumed lazily, memory stays bounded."""
        ...


class Registry(Protocol):
    """Registration facts, at a registry's pace."""

    async def facts(self, domain: Fqdn, *, worth: float = 0.0, since: datetime | None = None) -> RegistrationFacts:
        """Return the facts of a registrable domain (see `Suffixes.registrable_domain`).

        Never raises for what a registry did.
        Where only a parent of it is known to a registry (`github.io`), they are the parent's; `facts.domain` says so.

        Of several that wait for one server the one of highest `worth` goes first (see `registration.Worth`). An answer
        that is remembered from before `since` is not given again.
        """
        ...


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """The registry key: `slack`, `email`, ..."""
        ...

    @property
    def every_event(self) -> bool:
        """Return whether `send` is to be given all events of an alert, and not only those that a person would read."""
        ...

    async def send(self, alert: Alert) -> None:
        """Return when the far side has accepted the message. Raises DeliveryFailed or DeliveryRejected.

        Idempotent as far as the far side allows: every try of one alert carries the same `alert.id`.
        """
        ...


@runtime_checkable
class Answering(Protocol):
    """A channel that keeps threads: a message about a group can be answered."""

    async def answer(self, group: str, text: str) -> bool:
        """Answer the first message about the group; False where none is known.

        Raises DeliveryFailed or DeliveryRejected.
        """
        ...


class Memory(Protocol):
    """The memory of a channel across restarts; a loss of it costs comfort, never an alert."""

    async def get(self, key: str) -> str | None:
        """Return the value put there last; None when there is none. Raises StoreError."""
        ...

    async def put(self, key: str, value: str | None) -> None:
        """Keep it; None: forget. Raises StoreError."""
        ...


class Authorities(Protocol):
    """Finds the nameservers of a name's zone, which are then read one at a time with no cache in between.

    Their operator, who may be the registrant of the lookalike, sees our address.
    """

    def of(self, name: Fqdn) -> AbstractAsyncContextManager[Sequence[Resolver]]:
        """One resolver for each nameserver: it reads the zone there, and everything else as usual.

        None at all where the zone has no nameserver that may be asked. They are good inside the context only.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content of a feed: `names` in blocks, each once or oftener; `zone`: they are all there is right below it.

    `position` is what to ask from next time. Reading `names` raises FeedFailed where they end before their end. After
    that, `left_out` tells how many lines held no name, and the first of them; `ends_with_soa`: that a zone file closes
    with its SOA, as a transfer does.
    """

    names: Iterator[Sequence[Fqdn]]
    position: str
    zone: str | None = None
    left_out: Callable[[], tuple[int, str | None]] = lambda: (0, None)
    ends_with_soa: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class LogBatch:
    """The names of some entries of a certificate log. `position` is where to go on when they have been used.

    `dropped` texts were no names, `nameless` entries had none at all, and `skipped` entries were left out because the
    log was too far behind. `behind`: entries that are still to be read. `signed_at`: when the log signed its head.
    """

    names: Sequence[Fqdn]
    position: str
    entries: int
    dropped: int
    nameless: int
    skipped: int
    behind: int
    signed_at: datetime | None


class CertificateLog(Protocol):
    """A log of certificates that only grows."""

    @property
    def name(self) -> str:
        """Its name for people."""
        ...

    @property
    def url(self) -> str:
        """Its address, which is unique."""
        ...

    def read(self, position: str | None) -> AsyncIterator[LogBatch]:
        """Read on from `position` to the end as it is now; None: go to the end.

        Raises FeedFailed for what cannot be had, and where the log does not hold what it signed before.
        """
        ...


@runtime_checkable
class LogsFeed(Protocol):
    """A source of certificate logs."""

    @property
    def kind(self) -> str:
        """The kind of the settings: `ct`."""
        ...

    def logs(self) -> AbstractAsyncContextManager[Sequence[CertificateLog]]:
        """Give the logs that are to be read now. Raises FeedFailed where they cannot be known."""
        ...


class NamesFeed(Protocol):
    """A source of names that exist."""

    @property
    def kind(self) -> str:
        """The kind of the settings: `zone_file`, `zone_transfer`, `czds`, `names`."""
        ...

    @property
    def waits(self) -> bool:
        """Whether others bring its files: then nothing new is no sign that it works."""
        ...

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """Return the content; None where nothing is newer than `position`. `scratch` names a file to keep it in.

        Raises FeedFailed for what cannot be had whole: a cut list is no shorter list.
        """
        ...
