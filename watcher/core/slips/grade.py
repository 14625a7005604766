"""Grades: whether a resemblance is enough to block mail unseen, to ask the sender, or only to be kept.

A likelihood says how often people make a slip. A grade says how often an innocent name looks as if somebody had made
it: a short or everyday label is resembled by chance, a long and rare one is not.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.slips.containment import NAME as CONTAINMENT
from watcher.core.slips.known_names import KnownNames
from watcher.core.slips.nearness import within_one, within_two
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Technique

Verdict = tuple[Grade, str]

_SHORT, _MIDDLE, _LONG, _VERY_LONG = 4, 5, 7, 9
"""Sizes of a label: shorter than the first, it is resembled by chance whatever the slip."""
_RARE, _COMMON = 2, 30
"""So many known labels hold a rare one at most, and an everyday one at least."""
_CROWDED = 3
"""So many known labels stand one letter away where a likely slip counts still."""
_MISREAD = 0.8
"""The impersonation from which a technique's names are taken to be made for misreading."""
_LIKELY, _USUAL, _SELDOM = 1e-2, 1e-3, 1e-4
"""Likelihoods: a slip made all the time, one made by many, one made by few."""


def graded(
    found: Iterable[Resemblance], name: Fqdn, tables: Tables, techniques: Iterable[Technique]
) -> tuple[Resemblance, ...]:
    """Return the resemblances of `name` with their grades and the reasons for them."""
    made = []
    deceiving = _deceiving(tuple(techniques))
    for resemblance in found:
        grade, reason = _Comparison(resemblance, name, tables, deceiving).grade()
        made.append(replace(resemblance, grade=grade, grade_reason=reason))
    return tuple(made)


@lru_cache(maxsize=16)
def _deceiving(techniques: tuple[Technique, ...]) -> frozenset[str]:
    """Return the techniques whose names are made to be misread."""
    return frozenset(technique.NAME for technique in techniques if technique.IMPERSONATION >= _MISREAD)


class _Parts(NamedTuple):
    """A name taken apart: U-labels before the registrable label, that label, the public suffix."""

    hosts: tuple[str, ...]
    label: str
    suffix: str


class _Comparison:
    """One name beside one protected name."""

    def __init__(self, resemblance: Resemblance, name: Fqdn, tables: Tables, deceiving: Collection[str]) -> None:
        self._resemblance = resemblance
        self._tables = tables
        self._known: KnownNames = tables.known
        self._misread = any(technique in deceiving for technique in resemblance.techniques)
        self._domain = tables.suffixes.registrable_domain(name)
        self._typed = _parts(name, tables)
        self._meant = _parts(Fqdn(resemblance.protected), tables)
        whole = f".{resemblance.protected}." in f".{name}"
        self._in_front = (Grade.BLOCK, "the whole protected name stands in front of another domain") if whole else None
        self._size = len(self._meant.label.replace("-", ""))
        self._same_suffix = self._typed.suffix == self._meant.suffix
        self._near_suffix = within_one(self._meant.suffix, self._typed.suffix)

    def grade(self) -> Verdict:
        """Return the grade and the reason for it."""
        if self._domain is not None and self._domain in self._known.names:
            return Grade.NOTE, f"{self._domain} is a known name of its own"
        grade, reason = self._by_form()
        if grade is not Grade.NOTE and self._tables.is_restricted(self._typed.suffix):
            if grade is Grade.BLOCK and self._resemblance.likelihood >= _USUAL:
                return Grade.WARN, f"{reason}, but outsiders cannot register under {self._typed.suffix}"
            return Grade.NOTE, f"outsiders cannot register under {self._typed.suffix}"
        return grade, reason

    def _by_form(self) -> Verdict:
        typed, meant = self._typed.label, self._meant.label
        if not meant:
            return self._of_suffix()
        if self._resemblance.techniques[0] == CONTAINMENT:
            return self._inside() if self._in_front is None else self._in_front
        if typed == meant:
            return self._other_suffix()
        return self._foreign_letters() or self._joined() or self._slipped()

    def _slipped(self) -> Verdict:
        typed, meant = self._typed.label, self._meant.label
        if self._misread and (len(typed) != len(meant) or _digits(typed) > _digits(meant)):
            return self._other_letters()
        if within_one(meant, typed):
            return self._one_slip()
        if within_two(meant, typed):
            return self._two_slips()
        return self._longer() if meant in typed else self._otherwise()

    def _foreign_letters(self) -> Verdict | None:
        if self._typed.label.isascii() or not self._meant.label.isascii():
            return None
        if self._size < _SHORT:
            return Grade.WARN, "its letters look like those of a short label"
        return Grade.BLOCK, "its letters look like the protected label's"

    def _of_suffix(self) -> Verdict:
        if self._resemblance.likelihood >= _USUAL:
            return Grade.BLOCK, "it is a likely slip of the protected suffix"
        if self._resemblance.likelihood >= _SELDOM:
            return Grade.WARN, "it is a rare slip of the protected suffix"
        return Grade.NOTE, "people hardly ever make this slip of the suffix"

    def _other_suffix(self) -> Verdict:
        """The label as it is: the question is whether others use it too."""
        likelihood = self._resemblance.likelihood
        others = self._known.holding(self._meant.label) + self._known.labels.get(self._meant.label, 1) - 1
        if self._size < _SHORT:
            if likelihood >= _LIKELY:
                return Grade.WARN, "it is a likely slip, but others use so short a label too"
            return Grade.NOTE, "others use so short a label too"
        appended = self._typed.suffix.startswith(self._meant.suffix + ".")
        if (self._near_suffix or appended) and (likelihood >= _LIKELY or (others <= _RARE and likelihood >= _SELDOM)):
            return Grade.BLOCK, "it is a likely slip of the suffix"
        if others > _COMMON and likelihood < _USUAL:
            return Grade.NOTE, "many names hold the protected label"
        return Grade.WARN, "others may use the protected label too"

    def _other_letters(self) -> Verdict:
        """Letters or digits that look like others, in another number or kind: nobody has such a name by chance."""
        if self._size >= _SHORT and (self._same_suffix or self._near_suffix):
            return Grade.BLOCK, "its letters look like the protected label's"
        if self._size >= _SHORT or self._same_suffix:
            return Grade.WARN, "its letters look like the protected label's"
        return Grade.NOTE, "its letters look like those of a short label, and its suffix differs too"

    def _one_slip(self) -> Verdict:
        likelihood, near = self._resemblance.likelihood, self._known.near(self._meant.label)
        if (self._same_suffix or self._near_suffix) and self._size >= _MIDDLE and not near:
            return Grade.BLOCK, "no known label stands so close to the protected one"
        if self._same_suffix:
            return self._crowded_slip(likelihood, near)
        if self._size >= _LONG and not near:
            return Grade.WARN, "it is one slip away from a long label, and its suffix differs too"
        return Grade.NOTE, "its suffix differs too, and such labels stand close to each other"

    def _crowded_slip(self, likelihood: float, near: int) -> Verdict:
        """One slip of a short label, or of one beside which others stand."""
        if self._size >= _SHORT and likelihood >= _USUAL and near <= _CROWDED:
            return Grade.BLOCK, "it is a likely slip"
        if likelihood >= _USUAL or self._misread:
            return Grade.WARN, "it is a likely slip, but labels like the protected one stand close to each other"
        if self._size > _MIDDLE or (self._size >= _SHORT and likelihood >= _SELDOM):
            return Grade.WARN, "it is one slip away from the protected label"
        return Grade.NOTE, "people hardly ever make this slip, and so short a label is resembled by chance"

    def _two_slips(self) -> Verdict:
        near = self._known.near(self._meant.label)
        if self._same_suffix and self._size >= _VERY_LONG and not near:
            return Grade.BLOCK, "no known label stands so close to the protected one"
        if self._size >= (_LONG if self._same_suffix else _VERY_LONG) and near <= _CROWDED:
            return Grade.WARN, "it is two slips away from a long label"
        return Grade.NOTE, "labels of that length stand two slips apart by chance"

    def _joined(self) -> Verdict | None:
        """All labels written as one, perhaps with the suffix: `usarmy.com`, `army-mil.com`."""
        typed, meant = self._typed, self._meant
        written = typed.label.replace("-", "")
        left = "".join((*meant.hosts, meant.label)).replace("-", "")
        end = meant.suffix.replace(".", "")
        ends = {left + end, left + meant.suffix.partition(".")[0]} | ({left} if meant.hosts else set())
        if written not in ends or written == meant.label:
            return None
        parted = "-" in typed.label or len(written) > len(left)
        if len(written) > _MIDDLE or (parted and len(written) >= _MIDDLE):
            return Grade.BLOCK, "it is the whole protected name written as one label"
        return Grade.WARN, "it is the whole protected name written as one short label"

    def _longer(self) -> Verdict:
        """A word that deceivers add, at an end of the label."""
        typed, meant, holding = self._typed.label, self._meant.label, self._known.holding(self._meant.label)
        if "-" in (typed.removeprefix(meant)[:1], typed.removesuffix(meant)[-1:]):
            if self._size >= _SHORT and holding <= (_COMMON if self._same_suffix else _RARE):
                return Grade.BLOCK, "the protected label stands beside a word that deceivers add"
            return Grade.WARN, "the protected label, which others contain too, stands beside a word that deceivers add"
        if self._same_suffix and self._size >= _LONG and holding <= _RARE:
            return Grade.BLOCK, "a word that deceivers add is glued to a protected label that nobody else contains"
        if self._size >= (_SHORT if self._same_suffix else _LONG):
            return Grade.WARN, "a word that deceivers add is glued to the protected label"
        return Grade.NOTE, "a word is glued to a short label"

    def _inside(self) -> Verdict:
        """The protected label somewhere in another one, without a word that deceivers are known to add."""
        typed, meant, holding = self._typed.label, self._meant.label, self._known.holding(self._meant.label)
        end = self._meant.suffix.replace(".", "")
        if f"{meant}{end}" in typed or f"{meant}-{end}" in typed:
            if len(meant) + len(end) > _LONG:
                return Grade.WARN, "it contains the whole protected name"
            return Grade.NOTE, "it contains a name so short that it stands there by chance"
        if meant in typed.split("-") and self._size >= _SHORT and holding <= (_COMMON if self._same_suffix else _RARE):
            return Grade.WARN, "the protected label stands in it as a word of its own"
        if meant in typed and self._size >= _VERY_LONG and not holding:
            return Grade.WARN, "it contains a long label that no other known name contains"
        return Grade.NOTE, "it contains a label that others contain as well"

    def _otherwise(self) -> Verdict:
        """All that is left: another spelling, a dot at another place, letters that look alike."""
        likelihood = self._resemblance.likelihood
        if self._size >= _SHORT and any(within_one(self._meant.label, host) for host in self._typed.hosts):
            return Grade.WARN, "the protected label, or a slip of it, is a host of another domain"
        if self._size >= _LONG and likelihood >= _SELDOM:
            return Grade.BLOCK, "it is a known form of slip, in a long label"
        if self._size >= _MIDDLE or likelihood >= _USUAL:
            return Grade.WARN, "it is a known form of slip"
        return Grade.NOTE, "so short a label is resembled by chance"


def _digits(label: str) -> int:
    return sum(character.isdigit() for character in label)


def _parts(name: Fqdn, tables: Tables) -> _Parts:
    domain = tables.suffixes.registrable_domain(name)
    if domain is None:
        return _Parts((), "", name)
    label, _, suffix = domain.partition(".")
    hosts = tuple(to_unicode(name[: -len(domain) - 1]).split(".")) if name != domain else ()
    return _Parts(hosts, to_unicode(label), suffix)
