"""What the enumeration knows about the world, frozen: made once by `watcher.data`, handed to everything pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.core.suffixes import Suffixes


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The keys around one key: in its own row, in the other letter rows, among the digits."""

    row: str
    near: str
    digits: str


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What looks like one letter or digit: the same shape, or the letter with a mark. Latin script."""

    same: str
    marked: str


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The bundled data. Names and suffixes are A-labels.

    `icann`, `private`: the rules of the public suffix list's two sections, `*.` and `!` in front as there.
    `popular_suffixes`: suffix -> how readily people write it out of habit, relative.
    `keyboards`: layout -> key -> neighbours; `layouts`: country -> layout. `scripts`: script -> LDH letter -> its twin.
    `exchanged_keys`: what stands elsewhere on a layout than on QWERTY (for `str.translate`), with its countries.
    `lookalikes`: pairs of LDH text that look alike. `spellings`: pairs that sound alike, `$` for an end, with weights.
    `homophones`: word -> those that sound like it. `numerals`: groups of numeral and words.
    `words`: word -> weight, put before or after a label.
    `government_labels`: labels that make a suffix below a country's top level a government's (`gov`, `gouv`).
    `restricted`: further suffixes where outsiders cannot register. `no_idn`: top-level labels without IDNs.
    `well_known`: suffix -> labels known below it, the most written-to first; `*` for any government's suffix.
    """

    suffixes: Suffixes
    icann: frozenset[str]
    private: frozenset[str]
    popular_suffixes: Mapping[str, float]
    keyboards: Mapping[str, Mapping[str, Neighbours]]
    layouts: Mapping[str, str]
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
    no_idn: frozenset[str]
    well_known: Mapping[str, tuple[str, ...]]

    def country(self, suffix: str) -> str | None:
        """The country a suffix belongs to, as its top-level label (`us` for mil and gov); None for generic ones."""
        top = suffix.rpartition(".")[2]
        if top in {"mil", "gov", "edu"}:
            return "us"
        return top if len(top) == 2 else None  # noqa: PLR2004 (country codes have two letters)

    def is_government(self, suffix: str) -> bool:
        """Whether `suffix` is kept by a government for its own names."""
        if suffix in {"mil", "gov"}:
            return True
        first, dot, rest = suffix.partition(".")
        return bool(dot) and len(rest) == 2 and first in self.government_labels and suffix in self.icann  # noqa: PLR2004

    def is_restricted(self, suffix: str) -> bool:
        """Whether outsiders cannot register below `suffix`."""
        return suffix in self.restricted or self.is_government(suffix)
