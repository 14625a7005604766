"""A hyphen where none belongs, or one lost: `us-army.mil` becomes `usarmy.mil`, `army.mil` becomes `ar-my.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import left_out, put_in
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "hyphenation"
# Hardly anybody slips into these: they earn their place by who registers them (209 documented lookalikes).
MASS, IMPERSONATION = 0.008, 0.5
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW
_LOST = 5.0  # a hyphen is lost far more readily than one is put at any particular place


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Put a hyphen between any two characters, and leave out every hyphen."""
    for before, label, after, weight in name.places or name.registrable:
        for at in range(1, len(label)):
            yield f"{before}{label[:at]}-{label[at:]}{after}", weight
        for at, character in enumerate(label):
            if character == "-":
                yield f"{before}{label[:at]}{label[at + 1 :]}{after}", weight * _LOST


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the label that a hyphen came into or was lost from."""
    for place in name.places or name.registrable:
        typed = place.typed(candidate)
        if typed is None:
            continue
        at = put_in(place.label, typed)
        if at is not None and typed[at] == "-" and 0 < at < len(place.label):
            return f"a hyphen in `{place.label}`"
        at = left_out(place.label, typed)
        if at is not None and place.label[at] == "-":
            return f"a hyphen lost from `{place.label}`"
    return None
