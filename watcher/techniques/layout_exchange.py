"""Written on another country's keyboard: `army.mil` becomes `armz.mil`, `firma.cz` becomes `firma.cy`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "layout_exchange"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.004, 0.2
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.OTHER, Amount.FEW
_AT_HOME = 20.0  # a writer who is used to that keyboard, against one who happens to sit at it


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Exchange every letter that stands elsewhere on a layout: in all of the name, before the suffix, in it."""
    suffix = "" if name.suffix.startswith("xn--") else "." + name.suffix
    for pairs, countries in tables.exchanged_keys:
        weight = _AT_HOME if name.country in countries else 1.0
        left, end = name.left.translate(pairs), (suffix.translate(pairs) if suffix else "." + name.suffix)
        if not name.left:
            yield end[1:], weight
            continue
        yield left + end, weight
        if end[1:] != name.suffix and left != name.left:
            yield f"{left}.{name.suffix}", weight
            yield name.left + end, weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the first pair of exchanged keys."""
    if len(candidate) != len(name.text) or candidate == name.text:
        return None
    for typed, _ in generate(name, tables):
        if typed == candidate:
            right, wrong = next(pair for pair in zip(name.text, typed, strict=True) if pair[0] != pair[1])
            return f"`{wrong}` for `{right}` as on another country's keyboard"
    return None
