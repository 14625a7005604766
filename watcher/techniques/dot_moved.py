"""A dot one place too early or too late: `us.army.mil` becomes `usa.rmy.mil`, `mod.gov.uk` becomes `mo.dgov.uk`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "dot_moved"
# `core.likelihood`, FINDINGS: missing dot, dropped label and dot to hyphen with a mass of 0.02-0.03 each.
MASS, IMPERSONATION = 0.004, 0.2
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Exchange every dot with the character before and the character after it."""
    text = name.text
    at = text.find(".")
    while at >= 0:
        if at > 1 and text[at - 2] != ".":
            yield f"{text[: at - 1]}.{text[at - 1]}{text[at + 1 :]}", 1.0
        if at + 2 < len(text) and text[at + 2] != ".":
            yield f"{text[:at]}{text[at + 1]}.{text[at + 2 :]}", 1.0
        at = text.find(".", at + 1)


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the labels that the dot now parts wrongly."""
    if len(candidate) != len(name.text):
        return None
    for typed, _ in generate(name, tables):
        if typed == candidate:
            at = next(index for index, (item, other) in enumerate(zip(name.text, typed, strict=True)) if item != other)
            dot = name.text.index(".", at)
            before, after = name.text[:dot].rpartition(".")[2], name.text[dot + 1 :].partition(".")[0]
            return f"the dot between `{before}` and `{after}` moved"
    return None
