"""A plural for a singular or the other way round: `veteran.gov` becomes `veterans.gov`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "plural"
# Hardly anybody slips into these: they earn their place by who registers them (209 documented lookalikes).
MASS, IMPERSONATION = 0.004, 0.5
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Put s, es or ies at the end of the registrable label, or take it off; put es after a word inside it."""
    for before, label, after, _weight in name.places[:1]:
        for typed in _forms(label):
            yield f"{before}{typed}{after}", 1.0


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the form that stands for the label."""
    for place in name.places[:1]:
        if (typed := place.typed(candidate)) is not None and typed in _forms(place.label):
            return f"`{typed}` for `{place.label}`"
    return None


def _forms(label: str) -> set[str]:
    forms = {
        f"{label[:at]}es{label[at:]}" for at in range(3, len(label) - 1) if label[at - 1] in "sxz"
    }  # of a word inside, as in `businessesschool`
    if label.endswith("s") and len(label) > 1:
        forms.add(label[:-1])
    else:
        forms.add(label + "s")
    if label.endswith(("s", "x", "z", "ch", "sh")):
        forms.add(label + "es")
    if label.endswith("y") and len(label) > 1:
        forms.add(label[:-1] + "ies")
    if label.endswith("ies") and len(label) > 3:  # noqa: PLR2004 (a stem must remain)
        forms.add(label[:-3] + "y")
    return forms
