"""The whole error tree: which failures are exceptions, and what each one carries.

    WatcherError
    ├── InvalidName(text, reason)          400 to an API caller, exit 2 on the command line
    ├── ConfigurationError(setting, why)   exit 2, names the setting and the mend
    ├── StoreError(why)                    wrong migration, no rights: the job stops, vigil reports; exit 3
    │   └── StoreAway(why)                 the server cannot be reached now; a worker waits for it
    ├── DishonestResolver(resolver, why)   never used for a verdict
    ├── LookupFailed(source, cause)        inside lookups only: becomes an outcome
    └── DeliveryFailed(why, retry_after)   try again later
        └── DeliveryRejected(why)          never again, tell the operator

A DNS or registry failure is data (an outcome), not an exception.
"""

from datetime import timedelta
from enum import StrEnum


class WatcherError(Exception):
    """Anything watcher itself raises. The message is one line for a person."""


class InvalidName(WatcherError):
    """`text` is no name that could be looked up; `reason` says why in a few words."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason
        shown = text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 (one line on a terminal)
        super().__init__(f"{shown!r} is not a name: {reason}")


class ConfigurationError(WatcherError):
    """Setting `setting` cannot be used; `why` names the mend."""

    def __init__(self, setting: str, why: str) -> None:
        self.setting = setting
        self.why = why
        super().__init__(f"{setting}: {why}")


class ReportRefused(WatcherError):
    """A request about `name` would be false or hit the wrong people; `why` says it."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why
        super().__init__(f"no report on {name}: {why}")


class StoreError(WatcherError):
    """The database cannot be used; `why` says what to do."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class StoreAway(StoreError):
    """The database's server cannot be reached now, or stops or starts: worth another try."""


class DishonestResolver(WatcherError):
    """`resolver` (address:port) rewrites or hides answers and is never used for a verdict."""

    def __init__(self, resolver: str, why: str) -> None:
        self.resolver = resolver
        self.why = why
        super().__init__(f"resolver {resolver} is not honest: {why}")


class LookupFailed(WatcherError):
    """Raised and caught inside `lookups` only: it becomes an outcome."""

    def __init__(self, source: str, cause: str) -> None:
        self.source = source
        self.cause = cause
        super().__init__(f"{source}: {cause}")


class LeaseLost(WatcherError):
    """The work was given to another process meanwhile: nothing of it may be written here any more."""

    def __init__(self) -> None:
        super().__init__("the lease ran out, and the work was given to another process")


class FailureReason(StrEnum):
    """The reasons why a channel does not accept a message: a closed set, for the API, the pages and the metric."""

    AUTH = "auth"
    """It wants another key, or the key may not do this."""
    RATE_LIMITED = "rate_limited"
    CLIENT = "client"
    """It does not accept this message."""
    SERVER = "server"
    """It failed, or answered what nobody expects."""
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"


class FeedFailed(WatcherError):
    """A feed could not be had whole: its names are not used, and those of last time stay.

    `retry_after`: the seconds that its server wishes to be left alone. `status`: the HTTP status it gave, where it did.
    """

    def __init__(self, why: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        self.retry_after = retry_after
        self.status = status
        super().__init__(why)


class LogDishonest(FeedFailed):
    """A certificate log does not hold what it signed before, or shows what it did not sign: worth a person's look."""


class DeliveryFailed(WatcherError):
    """A channel did not accept a message; worth another try, not before `retry_after` where given.

    `progressed`: it accepted some of a message's events and works; the rest follows with the next try, at once.
    `partly_accepted`: some recipients have the message, the others get it with a later try; no other alert waits for
    that. `reason` is the one of a closed set.
    """

    def __init__(
        self,
        why: str,
        retry_after: timedelta | None = None,
        *,
        progressed: bool = False,
        partly_accepted: bool = False,
        reason: FailureReason = FailureReason.SERVER,
    ) -> None:
        self.why = why
        self.reason = reason
        self.retry_after = retry_after
        self.progressed = progressed
        self.partly_accepted = partly_accepted
        super().__init__(why)


class DeliveryRejected(DeliveryFailed):
    """A channel will never accept this message as things are.

    `mendable`: for the sake of settings or the far side (revoked webhook, unknown channel, wrong password), not of what
    the message says.
    """

    def __init__(self, why: str, *, mendable: bool = False, reason: FailureReason = FailureReason.CLIENT) -> None:
        self.mendable = mendable
        super().__init__(why, reason=reason)


def outside_failure(error: BaseException) -> str | None:
    """Return the line that tells a failure from outside the program: of the database, a disk; None for a bug.

    A group is one where all in it are.
    """
    if isinstance(error, BaseExceptionGroup):
        reasons = [outside_failure(inner) for inner in error.exceptions]
        return None if None in reasons else reasons[0]
    if isinstance(error, OSError):
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or type(error).__name__}{place}"
    return " ".join(str(error).split()) if isinstance(error, StoreError) else None
