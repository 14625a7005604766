"""The finds of a scan: shown as they come, one for each wildcard, and summed up at its end."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from watcher.core.known import Known, collapsed, shown_name, worst_first
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, wildcard_parent
from watcher.core.telling.counted import counted

_INDENT = " " * 10
_WORST_NAMED = 5


class HowFar(Protocol):
    """The progress of a scan: `asked` of `total` domains, of which `unsettled` said nothing."""

    asked: int
    total: int
    unsettled: int


class Finds:
    """The rows found so far, by name. `all_hosts`: also every host that one wildcard answers for."""

    def __init__(self, *, all_hosts: bool) -> None:
        self.rows: dict[str, Known] = {}
        self._all_hosts = all_hosts
        self._wildcards: set[str] = set()

    def new(self, rows: Iterable[Known]) -> Iterator[Known]:
        """Take `rows` in, and yield those that a list shows: each name once, and one host of each wildcard."""
        for row in rows:
            known = row.name in self.rows
            self.rows[row.name] = row
            if known:
                continue
            parent = None if self._all_hosts else _parent(row)
            if parent is None or parent not in self._wildcards:
                yield row
            if parent is not None:
                self._wildcards.add(parent)

    def worst_first(self) -> Iterator[Known]:
        """Yield what is known, the worst first, with the number of hosts that each wildcard's row stands for."""
        ordered = sorted(self.rows.values(), key=worst_first)
        yield from ordered if self._all_hosts else collapsed(ordered)

    def summary(self, names: Sequence[str], far: HowFar, *, interrupted: bool) -> Iterator[str]:
        """Yield lines that say what is known at the end, or where Ctrl-C ended it."""
        if interrupted:
            yield f"stopped after {far.asked:,} of {counted(far.total, 'domain')}; what follows is what is known so far"
        rows = list(collapsed(sorted(self.rows.values(), key=worst_first)))
        if not rows:
            yield f"none: no lookalike of {', '.join(names)} was found"
            return
        able = [row for row in rows if row.ability is Ability.ABLE]
        unknown = sum(row.ability is Ability.UNKNOWN for row in rows)
        exist = f"{counted(len(rows), 'lookalike')} of {', '.join(names)} {'exists' if len(rows) == 1 else 'exist'}"
        more = f", {unknown:,} did not settle" if unknown else ""
        yield f"{exist}: {_able_words(able)} can receive mail{more}"
        if able:
            yield "the worst: " + ", ".join(shown_name(row) for row in able[:_WORST_NAMED])
        for row in rows:
            if row.more_hosts and row not in able[:_WORST_NAMED]:
                yield f"{shown_name(row)} are one wildcard"


def live_lines(row: Known, sentence: str, width: int) -> Iterator[str]:
    """Yield the lines that show a find on a terminal as soon as it is made, none wider than `width`."""
    ability = "not looked at" if row.verdict is None else row.verdict.ability
    like = "; ".join(f"like {resemblance.protected}: {resemblance.explanation}" for resemblance in row.resembles)
    yield from textwrap.wrap(f"{row.severity:9} {ability:8} {shown_name(row)}", width, subsequent_indent=_INDENT)
    for text in filter(None, (sentence, like)):
        yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _able_words(able: Sequence[Known]) -> str:
    """Return `none`, or `3 (2 critical, 1 low)`."""
    if not able:
        return "none"
    by_severity = Counter(row.severity for row in able)
    shown = [f"{by_severity[severity]} {severity}" for severity in reversed(Severity) if by_severity[severity]]
    return f"{len(able):,} ({', '.join(shown)})"


def _parent(row: Known) -> str | None:
    return wildcard_parent(row.name, row.registrable_domain, row.public_suffix, row.verdict)
