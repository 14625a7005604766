"""A lookalike letter in a label with its suffix fused: `dvb.mil` becomes `dwb-mil.com`, `army.mil` `arrnymil.com`."""

from collections.abc import Iterator
from functools import lru_cache

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "lookalike_fused"
# Rare as typing, common as deception: it earns its place by who registers such names.
MASS, IMPERSONATION = 0.0005, 0.85
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.OTHER, Amount.MANY
_HYPHENED = 2.0
_SUFFIXES = 4
"""Under so many of the suffixes that people write most out of habit."""
_NEIGHBOURS = (("v", "w"), ("u", "v"), ("w", "vv"))
"""Letters that are taken for each other beside those that look alike."""


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Put each lookalike in the registrable label once, the suffix behind it, under a suffix written out of habit."""
    for start, weight in _fused(name, tables):
        for suffix, readily in _suffixes(tables):
            yield f"{start}.{suffix}", weight * readily


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Say which name was written as one label."""
    start, _, suffix = candidate.partition(".")
    if suffix not in dict(_suffixes(tables)) or start not in dict(_fused(name, tables)):
        return None
    return f"`{start}` looks like `{name.labels[-1]}` with the suffix `{name.suffix}`"


@lru_cache(maxsize=16)
def _suffixes(tables: Tables) -> tuple[tuple[str, float], ...]:
    ordered = sorted(tables.popular_suffixes.items(), key=lambda suffix: (-suffix[1], suffix[0]))
    return tuple(ordered[:_SUFFIXES])


@lru_cache(maxsize=256)
def _fused(name: Intended, tables: Tables) -> tuple[tuple[str, float], ...]:
    """Return what stands before the new suffix, with how readily it is written so."""
    if len(name.labels) != 1 or not name.labels[0].isascii():
        return ()
    glued, joined = name.suffix.replace(".", ""), name.suffix.replace(".", "-")
    made: dict[str, float] = {}
    for typed in _lookalikes(name.labels[0], tables):
        made[f"{typed}-{joined}"] = _HYPHENED
        made[typed + glued] = 1.0
    return tuple(made.items())


def _lookalikes(label: str, tables: Tables) -> Iterator[str]:
    for item, other in (*tables.lookalikes, *_NEIGHBOURS):
        for right, wrong in ((item, other), (other, item)):
            at = label.find(right)
            while at >= 0:
                yield label[:at] + wrong + label[at + len(right) :]
                at = label.find(right, at + 1)
