"""Another suffix after the right one: `army.mil` becomes `army.mil.com`, a host of `mil.com`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "suffix_appended"
# `core.likelihood`, FINDINGS: suffix only 6.5-7.4 %; exchanged siblings 5 of 23 documented cases.
MASS, IMPERSONATION = 0.006, 0.4
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.KEPT, Amount.FEW
_AGAIN = 10.0


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """The name whole, with its own top-level label again, its country's, or one people write out of habit."""
    top = name.suffix.rpartition(".")[2]
    suffixes = dict(tables.popular_suffixes)
    for extra in (top, name.country):
        if extra is not None:
            suffixes[extra] = max(suffixes.get(extra, 0.0), _AGAIN)
    for suffix, weight in suffixes.items():
        yield f"{name.text}.{suffix}", weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Which suffix came after the right one."""
    if not candidate.startswith(name.text + "."):
        return None
    extra = candidate[len(name.text) + 1 :]
    if extra in tables.popular_suffixes or extra in {name.suffix.rpartition(".")[2], name.country}:
        return f"`.{extra}` after the suffix"
    return None
