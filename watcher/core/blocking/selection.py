"""Selection: which lookalikes stand on a block list, and for each one that does not, why not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.core.blocking.friends import Friend, Friends
from watcher.core.events import Grade, Resemblance
from watcher.core.mail.risk import Severity


class Select(StrEnum):
    """The lookalikes that a block list takes."""

    BLOCKED = "blocked"
    """Those that a person set to `blocked`, and those that `auto_block` takes."""
    ABLE = "able"
    """Also those that can receive mail, are likely enough and of grade `block` or `warn`."""


class Cause(StrEnum):
    """The rule by which a name is listed."""

    BLOCKED = "blocked"
    AUTO_BLOCK = "auto_block"
    ABLE = "able"


class Exclusion(StrEnum):
    """The rule by which a name is not listed."""

    FRIEND = "friend"
    SET_ASIDE = "set_aside"
    """A person said `owned` or `ignored`."""
    NOT_APPROVED = "not_approved"
    OTHER_PROTECTED = "other_protected"
    NOT_ABLE = "not_able"
    DEFENSIVE = "defensive"
    NOT_SELECTED = "not_selected"
    GRADE = "grade"
    LIKELIHOOD = "likelihood"


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of a block list.

    `auto_block`: names of this severity or worse that can receive mail are listed unasked; None: no names are.
    `approval`: two persons must have said `blocked`. `protected`: only names that resemble one of these; empty: all.
    """

    select: Select = Select.BLOCKED
    min_likelihood: float = 0.001
    auto_block: Severity | None = None
    approval: bool = False
    protected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BlockCandidate:
    """A lookalike as the selection needs it.

    `able`: it can receive mail now, or could at the last confirmed look. `defensive`: the owner
    holds it. `voters` are the persons who said `blocked`;
    an empty text is a person without a name. `exchanges` are host names.
    """

    name: str
    unicode: str
    able: bool
    severity: Severity
    triage: str
    basis: str = ""
    defensive: bool = False
    triage_note: str = ""
    triage_by: str | None = None
    triage_at: datetime | None = None
    first_seen_at: datetime | None = None
    exchanges: tuple[str, ...] = ()
    resembles: tuple[Resemblance, ...] = ()
    voters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """One line of a block list: the name, and everything that a format may say about it.

    `best` is the likeliest resemblance among those that were asked for; None where none is known. `since` is when the
    decision or the first sight was.
    """

    name: str
    unicode: str
    cause: Cause
    able: bool
    severity: Severity
    basis: str
    note: str
    decided_by: str | None
    since: datetime | None
    exchanges: tuple[str, ...]
    resembles: tuple[Resemblance, ...]

    @property
    def best(self) -> Resemblance | None:
        """Return the likeliest resemblance."""
        return self.resembles[0] if self.resembles else None

    @property
    def likelihood(self) -> float:
        """Return the likelihood of the best resemblance; 0 without one."""
        return self.resembles[0].likelihood if self.resembles else 0.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The reason why a name is not listed: the rule, and one sentence without a final stop.

    `voters` are the persons who said `blocked`, where a second one must.
    """

    name: str
    exclusion: Exclusion
    sentence: str
    friend: Friend | None = None
    voters: frozenset[str] = frozenset()


Choice = BlockEntry | LeftOut

_SET_ASIDE = frozenset({"owned", "ignored"})
_BLOCKED = "blocked"
_ENOUGH_VOTERS = 2


def is_approved(voters: Collection[str], *, approval: bool) -> bool:
    """Return whether `blocked` is in force: with `approval` two persons must have said it."""
    return not approval or len(voters) >= _ENOUGH_VOTERS


def choose(row: BlockCandidate, friends: Friends, rules: Rules) -> Choice:
    """Return the entry of `row`, or the first rule that keeps it off the list.

    A friend is listed only when a person set that very name to `blocked`, after a person listed what makes it a friend.
    """
    resembles = _asked_for(row, rules)
    if rules.protected and not resembles:
        names = ", ".join(sorted(rules.protected))
        return LeftOut(row.name, Exclusion.OTHER_PROTECTED, f"it resembles none of {names}")
    friend = friends.find(row.name)
    if row.triage == _BLOCKED and is_approved(row.voters, approval=rules.approval) and _overrules(row, friend):
        return _entry(row, Cause.BLOCKED, resembles)
    if friend is not None:
        return _friend(row, friend)
    return _by_rule(row, resembles, rules)


def explanation(choice: Choice) -> str:
    """Return one sentence about `choice` for people, without a final stop."""
    match choice:
        case LeftOut():
            return f"{choice.name} is not listed: {choice.sentence}"
        case BlockEntry(cause=Cause.BLOCKED):
            by = f" by {choice.decided_by}" if choice.decided_by else ""
            return f"{choice.name} is listed: it was set to `blocked`{by}"
        case BlockEntry(cause=Cause.AUTO_BLOCK):
            return f"{choice.name} is listed: its severity is {choice.severity.value}, and exports.auto_block takes it"
        case _:
            best = choice.best
            like = f" and resembles {best.protected}" if best else ""
            return f"{choice.name} is listed: it can receive mail{like}"


def _by_rule(row: BlockCandidate, resembles: tuple[Resemblance, ...], rules: Rules) -> Choice:
    """Return what the settings say of a name that no person's decision lists."""
    if row.triage in _SET_ASIDE:
        return LeftOut(row.name, Exclusion.SET_ASIDE, f"{_person(row)} set it to `{row.triage}`")
    if rules.auto_block is not None and not rules.approval and row.able and row.severity.at_least(rules.auto_block):
        return _entry(row, Cause.AUTO_BLOCK, resembles)
    if rules.select is Select.ABLE:
        return _able(row, resembles, rules)
    if row.triage == _BLOCKED:
        why = f"{_person(row)} set it to `blocked`, and a second person must do the same (exports.approval)"
        return LeftOut(row.name, Exclusion.NOT_APPROVED, why, voters=row.voters)
    return LeftOut(row.name, Exclusion.NOT_SELECTED, f"its triage is `{row.triage}`, and select is `blocked`")


def _able(row: BlockCandidate, resembles: tuple[Resemblance, ...], rules: Rules) -> Choice:
    if not row.able:
        return LeftOut(row.name, Exclusion.NOT_ABLE, "it cannot receive mail, as far as was seen last")
    if row.defensive:
        return LeftOut(row.name, Exclusion.DEFENSIVE, "its mail goes to the owner of the protected name")
    graded = [resemblance for resemblance in resembles if resemblance.grade is not Grade.NOTE]
    if not graded:
        why = "no resemblance of it is graded `block` or `warn`"
        return LeftOut(row.name, Exclusion.GRADE, why)
    if max(resemblance.likelihood for resemblance in graded) < rules.min_likelihood:
        most = max(resemblance.likelihood for resemblance in graded)
        why = f"its likelihood {most:.6g} is below exports.min_likelihood {rules.min_likelihood:g}"
        return LeftOut(row.name, Exclusion.LIKELIHOOD, why)
    return _entry(row, Cause.ABLE, resembles)


def _asked_for(row: BlockCandidate, rules: Rules) -> tuple[Resemblance, ...]:
    """Return the resemblances to the names that were asked for, the likeliest first."""
    resembles = [
        resemblance for resemblance in row.resembles if not rules.protected or resemblance.protected in rules.protected
    ]
    return tuple(sorted(resembles, key=lambda resemblance: (-resemblance.likelihood, resemblance.protected)))


def _overrules(row: BlockCandidate, friend: Friend | None) -> bool:
    """Return whether the person's `blocked` counts more than what makes the name a friend: the newer decision does."""
    if friend is None or friend.since is None or row.triage_at is None:
        return True
    return row.triage_at >= friend.since


def _friend(row: BlockCandidate, friend: Friend) -> LeftOut:
    sentence = friend.sentence
    if row.triage == _BLOCKED and not _overrules(row, friend):
        sentence += f", and that was said after {_person(row)} set it to `blocked`"
    return LeftOut(row.name, Exclusion.FRIEND, sentence, friend)


def _person(row: BlockCandidate) -> str:
    return row.triage_by or "a person"


def _entry(row: BlockCandidate, cause: Cause, resembles: tuple[Resemblance, ...]) -> BlockEntry:
    decided = cause is Cause.BLOCKED
    return BlockEntry(
        name=row.name,
        unicode=row.unicode,
        cause=cause,
        able=row.able,
        severity=row.severity,
        basis=row.basis,
        note=row.triage_note,
        decided_by=row.triage_by if decided else None,
        since=row.triage_at if decided else row.first_seen_at,
        exchanges=row.exchanges,
        resembles=resembles,
    )
