"""A host word glued to the name, its dot forgotten: `www.army.mil` becomes `wwwarmy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "host_glued"
# Whoever has no such key writes the letter as they can; how often depends on the writer alone.
MASS, IMPERSONATION = 0.006, 0.5
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.KEPT, Amount.FEW


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Put every usual host word right before the whole name."""
    if name.left:
        for word, weight in tables.hosts.items():
            yield word + name.text, weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the host word that is glued to the name."""
    if not name.left or not candidate.endswith(name.text):
        return None
    word = candidate[: -len(name.text)]
    return f"`{word}` glued to the front" if word in tables.hosts else None
