"""Candidates: every name somebody could end up at who means a protected one, best first, each once.

Candidates are a function, not data: they are made anew from (protected name, tables, techniques) whenever needed.
This is a hot path. Techniques yield plain (text, weight) pairs. What differs before the suffix and what differs in it
are independent slips, so the many are products of two short sorted lists, walked in bands of falling likelihood: the
first 200 cost little, and nothing but the names already given is held.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from heapq import merge
from itertools import count, islice
from typing import Any, NamedTuple

from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.names.possible import a_labels, possible
from watcher.core.names.protected import Kind
from watcher.core.slips.excluded import Excluded
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import CHOSEN_TO_DECEIVE, MOST_CHOSEN, SAME_OWNER, known_label
from watcher.core.slips.rows import End, Row, Rows
from watcher.core.slips.slip import (
    SLIPPED_LABELS,
    Slip,
    below_suffix,
    both_slips,
    known_labels,
    late_slips,
    reach,
    slips,
    structural,
)
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Changes, Technique

DEFAULT_LIMIT = 20_000

_MAX_NAME = 253
TYPING, IMPERSONATION = "typing", "impersonation"
_POSING = 0.7
"""The impersonation from which a technique's names are made to deceive rather than typed."""


class Candidate(NamedTuple):
    """A name that could exist. `registrable_domain` is None for a suffix.

    `likelihood` is relative: how probable somebody who means `protected` ends up here; `impersonation`: how well the
    name would serve to deceive a reader, 0-1; `rank` counts from 1 within the protected name; `why`: it has
    its rank for `typing` or for `impersonation`.
    """

    name: Fqdn
    registrable_domain: Fqdn | None
    techniques: tuple[str, ...]
    likelihood: float
    impersonation: float
    rank: int
    marks: tuple[str, ...]
    protected: Fqdn
    why: str = TYPING

    @property
    def unicode(self) -> str:
        """The name for people to read."""
        return to_unicode(self.name)


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """Return the candidate shape."""
    return {
        "name": candidate.name,
        "unicode": candidate.unicode,
        "registrable_domain": candidate.registrable_domain,
        "techniques": list(candidate.techniques),
        "likelihood": float(f"{candidate.likelihood:.6g}"),
        "impersonation": candidate.impersonation,
        "rank": candidate.rank,
        "marks": list(candidate.marks),
        "protected": candidate.protected,
        "why": candidate.why,
    }


class Share(NamedTuple):
    """The part of each tier that is kept for names made to deceive; `ends`: up to which rank each tier goes."""

    part: float = 0.15
    ends: tuple[int, ...] = (200, 2_000, 20_000)

    def deceiving(self) -> Iterator[bool]:
        """Yield for each rank from 1 on whether its place is kept for a deceiving name.

        They stand in the second half of each tier: what people type most comes first, and stays there.
        """
        last = 0
        for end in self.ends:
            half = last + (end - last) // 2
            quota = int(self.part * (end - last))
            yield from (False for _ in range(half - last))
            given = 0
            for place in range(1, end - half + 1):
                due = place * quota // (end - half)
                yield due > given
                given = max(given, due)
            last = end
        given = 0
        for place in count(1):
            due = int(self.part * place)
            yield due > given
            given = due


ALL_BY_LIKELIHOOD = Share(0.0, ())
"""No share: typing and deception stand in one order."""


def enumerate_candidates(
    protected: tuple[Fqdn, Kind],
    tables: Tables,
    techniques: Sequence[Technique],
    *,
    limit: int = DEFAULT_LIMIT,
    excluded: Collection[str] = (),
    known: Sequence[str] = (),
    share: Share = Share(),  # noqa: B008 (a tuple)
) -> Iterator[Candidate]:
    """Yield at most `limit` candidates of a protected name, the likeliest first, in an order that never varies.

    Names made to deceive have a `share` of their own, so that they neither push out what people type nor get lost
    behind it.

    Never among them: the name itself, the names above it, what is under it, and what is or is under any name of
    `excluded` (the other protected and the own names; a suffix excludes all below). `known`: labels known to be in
    use under a protected suffix, besides the bundled ones.
    """
    name, kind = protected
    intended = Intended(name, tables)
    pool = _Pool(intended, tables, techniques, apart=share.part > 0)
    if kind is Kind.SUFFIX:
        pool.fill_under_suffix(techniques, known)
    else:
        pool.fill(techniques)
    impersonation: dict[tuple[str, ...], float] = {}
    deceives = {technique.NAME: technique.IMPERSONATION for technique in techniques}
    new: Callable[..., Candidate] = tuple.__new__  # what the named tuple's own constructor calls, without the way there
    rows = _shared(pool, share, limit, Excluded(name, excluded))
    for rank, (negative, text, names, registrable, marks) in enumerate(islice(rows, limit), 1):
        likeness = impersonation.get(names)
        if likeness is None:
            likeness = impersonation[names] = max(deceives[used] for used in names)
        why = IMPERSONATION if names[0] in pool.posing else TYPING
        yield new(Candidate, (text, registrable, names, -negative, likeness, rank, marks, name, why))


def _shared(pool: "_Pool", share: Share, limit: int, away: Excluded) -> Iterator[Row]:
    """Every row once: typing and deception each in its own order, where `share` has a place for it.

    The likelihood of a deceiving name is that of its place: what comes before is likelier, what comes after less.
    """
    given: set[str] = set()
    wanted = limit + limit // 8 + 64
    typed = _new(pool.typed.ordered(wanted), given, away)
    posed = _new(pool.posed.ordered(int(wanted * share.part) + 64 if share.part else wanted), given, away)
    if not share.part:
        yield from _new(merge(pool.typed.ordered(wanted), pool.posed.ordered(wanted)), given, away)
        return
    lowest, exhausted = float("-inf"), False
    for deceiving in share.deceiving():
        row = next(posed if deceiving or exhausted else typed, None)
        if row is None:
            exhausted = exhausted or not deceiving
            row = next(typed if deceiving else posed, None)
            if row is None:
                return
        if row[2][0] in pool.posing and lowest > float("-inf"):
            row = (max(row[0], lowest) if exhausted else lowest, *row[1:])
        lowest = row[0]
        yield row


def _new(rows: Iterable[Row], given: set[str], away: Excluded) -> Iterator[Row]:
    """Yield those rows whose name was not given yet and is not excluded."""
    for row in rows:
        text = row[1]
        if text not in given and not away.holds(text, row[3]):
            given.add(text)
            yield row


class _Pool:
    """The slips of one protected name: `typed` ones, and `posed` ones that are made to deceive."""

    def __init__(self, intended: Intended, tables: Tables, techniques: Sequence[Technique], *, apart: bool) -> None:
        self._intended = intended
        self._apart = apart
        self._tables = tables
        self._structure = structural(techniques)
        self.posing = frozenset(technique.NAME for technique in techniques if technique.IMPERSONATION >= _POSING)
        self._home = tables.country(intended.suffix)
        self._beyond_ascii: set[str] = set()
        self._ascii: dict[str, str | None] = {}
        self._top = intended.suffix.rpartition(".")[2]
        self._taken_here = {ord(item): None for item in intended.left if not item.isascii()}
        self._rules = tables.icann | tables.private
        self.typed, self.posed = Rows(self._row, self._rules), Rows(self._late_row, self._rules)

    def fill(self, techniques: Sequence[Technique]) -> None:
        """Take the slips of the protected name itself."""
        own = self._end(Slip(1.0, self._intended.suffix, ()))
        ends = self._take(self._intended, techniques, 1.0, own)
        late = late_slips(self._intended, self._tables, techniques)
        if late is not None and own is not None:
            self.posed.add_late(late._replace(likelihood=late.likelihood * own.likelihood), own)
        self._add_left(1.0, self._intended.left, ())
        self._set_ends(ends)

    def fill_under_suffix(self, techniques: Sequence[Technique], known: Sequence[str]) -> None:
        """Take the slips of the protected suffix, and those of the labels known under it."""
        intended, tables = self._intended, self._tables
        for slip in slips(intended, tables, techniques):
            self._add_whole(slip)
        ends: list[Slip] = []
        techniques = below_suffix(techniques)
        for label, position in known_labels(intended.suffix, tables, tuple(known)).items():
            prior = known_label(position)
            self._add_left(prior, label, ())
            if position < SLIPPED_LABELS:
                below = Intended(Fqdn(f"{label}.{intended.suffix}"), tables)
                found = self._take(below, techniques, prior, None)
                if position == 0:  # the slips of the suffix are the same behind every label
                    ends = found
                    techniques = [technique for technique in techniques if technique.CHANGES is not Changes.SUFFIX]
        self._set_ends(ends)

    def _take(self, name: Intended, techniques: Sequence[Technique], prior: float, own: End | None) -> list[Slip]:
        """Sort the slips of `name` into the pool; returns those of the suffix alone."""
        head, tail, same_domain = name.left + ".", "." + name.suffix, "." + name.labels[-1]
        ends = []
        for slip in slips(name, self._tables, techniques):
            likelihood, text, names = slip
            if text.endswith(tail):
                left = text[: -len(tail)]
                if not left.isascii():
                    self._beyond_ascii.add(left)
                self._add_left(prior * likelihood * both_slips(names, self._structure), left, names)
                if f"{left.rpartition('.')[2]}{tail}" in self._rules:  # `x.gov.ml` for `x.ml`
                    self._add_whole(Slip(prior * likelihood, text, names))
                elif own is not None and possible(left):
                    owner = SAME_OWNER if left.endswith(same_domain) else 1.0
                    self._kind(names).add_single(likelihood * own.likelihood * owner, left, names, own)
            elif text.startswith(head):
                ends.append(Slip(likelihood, text[len(head) :], names))
            else:
                self._add_whole(Slip(prior * likelihood, text, names))
        return ends

    def _add_left(self, likelihood: float, left: str, names: tuple[str, ...]) -> None:
        if possible(left):
            self._kind(names).add_left(likelihood, left, names)

    def _kind(self, names: tuple[str, ...]) -> Rows:
        return self.posed if names and names[0] in self.posing else self.typed

    def _add_whole(self, slip: Slip) -> None:
        """A text whose suffix is nobody's: it is looked up."""
        text = slip.text
        suffixes = self._tables.suffixes
        if not possible(text) or not suffixes.is_listed(text):
            return
        ascii_text = a_labels(text)
        if ascii_text is None or len(ascii_text) > _MAX_NAME:
            return
        suffix = suffixes.public_suffix(ascii_text)
        if self._intended.left and ascii_text == suffix:
            return
        factor, marks = reach(suffix, self._home, self._tables)
        registrable = suffixes.registrable_domain(ascii_text)
        if registrable is not None and not self._takes(text.split(".")[-registrable.count(".") - 1], suffix):
            return
        row = (-slip.likelihood * factor, ascii_text, slip.techniques, registrable, marks)
        self._kind(slip.techniques).add_whole(row)

    def _set_ends(self, found: Iterable[Slip]) -> None:
        ends = [end for end in map(self._end, found) if end is not None]
        ends.sort(key=lambda end: (-end.likelihood, end.text))
        self.typed.sort(ends)
        if self._apart:
            ends = sorted(map(self._favoured, ends), key=lambda end: (-end.likelihood, end.text))
        self.posed.sort(ends)

    def _favoured(self, end: End) -> End:
        """Return `end` as likely as deceivers choose it: they take what is cheap, free or familiar."""
        familiar = 0.0 if end.marks else self._tables.popular_suffixes.get(end.text, 0.0)
        chosen = min(familiar * CHOSEN_TO_DECEIVE, MOST_CHOSEN)
        return end._replace(likelihood=chosen) if chosen > end.likelihood else end

    def _end(self, slip: Slip) -> End | None:
        """Return the judged end: once per suffix, never per candidate. None when nothing can stand below it."""
        likelihood, text, names = slip
        tables = self._tables
        if text in tables.icann or text in tables.private:
            suffix, registrable = text, None
        else:
            if not possible(text) or not tables.suffixes.is_listed(text):
                return None
            suffix = tables.suffixes.public_suffix(text)
            registrable = tables.suffixes.registrable_domain(text)
        factor, marks = reach(suffix, self._home, self._tables)
        plain = registrable is None and f"*.{text}" not in tables.icann and f"*.{text}" not in tables.private
        return End(likelihood * factor, text, names, registrable, plain, marks)

    def _takes(self, label: str, suffix: str) -> bool:
        """Return whether a registry takes the label; where the protected name stands its own characters are taken."""
        top = suffix.rpartition(".")[2]
        return self._tables.takes(label.translate(self._taken_here) if top == self._top else label, top)

    def _late_row(self, likelihood: float, left: str, last: str, names: tuple[str, ...], end: End) -> Row | None:
        """Return a row of an endless technique, or None: nothing of it is kept, and what others make is theirs."""
        if last:
            return self._row(likelihood, left, last, names, end)
        if left in self._beyond_ascii:
            return None
        row = self._row(likelihood, left, last, names, end)
        self._ascii.pop(left, None)
        return row

    def _row(self, likelihood: float, left: str, last: str, names: tuple[str, ...], end: End) -> Row | None:
        """Return the candidate `left.end`, or None when it cannot exist."""
        text = f"{left}.{end.text}"
        if not left.isascii():
            if end.registrable is None and not self._takes(left.rpartition(".")[2], end.text):
                return None
            if left not in self._ascii:
                self._ascii[left] = a_labels(left)
            ascii_left = self._ascii[left]
            if ascii_left is None:
                return None
            text = f"{ascii_left}.{end.text}"
            last = ascii_left.rpartition(".")[2]
        if len(text) > _MAX_NAME:
            return None
        registrable = end.registrable
        if registrable is None:
            registrable = Fqdn(f"{last}.{end.text}")
            if not end.plain or registrable in self._rules:
                registrable = self._tables.suffixes.registrable_domain(text)
                if registrable is None and text not in self._tables.private:
                    return None
        return (-likelihood, text, names, registrable, end.marks)
