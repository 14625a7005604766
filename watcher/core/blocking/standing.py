"""The standing of a recipient domain: which lookalike it is or stands under, and whether it must always get mail."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from watcher.core.blocking.friends import FriendReason, Friends
from watcher.core.errors import InvalidName
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn, is_under, parse

BLOCKED = "blocked"
_PASSING = frozenset({"owned", "ignored"})
_BY_LIST = frozenset(
    {
        FriendReason.PROTECTED,
        FriendReason.BELOW_PROTECTED,
        FriendReason.BESIDE_PROTECTED,
        FriendReason.OWN,
        FriendReason.BELOW_OWN,
        FriendReason.BESIDE_OWN,
    }
)
"""A protected or own name gets mail whatever its triage."""


class StandingEntry(NamedTuple):
    """A lookalike that the watch holds, as far as mail to it is concerned; its likeliest resemblance."""

    triage: str
    able: bool
    grade: Grade
    protected: str
    techniques: tuple[str, ...]
    explanation: str


class BlockStanding(NamedTuple):
    """The case against mail to a domain. `name` is the lookalike: the domain, or a name above it.

    `protected` is the name that it resembles, `intended` the domain that was probably meant; None where only a suffix
    is known. `listed`: the watch holds it.
    """

    name: str
    protected: str
    intended: str | None
    grade: Grade
    blocked: bool
    able: bool
    listed: bool


class Silenced(NamedTuple):
    """A silence in force: `scope` is name, suffix, technique or protected."""

    scope: str
    value: str


class Standings:
    """Finds the standing of any domain in what the watch holds. `entries` may be changed in place."""

    def __init__(
        self,
        friends: Friends,
        *,
        entries: Mapping[str, StandingEntry] | None = None,
        silences: Collection[Silenced] = (),
        suffixes: Collection[str] = (),
    ) -> None:
        self.friends = friends
        self.entries: dict[str, StandingEntry] = dict(entries or {})
        self.silences = tuple(silences)
        self.suffixes = frozenset(suffixes)
        """Protected names that are public suffixes."""

    def find(self, domain: Fqdn, found: Iterable[Resemblance] = ()) -> BlockStanding | None:
        """Return the standing of a domain; None when nothing is held against it.

        `found`: what it resembles by comparison, for a domain that the watch does not hold.
        """
        held = next(((name, entry) for name in _with_ancestors(domain) if (entry := self.entries.get(name))), None)
        blocked = next(
            (name for name in _with_ancestors(domain) if (entry := self.entries.get(name)) and entry.triage == BLOCKED),
            None,
        )
        friend = self.friends.find(domain)
        if friend is not None and (friend.reason in _BY_LIST or blocked != domain):
            return None
        if blocked is not None:
            held = blocked, self.entries[blocked]
        if held is not None:
            name, entry = held
            if entry.triage in _PASSING or (blocked is None and self._is_silenced(domain, entry)):
                return None
            return self._standing(domain, name, entry, listed=True)
        best = next(iter(sorted(found, key=lambda one: (list(Grade).index(one.grade), -one.likelihood))), None)
        if best is None:
            return None
        entry = StandingEntry("new", False, best.grade, best.protected, best.techniques, best.explanation)  # noqa: FBT003 (able)
        return None if self._is_silenced(domain, entry) else self._standing(domain, domain, entry, listed=False)

    def _standing(self, domain: str, name: str, entry: StandingEntry, *, listed: bool) -> BlockStanding:
        meant = intended(domain, name, entry.protected, entry.explanation, suffix=entry.protected in self.suffixes)
        return BlockStanding(
            name, entry.protected, meant, entry.grade, entry.triage == BLOCKED, entry.able and listed, listed
        )

    def _is_silenced(self, domain: str, entry: StandingEntry) -> bool:
        for scope, value in self.silences:
            if scope in {"name", "suffix"} and is_under(domain, value):
                return True
            if scope == "technique" and entry.techniques == (value,):
                return True
            if scope == "protected" and is_under(entry.protected, value):
                return True
        return False


def intended(domain: str, name: str, protected: str, explanation: str, *, suffix: bool) -> str | None:
    """Return the domain that somebody probably meant who wrote `domain`, which is or stands under `name`.

    Of a protected `suffix` the explanation begins with the name below it that is resembled.
    """
    meant: str | None = protected or None
    if suffix:
        meant = None
        try:
            below = parse(explanation.partition(" with ")[0])
        except InvalidName:
            below = Fqdn("")
        if below.endswith(f".{protected}"):
            meant = below
    return None if meant is None else domain[: len(domain) - len(name)] + meant


def _with_ancestors(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]
