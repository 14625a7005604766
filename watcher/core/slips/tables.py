"""The enumeration's knowledge about the world, frozen: made once by `watcher.data`, handed to everything pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from watcher.core.names.suffixes import Suffixes
from watcher.core.slips.known_names import KnownNames

_OTHER_SCRIPTS = (
    "\u0590-\u1c7f\u1c90-\u1cff\u2c80-\u2ddf\u2e00-\ua63f\ua6a0-\ua71f\ua800-\uab2f\uab70-\ufaff\U00010000-\U0003ffff"
)
"""Every block but those of Latin, Greek, Cyrillic and Armenian."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The keys around one key: in its own row, in the other letter rows, among the digits."""

    row: str
    near: str
    digits: str


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The lookalikes of a letter, a digit or two letters: the same shape, or a letter with a mark. Latin script."""

    same: str
    marked: str


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The bundled data. Names and suffixes are A-labels.

    `icann`, `private`: the rules of the public suffix list's two sections, `*.` and `!` in front as there.
    `popular_suffixes`: suffix -> how readily people write it out of habit, relative.
    `keyboards`: layout -> key -> neighbours; `layouts`: country -> layout.
    `neighbours`: country -> countries whose people write there. `scripts`: script -> LDH letter -> its twin.
    `exchanged_keys`: what stands elsewhere on a layout than on QWERTY (for `str.translate`), with its countries.
    `lookalikes`: pairs of LDH text that look alike. `spellings`: pairs that sound alike, `$` for an end, with weights.
    `homophones`: word -> those that sound like it. `numerals`: groups of numeral and words.
    `words`: word -> weight, put before or after a label.
    `government_labels`: labels that make a suffix below a country's top level a government's (`gov`, `gouv`).
    `restricted`: further suffixes where outsiders cannot register.
    `repertoires`: top-level label -> what its registry takes beyond LDH (empty: no IDNs), as inside a regular
    expression's brackets, `*` for every script but those that look like Latin; a label that is missing has no table.
    `well_known`: suffix -> labels known below it, the most written-to first; `*` for any government's suffix.
    `known`: registrable domains in honest use.
    """

    suffixes: Suffixes
    icann: frozenset[str]
    private: frozenset[str]
    popular_suffixes: Mapping[str, float]
    keyboards: Mapping[str, Mapping[str, Neighbours]]
    layouts: Mapping[str, str]
    neighbours: Mapping[str, tuple[str, ...]]
    glyphs: Mapping[str, Glyphs]
    scripts: Mapping[str, Mapping[str, str]]
    lookalikes: tuple[tuple[str, str], ...]
    spellings: tuple[tuple[str, str, float], ...]
    homophones: Mapping[str, tuple[str, ...]]
    numerals: tuple[tuple[str, ...], ...]
    exchanged_keys: tuple[tuple[Mapping[int, int], frozenset[str]], ...]
    words: Mapping[str, float]
    hosts: Mapping[str, float]
    government_labels: frozenset[str]
    restricted: frozenset[str]
    repertoires: Mapping[str, str]
    well_known: Mapping[str, tuple[str, ...]]
    known: KnownNames

    def country(self, suffix: str) -> str | None:
        """Return the country of a suffix, as its top-level label (`us` for mil and gov); None for generic ones."""
        top = suffix.rpartition(".")[2]
        if top in {"mil", "gov", "edu"}:
            return "us"
        return top if len(top) == 2 else None  # noqa: PLR2004 (country codes have two letters)

    def is_government(self, suffix: str) -> bool:
        """Return whether `suffix` is kept by a government for its own names."""
        if suffix in {"mil", "gov"}:
            return True
        first, dot, rest = suffix.partition(".")
        return bool(dot) and len(rest) == 2 and first in self.government_labels and suffix in self.icann  # noqa: PLR2004

    def is_restricted(self, suffix: str) -> bool:
        """Return whether outsiders cannot register below `suffix`."""
        return suffix in self.restricted or self.is_government(suffix)

    def takes(self, label: str, top: str) -> bool:
        """Return whether the registry of the top-level label `top` takes the characters of the U-label `label`.

        True where no table is known: that IDNA 2008 allows it is asked elsewhere.
        """
        if label.isascii():
            return True
        characters = self.repertoires.get(top)
        return characters is None or _pattern(characters).fullmatch(label) is not None


@lru_cache(maxsize=256)
def _pattern(characters: str) -> re.Pattern[str]:
    return re.compile(f"[a-z0-9{characters.replace('*', _OTHER_SCRIPTS)}-]*")
