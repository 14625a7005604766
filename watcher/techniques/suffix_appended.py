"""Another suffix after the right one: `army.mil` becomes `army.mil.com`, a host of `mil.com`."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "suffix_appended"
# `core.likelihood`, FINDINGS: suffix only 6.5-7.4 %; exchanged siblings 5 of 23 documented cases.
MASS, IMPERSONATION = 0.006, 0.4
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.KEPT, Amount.FEW
_AGAIN = 10.0
_COUNTRY = 1.0
_BETWEEN = 8.0
"""A generic label and another suffix after the label: `army.com.mil`."""


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Put after the whole name its own top-level label again, a country's, or one people write out of habit.

    A suffix of several labels may lose its last one: `wetter.co.com` for `wetter.co.jp`; one of a single label may get
    a generic one before it: `wetter.co.com` for `wetter.com`.
    """
    for suffix, weight in _appended(name.suffix, name.country, tables).items():
        yield f"{name.text}.{suffix}", weight
    if name.left:
        for end, weight in _exchanged(name.suffix, tables).items():
            yield f"{name.left}.{end}", weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the suffix that came after the right one."""
    if candidate.startswith(name.text + "."):
        extra = candidate[len(name.text) + 1 :]
        if extra in _appended(name.suffix, name.country, tables):
            return f"`.{extra}` after the suffix"
    if name.left and candidate.startswith(name.left + "."):
        end = candidate[len(name.left) + 1 :]
        if end in _exchanged(name.suffix, tables):
            return f"`.{end}` for the suffix `{name.suffix}`"
    return None


@lru_cache(maxsize=64)
def _appended(own: str, country: str | None, tables: Tables) -> Mapping[str, float]:
    suffixes = {top: _COUNTRY for top in tables.suffixes.delegated if len(top) == 2}  # noqa: PLR2004 (a country's)
    for suffix, weight in tables.popular_suffixes.items():
        suffixes[suffix] = max(suffixes.get(suffix, 0.0), weight)
    for extra in (own.rpartition(".")[2], country):
        if extra is not None:
            suffixes[extra] = max(suffixes.get(extra, 0.0), _AGAIN)
    return suffixes


@lru_cache(maxsize=64)
def _exchanged(own: str, tables: Tables) -> Mapping[str, float]:
    first, dot, _ = own.rpartition(".")
    starts = (first,) if dot else ("co", "com")
    ends = {
        f"{start}.{suffix}": (_BETWEEN if suffix == "com" else _COUNTRY) * min(1.0, weight)
        for start in starts
        for suffix, weight in tables.popular_suffixes.items()
        if "." not in suffix
    }
    ends.pop(own, None)
    return ends
