"""A dot forgotten: `us.army.mil` becomes `usarmy.mil`, `mod.gov.uk` becomes `modgov.uk`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "missing_dot"
# `core.likelihood`, FINDINGS: missing dot, dropped label and dot to hyphen with a mass of 0.02-0.03 each.
MASS, IMPERSONATION = 0.03, 0.5
CHANGES, LABELS, AMOUNT = Changes.STRUCTURE, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Leave out every dot but the last once: without the last one no name remains."""
    text = name.text
    last = text.rfind(".")
    at = text.find(".")
    while 0 <= at < last:
        yield text[:at] + text[at + 1 :], 1.0
        at = text.find(".", at + 1)


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the labels between which the dot is missing."""
    for typed, _ in generate(name, tables):
        if typed == candidate:
            at = next(index for index, (item, other) in enumerate(zip(name.text, typed, strict=False)) if item != other)
            before, after = name.text[:at].rpartition(".")[2], name.text[at + 1 :].partition(".")[0]
            return f"the dot between `{before}` and `{after}` forgotten"
    return None
