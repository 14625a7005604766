"""Bundled data: read from the files beside this one, frozen into `Tables`; nothing is read before it is needed."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import publicsuffixlist

from watcher.core.names.suffixes import Suffixes
from watcher.core.slips.known_names import KnownNames
from watcher.core.slips.tables import Glyphs, Neighbours, Tables

_HERE = Path(__file__).parent
_ENUMERATION = ("techniques/*.py", "core/names/*.py", "core/slips/*.py", "data/*.txt")


@cache
def load_suffixes() -> Suffixes:
    """Return the public suffix list of the installed package with the bundled list of the root's delegations."""
    return Suffixes(
        lambda: _suffix_list((*_rules()[0], *_rules()[1])),
        lambda: _suffix_list(_rules()[0]),
        frozenset(_lines("root_labels.txt")),
    )


def learn_labels(labels: Iterable[str]) -> None:
    """Count top-level labels that the root was seen to delegate like the bundled ones, in all that is loaded next."""
    suffixes = load_suffixes()
    if new := frozenset(labels) - suffixes.delegated:
        suffixes.learn(new)
        load_tables.cache_clear()
        enumeration_version.cache_clear()


@cache
def load_tables(words: tuple[str, ...] = ()) -> Tables:
    """Everything the enumeration needs; `words` of the operator's stand among the bundled ones, as likely as the first.

    Not given, or none, it is the same object every time.
    """
    if words:
        bundled = load_tables()
        weight = max(bundled.words.values())
        return replace(bundled, words={**bundled.words, **dict.fromkeys(words, weight)})
    icann, private = _rules()
    registries = dict(_grouped("registries.txt"))
    glyphs, scripts = _glyphs()
    return Tables(
        suffixes=load_suffixes(),
        icann=frozenset(icann),
        private=frozenset(private),
        popular_suffixes=_weights("popular_suffixes.txt"),
        keyboards=_keyboards(),
        layouts={country: layout for layout, countries in _grouped("layouts.txt") for country in countries},
        neighbours=dict(_grouped("neighbours.txt")),
        glyphs=glyphs,
        scripts=scripts,
        lookalikes=tuple(_pairs("lookalikes.txt")),
        spellings=tuple(
            (item, other, float(weight)) for item, other, weight in map(str.split, _lines("spellings.txt"))
        ),
        homophones=_homophones(),
        numerals=tuple(tuple(line.split()) for line in _lines("numerals.txt")),
        exchanged_keys=tuple(_exchanged_keys()),
        words=_weights("words.txt"),
        hosts=_weights("hosts.txt"),
        government_labels=frozenset(registries["government"]),
        restricted=frozenset(registries["restricted"]),
        repertoires=dict(_repertoires()),
        well_known=_well_known(),
        known=KnownNames(_known_names),
    )


@cache
def enumeration_version(words: tuple[str, ...] = ()) -> str:
    """A short text that changes whenever techniques, weights, data or `words` do, so that stored tiers are made anew.

    It follows the sources themselves: too often is harmless, too seldom would leave names unwatched.
    """
    learned = sorted(load_suffixes().delegated - frozenset(_lines("root_labels.txt")))
    digest = hashlib.sha256(" ".join([publicsuffixlist.__version__, *words, *learned]).encode())
    for pattern in _ENUMERATION:
        for file in sorted(_HERE.parent.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def load_log_list() -> bytes:
    """The certificate logs as they were when this version was made: used until a fresh list was fetched."""
    return (_HERE / "certificate_logs.json").read_bytes()


def rdap_bootstrap() -> bytes:
    """Return IANA's list of RDAP servers as it was bundled, for `lookups.registry`."""
    return (_HERE / "rdap_bootstrap.json").read_bytes()


def _suffix_list(rules: Iterable[str]) -> publicsuffixlist.PublicSuffixList:
    return publicsuffixlist.PublicSuffixList(rules, accept_encoded_idn=False)


@cache
def _rules() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules of both sections as A-labels. Read here because the package's own reader takes four times as long."""
    text = Path(publicsuffixlist.PSLFILE).read_text(encoding="utf-8")
    icann, _, private = text.partition("// ===END ICANN DOMAINS===")
    return tuple(_section(icann)), tuple(_section(private))


def _section(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line and not line.startswith("//"):
            rule = line.split(maxsplit=1)[0]
            yield rule if rule.isascii() else ".".join(map(_a_label, rule.split(".")))


def _a_label(label: str) -> str:
    # The list is in lower case and NFC already (its own linter sees to that), so nothing is left to map.
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _lines(file: str) -> Iterator[str]:
    for line in (_HERE / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def _weights(file: str) -> dict[str, float]:
    return {key: float(weight) for key, weight in _pairs(file)}


def _pairs(file: str) -> Iterator[tuple[str, str]]:
    for line in _lines(file):
        first, second = line.split()
        yield first, second


def _grouped(file: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The values of lines that begin with the same key, together."""
    groups: dict[str, list[str]] = {}
    for line in _lines(file):
        key, *values = line.split()
        groups.setdefault(key, []).extend(values)
    return [(key, tuple(values)) for key, values in groups.items()]


def _well_known() -> dict[str, tuple[str, ...]]:
    groups = dict(_grouped("well_known.txt"))
    public = (label for line in _lines("gov_labels.txt") for label in line.split())
    return groups | {"gov": tuple(dict.fromkeys((*groups["gov"], *public)))}


def _known_names() -> Iterator[str]:
    yield from _lines("known/known_names.txt")
    for line in _lines("gov_labels.txt"):
        for label in line.split():
            yield f"{label}.gov"


def _homophones() -> dict[str, tuple[str, ...]]:
    groups = [line.split() for line in _lines("homophones.txt")]
    alike: dict[str, dict[str, None]] = {}
    for group in groups:
        for word in group:
            alike.setdefault(word, {}).update(dict.fromkeys(other for other in group if other != word))
    return {word: tuple(others) for word, others in alike.items()}


def _exchanged_keys() -> Iterator[tuple[dict[int, int], frozenset[str]]]:
    for pairs, countries in _grouped("exchanged_keys.txt"):
        both = [(pair[0], pair[1]) for pair in pairs.split(",")]
        yield {**{ord(a): ord(b) for a, b in both}, **{ord(b): ord(a) for a, b in both}}, frozenset(countries)


def _repertoires() -> Iterator[tuple[str, str]]:
    for line in _lines("idn_tables.txt"):
        labels, characters = line.split(maxsplit=2)[:2]
        for label in labels.split(","):
            yield label, characters.removeprefix("-")


def _keyboards() -> dict[str, dict[str, Neighbours]]:
    keyboards: dict[str, dict[str, Neighbours]] = {}
    for line in _lines("keyboards.txt"):
        layout, key, row, near, digits = line.split()
        keys = ("" if part == "-" else part for part in (row, near, digits))
        keyboards.setdefault(layout, {})[key] = Neighbours(*keys)
    return keyboards


def _glyphs() -> tuple[dict[str, Glyphs], dict[str, dict[str, str]]]:
    latin: dict[str, dict[str, str]] = {}
    scripts: dict[str, dict[str, str]] = {}
    for line in _lines("homoglyphs.txt"):
        letter, script, likeness, characters = line.split()
        if script == "latin":
            latin.setdefault(letter, {})[likeness] = characters
        else:
            scripts.setdefault(script, {})[letter] = characters[0]
    glyphs = {letter: Glyphs(kinds.get("glyph", ""), kinds.get("mark", "")) for letter, kinds in latin.items()}
    return glyphs, scripts
