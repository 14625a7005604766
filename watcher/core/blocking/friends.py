"""Friends: names that no block list and no refusal may hit, each with the reason.

An entry of a block list also stops mail to every host below the name. A name is therefore a friend when it is, stands
above, or stands below something that must keep getting mail.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from watcher.core.slips.tables import Tables


class FriendReason(StrEnum):
    """The rule that makes a name a friend."""

    PROTECTED = "protected"
    BELOW_PROTECTED = "below_protected"
    ABOVE_PROTECTED = "above_protected"
    BESIDE_PROTECTED = "beside_protected"
    """Under the registrable domain of a protected host: the same owner's."""
    OWN = "own"
    BELOW_OWN = "below_own"
    ABOVE_OWN = "above_own"
    BESIDE_OWN = "beside_own"
    PUBLIC_SUFFIX = "public_suffix"
    ABOVE_PUBLIC_SUFFIX = "above_public_suffix"
    POPULAR = "popular"
    CLOSED_SUFFIX = "closed_suffix"


_SENTENCES = {
    FriendReason.PROTECTED: "{name} is protected",
    FriendReason.BELOW_PROTECTED: "{name} stands below {of}, which is protected",
    FriendReason.ABOVE_PROTECTED: "{name} stands above {of}, which is protected",
    FriendReason.BESIDE_PROTECTED: "{name} belongs to the same registrable domain as {of}, which is protected",
    FriendReason.OWN: "{name} is on the own list",
    FriendReason.BELOW_OWN: "{name} stands below {of}, which is on the own list",
    FriendReason.ABOVE_OWN: "{name} stands above {of}, which is on the own list",
    FriendReason.BESIDE_OWN: "{name} belongs to the same registrable domain as {of}, which is on the own list",
    FriendReason.PUBLIC_SUFFIX: "{name} is a public suffix: blocking it would block everybody below it",
    FriendReason.ABOVE_PUBLIC_SUFFIX: "{name} stands above {of}, below which anybody may hold a name",
    FriendReason.POPULAR: "{of} is used by many people",
    FriendReason.CLOSED_SUFFIX: "outsiders cannot register below {of}",
}


@dataclass(frozen=True, slots=True)
class Friend:
    """The reason why `name` is a friend. `of` is the entry that makes it one: a listed name, a suffix.

    `since` is when a person listed that entry; None for a rule that no person wrote.
    """

    name: str
    reason: FriendReason
    of: str
    since: datetime | None = None

    @property
    def sentence(self) -> str:
        """Return the reason for people to read, without a final stop."""
        return _SENTENCES[self.reason].format(name=self.name, of=self.of)


@dataclass(frozen=True, slots=True)
class ListedName:
    """A protected name, or (`own`) a name of the own list, and when it was listed."""

    name: str
    own: bool = False
    since: datetime | None = None


_LISTED = {
    False: (
        FriendReason.PROTECTED,
        FriendReason.BELOW_PROTECTED,
        FriendReason.ABOVE_PROTECTED,
        FriendReason.BESIDE_PROTECTED,
    ),
    True: (FriendReason.OWN, FriendReason.BELOW_OWN, FriendReason.ABOVE_OWN, FriendReason.BESIDE_OWN),
}


class Friends:
    """The friends of one installation: what is `listed`, and what the bundled tables and `popular` names say."""

    def __init__(self, listed: Iterable[ListedName], tables: Tables, popular: Collection[str] = ()) -> None:
        self._tables = tables
        self._popular = frozenset(popular)
        self._above_popular = {ancestor: name for name in self._popular for ancestor in _ancestors(name)}
        self._above_suffixes = _names_above_suffixes(tables)
        self._listed: dict[str, ListedName] = {}
        self._above: dict[str, ListedName] = {}
        self._domains: dict[str, ListedName] = {}
        for entry in sorted(listed, key=lambda entry: (entry.name, entry.own)):  # the answer is the same in any order
            self._add(entry)

    def _add(self, entry: ListedName) -> None:
        _keep_newest(self._listed, entry.name, entry)
        for ancestor in _ancestors(entry.name):
            _keep_newest(self._above, ancestor, entry)
        domain = self._tables.suffixes.registrable_domain(entry.name)
        if domain is not None:
            _keep_newest(self._domains, domain, entry)

    def find(self, name: str) -> Friend | None:
        """Return why `name` is a friend; None when it is none. A rule of the operator's comes before a bundled one."""
        return self._find_listed(name) or self._find_bundled(name)

    def _find_listed(self, name: str) -> Friend | None:
        entry = self._listed.get(name)
        if entry is not None:
            return _friend(name, 0, entry)
        above = tuple(_ancestors(name))
        for ancestor in above:
            entry = self._listed.get(ancestor)
            if entry is not None:
                return _friend(name, 1, entry)
        entry = self._above.get(name)
        if entry is not None:
            return _friend(name, 2, entry)
        for ancestor in above:
            entry = self._domains.get(ancestor)
            if entry is not None:
                return _friend(name, 3, entry)
        return None

    def _find_bundled(self, name: str) -> Friend | None:
        tables = self._tables
        if tables.suffixes.is_suffix(name):
            return Friend(name, FriendReason.PUBLIC_SUFFIX, name)
        if name in self._above_suffixes:
            return Friend(name, FriendReason.ABOVE_PUBLIC_SUFFIX, self._above_suffixes[name])
        popular: str | None = tables.suffixes.registrable_domain(name)
        if popular not in self._popular:
            popular = self._above_popular.get(name)
        if popular is not None:
            return Friend(name, FriendReason.POPULAR, popular)
        for ancestor in _ancestors(name):
            if tables.is_restricted(ancestor):
                return Friend(name, FriendReason.CLOSED_SUFFIX, ancestor)
        return None


@lru_cache(maxsize=4)
def _names_above_suffixes(tables: Tables) -> Mapping[str, str]:
    """Return the names that stand above a public suffix, each with one such suffix."""
    above: dict[str, str] = {}
    for rule in sorted(tables.icann | tables.private):
        suffix = rule.removeprefix("!")
        for ancestor in _ancestors(suffix):
            above.setdefault(ancestor, suffix)
    return above


def _ancestors(name: str) -> Iterator[str]:
    """Yield the names above `name`, the nearest first."""
    while (cut := name.find(".")) >= 0:
        name = name[cut + 1 :]
        yield name


def _keep_newest(entries: dict[str, ListedName], key: str, entry: ListedName) -> None:
    """Keep the entry that was listed last: a person's later decision counts. An entry without a time counts as last."""
    known = entries.get(key)
    if known is None or (known.since is not None and (entry.since is None or entry.since > known.since)):
        entries[key] = entry


def _friend(name: str, relation: int, entry: ListedName) -> Friend:
    return Friend(name, _LISTED[entry.own][relation], entry.name, entry.since)
