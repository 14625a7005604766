"""Slips: what techniques make of a name, weighed and put together, and how readily a name under a suffix exists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import fsum
from typing import NamedTuple, Protocol

from watcher.core.intended import Intended
from watcher.core.likelihood import (
    CLOSED,
    FOREIGN_RESTRICTED,
    OWN_RESTRICTED,
    STRUCTURE_AND_SUFFIX,
    TWO_SLIPS,
    WEIGHTS,
)
from watcher.core.tables import Tables

RESTRICTED_SUFFIX = "restricted_suffix"
FOREIGN_GOVERNMENT = "foreign_government"
_WORTH_NAMING = 0.1
_STRUCTURE = frozenset({"missing_dot", "dot_to_hyphen", "label_drop"})
SUFFIX_ONLY = frozenset({"suffix_edit", "suffix_swap"})
"""Techniques that change nothing but the suffix, whatever stands before it."""
NOT_BELOW_SUFFIX = frozenset({"double_slip", "double_homoglyph"})
"""Techniques that are left out for the labels known under a suffix: thousands of names that are worth little there."""
IN_ONE_LABEL = frozenset(
    {
        "adjacent_key_insertion",
        "adjacent_key_replacement",
        "ascii_homoglyph",
        "bit_flip",
        "dot_for_letter",
        "dot_insertion",
        "double_slip",
        "homophone",
        "hyphenation",
        "idn_homoglyph",
        "insertion",
        "numeral",
        "omission",
        "plural",
        "repetition",
        "replacement",
        "spelling",
        "transliteration",
        "transposition",
        "vowel_swap",
        "word_added",
    }
)
"""Techniques that write one label otherwise and leave all around it as it is."""
LATE = "double_homoglyph"
"""The technique whose many texts, one as likely as the other, are made when all that is likelier is spent. They are not
combined with slips in the suffix, and what another technique makes too is that one's alone."""
SLIPPED_LABELS = 12
"""Of how many known labels under a suffix slips are considered too: beyond, they cost more than they are worth."""


class Technique(Protocol):
    """A way in which people end up at another name: a module of `watcher.techniques`."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constant)
        """Its one name everywhere."""
        ...

    def __hash__(self) -> int:
        """Modules are hashable, so that results can be kept by technique."""
        ...

    def generate(self, name: Intended, _tables: Tables, /) -> Iterator[tuple[str, float]]:
        """What gets typed instead, each with its weight among this technique's; not every one can exist."""
        ...

    def explains(self, name: Intended, candidate: str, _tables: Tables, /) -> str | None:
        """Where the slip is, in words, exactly when `generate` yields `candidate`; else None."""
        ...


class Slip(NamedTuple):
    """A text that gets typed, how likely, and by which techniques, the likeliest first."""

    likelihood: float
    text: str
    techniques: tuple[str, ...]


def slips(name: Intended, tables: Tables, techniques: Iterable[Technique]) -> list[Slip]:
    """Every text that a single slip makes of `name`, each once, in no order."""
    merged: dict[str, tuple[tuple[float, str], ...]] = {}
    for technique in techniques:
        if technique.NAME == LATE:
            continue
        weights: dict[str, float] = {}
        for text, weight in technique.generate(name, tables):
            weights[text] = weights.get(text, 0.0) + weight
        if not weights:
            continue
        scale = WEIGHTS[technique.NAME].mass / fsum(weights.values())  # fsum: the same in any order of yielding
        for text, weight in weights.items():
            share = ((weight * scale, technique.NAME),)
            known = merged.get(text)
            merged[text] = share if known is None else known + share
    merged.pop(name.text, None)
    return [together(text, shares) for text, shares in merged.items()]


def late_slips(name: Intended, tables: Tables, techniques: Iterable[Technique]) -> tuple[float, Iterator[str]] | None:
    """What the late technique makes, some of it more than once, and how likely each of it is; None without it."""
    for technique in techniques:
        if technique.NAME == LATE and (likelihood := late_share(technique, name, tables)):
            return likelihood, (text for text, _ in technique.generate(name, tables))
    return None


def late_share(technique: Technique, name: Intended, tables: Tables) -> float:
    """How likely each text of the late technique is; 0 when it makes none."""
    weigh = getattr(technique, "weigh")  # noqa: B009 (a module's function that the protocol leaves open)
    here, total = weigh(name, name.text, tables)
    return float(here / total * WEIGHTS[technique.NAME].mass) if total else 0.0


def together(text: str, shares: tuple[tuple[float, str], ...]) -> Slip:
    """All that leads to `text` together; techniques that add next to nothing are not named."""
    if len(shares) == 1:
        return Slip(shares[0][0], text, (shares[0][1],))
    ordered = sorted(shares, key=lambda share: -share[0])
    least = ordered[0][0] * _WORTH_NAMING
    return Slip(
        sum(share for share, _ in shares), text, tuple(technique for share, technique in ordered if share >= least)
    )


def share(technique: Technique, name: Intended, text: str, tables: Tables) -> float:
    """How likely `technique` makes `text` of `name`; 0 when it never does.

    A technique that makes thousands has `weigh(name, text, tables)` too: the weight of `text` and that of all it makes.
    """
    weigh = getattr(technique, "weigh", None)
    if weigh is not None:
        here, total = weigh(name, text, tables)
        return float(here / total * WEIGHTS[technique.NAME].mass) if here else 0.0
    weights = [weight for typed, weight in technique.generate(name, tables) if typed == text]
    return sum(weights) / _total(technique, name, tables) * WEIGHTS[technique.NAME].mass if weights else 0.0


@lru_cache(maxsize=65536)
def _total(technique: Technique, name: Intended, tables: Tables) -> float:
    return fsum(weight for _, weight in technique.generate(name, tables))


def reach(suffix: str, home: str | None, tables: Tables) -> tuple[float, tuple[str, ...]]:
    """How readily a name under `suffix` comes to exist, seen from the country `home`, and the marks that say why."""
    if tables.is_government(suffix):
        if tables.country(suffix) == home:
            return OWN_RESTRICTED, (RESTRICTED_SUFFIX,)
        return FOREIGN_RESTRICTED, (RESTRICTED_SUFFIX, FOREIGN_GOVERNMENT)
    return (CLOSED, (RESTRICTED_SUFFIX,)) if tables.is_restricted(suffix) else (1.0, ())


@lru_cache(maxsize=64)
def known_labels(suffix: str, tables: Tables, known: tuple[str, ...] = ()) -> Mapping[str, int]:
    """The labels taken to be in use under a protected suffix with their places, 0 the most written-to.

    Those of `known` come first, then the bundled ones; what is itself a suffix is none.
    """
    bundled = tables.well_known.get(suffix)
    if bundled is None:
        bundled = tables.well_known["*"] if tables.is_government(suffix) else ()
    rules = tables.icann | tables.private
    wild = f"*.{suffix}" in rules
    labels = [
        label
        for label in dict.fromkeys((*known, *bundled))
        if f"{label}.{suffix}" not in rules
        and (not wild or tables.suffixes.public_suffix(f"{label}.{suffix}") == suffix)
    ]
    return {label: place for place, label in enumerate(labels)}


def both_slips(techniques: Sequence[str]) -> float:
    """What a slip before the suffix counts for, by `techniques`, together with one in the suffix."""
    return STRUCTURE_AND_SUFFIX if techniques[0] in _STRUCTURE else TWO_SLIPS
