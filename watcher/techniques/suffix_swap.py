"""Another suffix out of habit: `army.mil` becomes `army.com`, `mod.gov.uk` becomes `mod.co.uk`."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import fsum

from watcher.core.names.names import to_unicode
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "suffix_swap"
# `core.likelihood`, FINDINGS: suffix only 6.5-7.4 %; exchanged siblings 5 of 23 documented cases.
MASS, IMPERSONATION = 0.03, 0.6
CHANGES, LABELS, AMOUNT = Changes.SUFFIX, Labels.KEPT, Amount.FEW
_NATIONAL = {"co": 8.0, "com": 8.0, "org": 5.0, "gov": 5.0, "or": 1.0, "ac": 1.0, "net": 1.0, "edu": 1.0, "me": 0.5}
_NATIONAL_TOP = 6.0
_NEIGHBOUR = 2.0
_SIBLING = 0.3
_GOVERNMENT = 0.1
_OTHER_COUNTRY = 0.12
_OTHER_TOP = 0.02
_ABROAD = 0.015
"""A general suffix of another country: `army.com.br`."""
_LAST = 0.0003
"""Towns, schools, trades: thousands of suffixes that nobody writes out of habit."""


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Write the suffixes of people's habit, those of the name's country and its neighbours, then every other one."""
    if name.left:
        head = name.left + "."
        for suffix, weight in _suffixes(name.suffix, name.country, tables).items():
            yield head + suffix, weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the suffix that stands for the right one."""
    head = name.left + "."
    suffix = candidate[len(head) :]
    if not name.left or not candidate.startswith(head) or suffix == name.suffix:
        return None
    known = suffix in tables.popular_suffixes or suffix in tables.suffixes.delegated or suffix in tables.icann
    return f"the suffix `{to_unicode(suffix)}` for `{name.suffix}`" if known and suffix[0] not in "*!" else None


def weigh(name: Intended, text: str, tables: Tables) -> tuple[float, float]:
    """Return the weight of `text`, and that of everything `generate` makes."""
    suffixes = _suffixes(name.suffix, name.country, tables)
    return suffixes.get(text[len(name.left) + 1 :], 0.0), _total(name.suffix, name.country, tables)


@lru_cache(maxsize=64)
def _total(own: str, country: str | None, tables: Tables) -> float:
    return fsum(_suffixes(own, country, tables).values())


@lru_cache(maxsize=64)
def _suffixes(own: str, country: str | None, tables: Tables) -> Mapping[str, float]:
    """Every other suffix with its weight; kept, because names to protect share few suffixes."""
    suffixes = {
        top: _OTHER_COUNTRY if len(top) == 2 else _OTHER_TOP  # noqa: PLR2004 (a country's)
        for top in tables.suffixes.delegated
    }
    top = own.rpartition(".")[2]
    first = own.partition(".")[0]
    for rule in tables.icann:
        start, dot, end = rule.partition(".")
        if start in "*!" or rule[0] == "!":
            continue
        if end == top and end == country:
            suffixes[rule] = _NATIONAL.get(start, _SIBLING)
        elif dot:
            abroad = _ABROAD if start in _NATIONAL and len(end) == 2 else _LAST  # noqa: PLR2004 (a country's)
            suffixes[rule] = _GOVERNMENT if start == first else abroad
    for suffix, weight in tables.popular_suffixes.items():
        suffixes[suffix] = max(suffixes.get(suffix, 0.0), weight)
    if country is not None:
        suffixes[country] = max(suffixes.get(country, 0.0), _NATIONAL_TOP)
    for neighbour in tables.neighbours.get(country or "", ()):
        if neighbour in suffixes:
            suffixes[neighbour] = max(suffixes[neighbour], _NEIGHBOUR)
    suffixes.pop(own, None)
    return suffixes
