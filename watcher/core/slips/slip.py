"""Slips: what techniques make of a name, weighed and put together, and how readily a name under a suffix exists."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import fsum
from typing import NamedTuple

from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import CLOSED, FOREIGN_RESTRICTED, OWN_RESTRICTED, STRUCTURE_AND_SUFFIX, TWO_SLIPS
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Technique

RESTRICTED_SUFFIX = "restricted_suffix"
FOREIGN_GOVERNMENT = "foreign_government"
_WORTH_NAMING = 0.1
SLIPPED_LABELS = 12
"""Of how many known labels under a suffix slips are considered too: beyond, they cost more than they are worth."""


class Slip(NamedTuple):
    """A text that gets typed, how likely, and by which techniques, the likeliest first."""

    likelihood: float
    text: str
    techniques: tuple[str, ...]


def slips(name: Intended, tables: Tables, techniques: Iterable[Technique]) -> list[Slip]:
    """Every text that a single slip makes of `name`, each once, in no order."""
    merged: dict[str, tuple[tuple[float, str], ...]] = {}
    for technique in techniques:
        if technique.AMOUNT is Amount.ENDLESS:
            continue
        weights: dict[str, float] = {}
        for text, weight in technique.generate(name, tables):
            weights[text] = weights.get(text, 0.0) + weight
        if not weights:
            continue
        scale = technique.MASS / fsum(weights.values())  # fsum: the same in any order of yielding
        for text, weight in weights.items():
            share = ((weight * scale, technique.NAME),)
            known = merged.get(text)
            merged[text] = share if known is None else known + share
    merged.pop(name.text, None)
    return [together(text, shares) for text, shares in merged.items()]


class Late(NamedTuple):
    """The texts of an endless technique, some of them more than once, and the likelihood of each."""

    likelihood: float
    technique: str
    texts: Iterator[str]


def late_slips(name: Intended, tables: Tables, techniques: Iterable[Technique]) -> Late | None:
    """Return what the endless technique makes; None without one."""
    for technique in techniques:
        if technique.AMOUNT is Amount.ENDLESS and (likelihood := late_share(technique, name, tables)):
            return Late(likelihood, technique.NAME, (text for text, _ in technique.generate(name, tables)))
    return None


def late_share(technique: Technique, name: Intended, tables: Tables) -> float:
    """Return the likelihood of each text of an endless technique; 0 when it makes none."""
    weigh = getattr(technique, "weigh")  # noqa: B009 (a module's function that the protocol leaves open)
    here, total = weigh(name, name.text, tables)
    return float(here / total * technique.MASS) if total else 0.0


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
    """Return the likelihood that `technique` makes `text` of `name`; 0 when it never does.

    A technique that makes thousands has `weigh(name, text, tables)` too: the weight of `text` and that of all it makes.
    """
    weigh = getattr(technique, "weigh", None)
    if weigh is not None:
        here, total = weigh(name, text, tables)
        return float(here / total * technique.MASS) if here else 0.0
    weights = [weight for typed, weight in technique.generate(name, tables) if typed == text]
    return sum(weights) / _total(technique, name, tables) * technique.MASS if weights else 0.0


@lru_cache(maxsize=65536)
def _total(technique: Technique, name: Intended, tables: Tables) -> float:
    return fsum(weight for _, weight in technique.generate(name, tables))


def reach(suffix: str, home: str | None, tables: Tables) -> tuple[float, tuple[str, ...]]:
    """Return how readily names under `suffix` come to exist, seen from the country `home`, with marks that say why."""
    if tables.is_government(suffix):
        if tables.country(suffix) == home:
            return OWN_RESTRICTED, (RESTRICTED_SUFFIX,)
        return FOREIGN_RESTRICTED, (RESTRICTED_SUFFIX, FOREIGN_GOVERNMENT)
    return (CLOSED, (RESTRICTED_SUFFIX,)) if tables.is_restricted(suffix) else (1.0, ())


@lru_cache(maxsize=64)
def known_labels(suffix: str, tables: Tables, known: tuple[str, ...] = ()) -> Mapping[str, int]:
    """Return the labels taken to be in use under a protected suffix with their places, 0 the most written-to.

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


def structural(techniques: Iterable[Technique]) -> frozenset[str]:
    """Return the names of the techniques that forget a dot or a label."""
    return frozenset(technique.NAME for technique in techniques if technique.CHANGES is Changes.STRUCTURE)


def below_suffix(techniques: Iterable[Technique]) -> tuple[Technique, ...]:
    """Return the techniques that make few enough names to be asked for every label known under a protected suffix."""
    return tuple(technique for technique in techniques if technique.AMOUNT is Amount.FEW)


def both_slips(names: Sequence[str], structure: Collection[str]) -> float:
    """Return the weight of a slip before the suffix, by the techniques `names`, together with one in the suffix."""
    return STRUCTURE_AND_SUFFIX if names[0] in structure else TWO_SLIPS
