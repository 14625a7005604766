"""A hyphen instead of a dot: `us.army.mil` becomes `us-army.mil`, `mod.gov.uk` becomes `mod-gov.uk`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "dot_to_hyphen"
# `core.likelihood`, FINDINGS: missing dot, dropped label and dot to hyphen with a mass of 0.02-0.03 each.
MASS, IMPERSONATION = 0.02, 0.6
CHANGES, LABELS, AMOUNT = Changes.STRUCTURE, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Write every dot but the last as a hyphen once."""
    text = name.text
    last = text.rfind(".")
    at = text.find(".")
    while 0 <= at < last:
        yield f"{text[:at]}-{text[at + 1 :]}", 1.0
        at = text.find(".", at + 1)


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the labels that the hyphen stands between."""
    for typed, _ in generate(name, tables):
        if typed == candidate:
            at = next(index for index, (item, other) in enumerate(zip(name.text, typed, strict=True)) if item != other)
            before, after = name.text[:at].rpartition(".")[2], name.text[at + 1 :].partition(".")[0]
            return f"a hyphen for the dot between `{before}` and `{after}`"
    return None
