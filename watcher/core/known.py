"""The read model of one name: services return it, and JSON, pages and texts are made from it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.core.events import Event, Resemblance
from watcher.core.mail.mail_to import MailTo
from watcher.core.mail.probing import Probed
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Verdict, wildcard_parent
from watcher.core.registration.facts import RegistrationFacts


@dataclass(frozen=True, slots=True)
class Known:
    """Everything known about one name.

    `verdict` is the last settled one with its evidence, or the newest while none has settled; None: never looked at.
    `settled_at` is None while none has settled. `unconfirmed`: the newest look said something else than what stands.
    `triage` is None for a name that is not kept. `own_likeness`: phrases for what it shares with the owner's names.
    `probed`: the answer of its mail server, where that was asked. `history`: its events, newest first.
    `mail_to`: mail from here that logs told of or that was stopped; None where there is none.
    `more_hosts`: in a collapsed list, how many more names the same wildcard answers for.
    """

    name: str
    unicode: str
    registrable_domain: str | None
    public_suffix: str
    severity: Severity = Severity.INFO
    severity_reasons: tuple[str, ...] = ()
    verdict: Verdict | None = None
    settled_at: datetime | None = None
    attempted_at: datetime | None = None
    last_outcome: str | None = None
    unconfirmed: bool = False
    registration: RegistrationFacts | None = None
    resembles: tuple[Resemblance, ...] = ()
    first_seen_at: datetime | None = None
    triage: str | None = None
    triage_note: str = ""
    triage_at: datetime | None = None
    triage_by: str | None = None
    own_likeness: tuple[str, ...] = ()
    probed: Probed | None = None
    history: tuple[Event, ...] = ()
    mail_to: MailTo | None = None
    more_hosts: int = 0

    @property
    def ability(self) -> Ability:
        """The ability to receive mail; unknown for a name that was never looked at."""
        return Ability.UNKNOWN if self.verdict is None else self.verdict.ability

    @property
    def settled(self) -> bool:
        """Return whether a look has settled."""
        return self.settled_at is not None

    @property
    def rank(self) -> int | None:
        """Its best place among the candidates of a protected name."""
        return min((resemblance.rank for resemblance in self.resembles if resemblance.rank is not None), default=None)

    @property
    def likelihood(self) -> float:
        """The likelihood of its best resemblance; 0 where it resembles nothing."""
        return max((resemblance.likelihood for resemblance in self.resembles), default=0.0)

    @property
    def techniques(self) -> tuple[str, ...]:
        """Every technique by which it resembles a protected name, without repetition."""
        return tuple(dict.fromkeys(technique for row in self.resembles for technique in row.techniques))

    @property
    def protected(self) -> tuple[str, ...]:
        """The protected names that it resembles, most likely first."""
        return tuple(resemblance.protected for resemblance in self.resembles)


def collapsed(rows: Iterable[Known]) -> Iterator[Known]:
    """Yield the rows with one for each wildcard, the first of them, which says how many more hosts it stands for."""
    kept = list(rows)
    parents = [wildcard_parent(row.name, row.registrable_domain, row.public_suffix, row.verdict) for row in kept]
    hosts = Counter(parent for parent in parents if parent is not None)
    for row, parent in zip(kept, parents, strict=True):
        if parent is None:
            yield row
        elif hosts[parent]:
            yield replace(row, more_hosts=hosts.pop(parent) - 1)


def shown_name(known: Known) -> str:
    """Return the name as a table shows it: with its other form, and how many more hosts it stands for."""
    name = known.name if known.name == known.unicode else f"{known.name} ({known.unicode})"
    return name + (
        f" and {known.more_hosts} more host{'' if known.more_hosts == 1 else 's'}" if known.more_hosts else ""
    )


_WORST_FIRST = {severity: -place for place, severity in enumerate(Severity)}


def worst_first(known: Known) -> tuple[int, float, str]:
    """Return the sort key of lists: severity, then likelihood, then name."""
    return _WORST_FIRST[known.severity], -known.likelihood, known.name
