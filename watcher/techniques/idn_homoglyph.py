"""Characters with marks or of another alphabet that look alike: `army.com` as `ārmy.com`, `coca.com` as `соса.com`."""

from collections.abc import Iterator

from watcher.core.slips.edits import DIGITS, common_start
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "idn_homoglyph"
# Whoever has no such key writes the letter as they can; how often depends on the writer alone.
MASS, IMPERSONATION = 0.004, 0.95
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.ALIKE, Amount.FEW
_SAME = 3.0  # the same shape against the letter with a mark
_WHOLE = 20.0  # the whole label in one other script, which registries that forbid mixed scripts allow
_NO_LETTERS = DIGITS + "-"


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace in the registrable label one letter or two by a Latin twin, or all letters by those of one other script.

    Scripts are not mixed within a label: registries refuse that (ICANN's IDN guidelines 4.0).
    """
    for place in name.registrable:
        label = place.label
        for at in range(len(label)):
            for end in range(at + 1, min(at + 2, len(label)) + 1):
                glyphs = tables.glyphs.get(label[at:end])
                if glyphs is None:
                    continue
                for twin in glyphs.same:
                    yield f"{place.before}{label[:at]}{twin}{label[end:]}{place.after}", _SAME
                for twin in glyphs.marked:
                    yield f"{place.before}{label[:at]}{twin}{label[end:]}{place.after}", 1.0
        for _script, whole in _in_other_scripts(label, tables):
            yield f"{place.before}{whole}{place.after}", _WHOLE


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the twin and the letters it stands for, or the script of the whole label."""
    for place in name.registrable:
        label, typed = place.label, place.typed(candidate)
        if typed is None or typed.isascii() or not 0 <= len(label) - len(typed) <= 1:
            continue
        for script, whole in _in_other_scripts(label, tables):
            if typed == whole:
                return f"`{label}` in {script.capitalize()} letters"
        at = common_start(label, typed)
        if at == len(typed):  # the end is missing: nothing stands for anything
            continue
        end = at + 1 + len(label) - len(typed)
        glyphs = tables.glyphs.get(label[at:end])
        if glyphs is not None and typed[at + 1 :] == label[end:] and typed[at] in glyphs.same + glyphs.marked:
            return f"`{typed[at]}` for `{label[at:end]}` in `{label}`"
    return None


def _in_other_scripts(label: str, tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the label with every letter by its twin; digits and hyphens stay as they are."""
    if not set(label) <= set(_NO_LETTERS):
        for script, twins in tables.scripts.items():
            if all(character in twins or character in _NO_LETTERS for character in label):
                whole = (character if character in _NO_LETTERS else twins[character] for character in label)
                yield script, "".join(whole)
