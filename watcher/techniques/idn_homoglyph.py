"""Characters with marks or of another alphabet that look alike: `army.com` as `ārmy.com`, `coca.com` as `соса.com`."""

from collections.abc import Iterator

from watcher.core.edits import replaced
from watcher.core.intended import Intended
from watcher.core.tables import Tables

NAME = "idn_homoglyph"
_SAME = 3.0  # the same shape against the letter with a mark
_WHOLE = 20.0  # the whole label in one other script, which registries that forbid mixed scripts allow


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """In the registrable label: one character by its Latin twin, or all of them by those of one other script.

    Scripts are not mixed within a label: registries refuse that (ICANN's IDN guidelines 4.0).
    """
    for place in name.places[:1]:
        label = place.label
        for at, character in enumerate(label):
            glyphs = tables.glyphs.get(character)
            if glyphs is None:
                continue
            for twin in glyphs.same:
                yield f"{place.before}{label[:at]}{twin}{label[at + 1 :]}{place.after}", _SAME
            for twin in glyphs.marked:
                yield f"{place.before}{label[:at]}{twin}{label[at + 1 :]}{place.after}", 1.0
        for _script, whole in _in_other_scripts(label, tables):
            yield f"{place.before}{whole}{place.after}", _WHOLE


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Which twin stands for which character."""
    for place in name.places[:1]:
        typed = place.typed(candidate)
        if typed is None or len(typed) != len(place.label):
            continue
        for script, whole in _in_other_scripts(place.label, tables):
            if typed == whole:
                return f"`{place.label}` in {script.capitalize()} letters"
        if (at := replaced(place.label, typed)) is not None:
            glyphs = tables.glyphs.get(place.label[at])
            if glyphs is not None and (typed[at] in glyphs.same or typed[at] in glyphs.marked):
                return f"`{typed[at]}` for `{place.label[at]}` in `{place.label}`"
    return None


def _in_other_scripts(label: str, tables: Tables) -> Iterator[tuple[str, str]]:
    for script, twins in tables.scripts.items():
        if all(character in twins for character in label):
            yield script, "".join(twins[character] for character in label)
