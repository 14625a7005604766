"""Another word that sounds the same: `weather.gov` becomes `whether.gov`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "homophone"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.004, 0.5
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW
_ANYWHERE = 4
"""From so many letters a word counts inside a longer one too; a shorter one stands alone or between hyphens."""

_LONGEST = 15
"""No listed word has more letters."""


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace each word of the registrable label by those that sound like it."""
    for before, label, after, _weight in name.places[:1]:
        for typed, right, _wrong in _heard(label, tables):
            yield f"{before}{typed}{after}", float(len(right))


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the right word and the one that stands for it."""
    for place in name.places[:1]:
        typed = place.typed(candidate)
        if typed is None:
            continue
        for made, right, wrong in _heard(place.label, tables):
            if made == typed:
                return f"`{wrong}` for `{right}` in `{place.label}`"
    return None


def _heard(label: str, tables: Tables) -> Iterator[tuple[str, str, str]]:
    count = len(label)
    for start in range(count - 2):
        for end in range(start + 3, min(count, start + _LONGEST) + 1):
            word = label[start:end]
            others = tables.homophones.get(word)
            if others is None:
                continue
            alone = (start == 0 or label[start - 1] == "-") and (end == count or label[end] == "-")
            if alone or len(word) >= _ANYWHERE:
                for other in others:
                    yield label[:start] + other + label[end:], word, other
