"""A typing slip in the suffix makes another one: `army.mil` becomes `army.ml`, `mod.gov.uk` `mod.gov.ug`."""

from collections.abc import Iterator

from watcher.core.slips.edits import DIGITS, LETTERS, described, put_in, replaced
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import (
    LISTED_SUFFIX,
    RARE_CHARACTER,
    SUFFIX_ADJACENT,
    SUFFIX_INSERTION,
    SUFFIX_OMISSION,
    SUFFIX_REACHED,
    SUFFIX_REPETITION,
    SUFFIX_REPLACEMENT,
    SUFFIX_TRANSPOSITION,
)
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "suffix_edit"
# `core.likelihood`, FINDINGS: suffix only 6.5-7.4 %; exchanged siblings 5 of 23 documented cases.
MASS, IMPERSONATION = 0.075, 0.5
CHANGES, LABELS, AMOUNT = Changes.SUFFIX, Labels.KEPT, Amount.FEW
_ALL = LETTERS + DIGITS


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Make every single slip in each label of the suffix that leaves a delegated top-level label.

    The name itself stands for the slips that reach no suffix at all, where they are more than those of `.mil`.
    """
    labels = name.suffix.split(".")
    last = len(labels) - 1
    delegated = tables.suffixes.delegated
    head = name.left + "." if name.left else ""
    for index, label in enumerate(labels):
        middle = "".join(other + "." for other in labels[:index])
        end = "".join("." + other for other in labels[index + 1 :])
        made = [(typed, weight) for typed, weight in _slips(label, name) if index < last or typed in delegated]
        reached = sum(weight for _, weight in made)
        share = len(labels) * max(reached, SUFFIX_REACHED)  # a slip is as likely in either label
        if made and reached < SUFFIX_REACHED:
            yield name.text, (SUFFIX_REACHED - reached) / share  # most slips lead nowhere, and the right name is typed
        for typed, weight in made:
            suffix = f"{middle}{typed}{end}"
            familiar = LISTED_SUFFIX if last and suffix in tables.icann else 1.0
            yield head + suffix, weight * familiar / share


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Describe the slip in the suffix."""
    head = name.left + "." if name.left else ""
    if not candidate.startswith(head):
        return None
    right, wrong = name.suffix.split("."), candidate[len(head) :].split(".")
    if len(right) != len(wrong):
        return None
    differing = [index for index, pair in enumerate(zip(right, wrong, strict=True)) if pair[0] != pair[1]]
    if len(differing) != 1:
        return None
    (index,) = differing
    if not wrong[index] or (index == len(right) - 1 and wrong[index] not in tables.suffixes.delegated):
        return None
    return described(right[index], wrong[index], "the suffix") if _typable(right[index], wrong[index]) else None


def _slips(label: str, name: Intended) -> Iterator[tuple[str, float]]:
    count = len(label)
    if label.startswith("xn--"):  # nobody types an A-label
        return
    for at in range(count):
        start, right, end = label[:at], label[at], label[at + 1 :]
        if count > 1:
            yield start + end, SUFFIX_OMISSION.at(at, count)
        yield f"{start}{right}{right}{end}", SUFFIX_REPETITION
        if end and end[0] != right:
            yield f"{start}{end[0]}{right}{end[1:]}", SUFFIX_TRANSPOSITION
        near = {key for layout in name.layouts if (keys := layout.get(right)) for key in keys.row + keys.near}
        for wrong in _ALL:
            if wrong != right:
                rare = RARE_CHARACTER if wrong in DIGITS else 1.0
                adjacent = SUFFIX_ADJACENT if wrong in near else 0.0
                yield f"{start}{wrong}{end}", SUFFIX_REPLACEMENT * rare + adjacent
    for at in range(count + 1):
        for extra in _ALL:
            yield f"{label[:at]}{extra}{label[at:]}", SUFFIX_INSERTION * (RARE_CHARACTER if extra in DIGITS else 1.0)


def _typable(right: str, wrong: str) -> bool:
    """Return whether the characters that came in are letters or digits, or one of the suffix's own twice."""
    if right.startswith("xn--"):  # nobody types an A-label
        return False
    if (at := put_in(right, wrong)) is not None:
        return wrong[at] in _ALL or wrong[at] == right[at - 1 : at]
    at = replaced(right, wrong)
    return at is None or wrong[at] in _ALL
