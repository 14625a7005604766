"""Explaining in reverse among many protected names: the few that a name may resemble are found without trying them all.

Filed are the protected names, not their candidates: their labels with all that is within two slips (`nearness`), and
as plain text what the few techniques make that change a name more than that. What is found is explained by
`resemblance`, so nothing is claimed that no technique makes; what no enumeration can list, a protected label inside a
longer one, is found too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from watcher.core.containment import Contained
from watcher.core.edits import replaced
from watcher.core.events import Resemblance
from watcher.core.intended import Intended
from watcher.core.likelihood import CONTAINED
from watcher.core.names import Fqdn, is_under, to_unicode
from watcher.core.nearness import Near
from watcher.core.protected import Kind
from watcher.core.resemblance import resembles
from watcher.core.slips import SLIPPED_LABELS, Technique, known_labels, slips
from watcher.core.tables import Tables

Filed = tuple[Fqdn, Kind, tuple[str, ...]]
"""A protected name, and the labels known below it when it is a suffix."""

_NEAR = frozenset(
    {
        "omission",
        "transposition",
        "repetition",
        "adjacent_key_replacement",
        "adjacent_key_insertion",
        "replacement",
        "insertion",
        "vowel_swap",
        "bit_flip",
        "double_slip",
        "hyphenation",
    }
)
"""Techniques whose labels are at most two slips away."""
_ELSEWHERE = frozenset({"suffix_edit", "suffix_swap", "suffix_appended", "word_added", "host_glued"})
"""Techniques that leave the label as it is: behind it stands another suffix, or a word is taken off it."""

_LOOKS = "idn_homoglyph"


class Index:
    """The protected names, filed for lookup. Adding one costs about a millisecond; so does explaining a hit."""

    def __init__(self, tables: Tables, techniques: Sequence[Technique]) -> None:
        self._tables = tables
        self._techniques = tuple(techniques)
        self._making = tuple(one for one in techniques if one.NAME not in _NEAR | _ELSEWHERE)
        words = sorted({*tables.words, *tables.hosts})
        self._before: dict[str, tuple[str, ...]] = {}
        self._behind: dict[str, tuple[str, ...]] = {}
        for word in words:
            self._before[word[:2]] = (*self._before.get(word[:2], ()), word)
            self._behind[word[-2:]] = (*self._behind.get(word[-2:], ()), word)
        self._filed: dict[Fqdn, Filed] = {}
        self._near = Near()
        self._labels: dict[str, tuple[Fqdn, ...]] = {}
        self._texts: dict[str, tuple[Fqdn, ...]] = {}
        self._contained = Contained()
        self._plain = str.maketrans(_plain_letters(tables))
        self._public_suffix = tables.suffixes.public_suffix

    def __len__(self) -> int:
        return len(self._filed)

    def add(self, name: Fqdn, kind: Kind, known: Sequence[str] = ()) -> None:
        """File a protected name, or file it anew with other labels `known` below it."""
        if self._filed.get(name) == (name, kind, tuple(known)):
            return
        self._filed[name] = (name, kind, tuple(known))
        intended = Intended(name, self._tables)
        if kind is not Kind.SUFFIX:
            self._add_labels(name, intended)
            self._contained.add(intended.labels[-1], intended.suffix, name)
            return
        for slip in slips(intended, self._tables, self._techniques):
            self._add_text(slip.text, name)
        for label, position in known_labels(name, self._tables, tuple(known)).items():
            below = Fqdn(f"{label}.{name}")
            if position < SLIPPED_LABELS:
                self._add_labels(name, Intended(below, self._tables))
            else:
                self._add_text(to_unicode(label), name)

    def names(self) -> Iterable[Fqdn]:
        """What is filed."""
        return self._filed.keys()

    def remove(self, name: Fqdn) -> None:
        """Find a protected name no longer."""
        self._filed.pop(name, None)

    def possible(self, name: str) -> list[Filed]:
        """The protected names that `name` may resemble by a technique: some too many, none too few."""
        found: list[Fqdn] = []
        text = to_unicode(name)
        texts, labels, near = self._texts, self._labels, self._near.find
        if text in texts:
            found += texts[text]
        end = text.rfind(".")
        while end > 0:
            left = text[:end]
            if left in texts:
                found += texts[left]
            end = left.rfind(".")
            label = left[end + 1 :]
            for one in near(label):
                found += labels[one]
            if label[:2] in self._before or label[-2:] in self._behind:
                for one in self._without_word(label):
                    found += labels[one]
        if not found:
            return []
        filed = self._filed
        return [filed[owner] for owner in dict.fromkeys(found) if owner in filed]

    def resembling(self, name: Fqdn) -> tuple[Resemblance, ...]:
        """The protected names that `name` resembles, the likeliest first; none for what is one or is under one.

        A name that resembles nothing itself is judged by its registrable domain: its owner holds all below.
        """
        found = self._explained(name)
        if found or name.count(".") < 2 or not self._touched(name):  # noqa: PLR2004 (a host has two dots at least)
            return found
        domain = self._tables.suffixes.registrable_domain(name)
        return () if domain is None or domain == name or self._ours(name) else self._explained(domain)

    def matching(self, names: Iterable[Fqdn]) -> Iterator[tuple[Fqdn, tuple[Resemblance, ...]]]:
        """Those of many names that resemble something."""
        resembling: Callable[[Fqdn], tuple[Resemblance, ...]] = self.resembling
        for name in names:
            found = resembling(name)
            if found:
                yield name, found

    def _explained(self, name: Fqdn) -> tuple[Resemblance, ...]:
        possible = self.possible(name)
        found: list[Resemblance] = []
        for protected, kind, known in possible:
            found += resembles(name, [(protected, kind)], self._tables, self._techniques, known)
        if not found:
            found = self._looking_like(name) or self._containing(name)
        found.sort(key=lambda one: (-one.likelihood, one.protected))
        return tuple(found)

    def _containing(self, name: Fqdn) -> list[Resemblance]:
        labels = name.split(".")
        made = []
        for label in labels[:-1]:
            for owner, explanation, likelihood in self._contained.find(label):
                if owner in self._filed and not is_under(name, owner) and not is_under(owner, name):
                    made.append(Resemblance(owner, ("containment",), likelihood, explanation))
        return list({one.protected: one for one in made}.values())

    def _looking_like(self, name: Fqdn) -> list[Resemblance]:
        """Of a name in other letters than LDH what it looks like, however many of them stand for others."""
        if "xn--" not in name:
            return []
        text = to_unicode(name)
        plain = text.translate(self._plain)
        if plain == text or not plain.isascii():
            return []
        made = {}
        for label, read in zip(text.split("."), plain.split("."), strict=True):
            for owner in self._labels.get(read, ()) if read != label else ():
                if owner in self._filed and not is_under(name, owner):
                    made[owner] = Resemblance(owner, (_LOOKS,), CONTAINED, f"`{label}` looks like `{read}`")
        for one in self._explained(Fqdn(plain)):
            techniques = tuple(dict.fromkeys((_LOOKS, *one.techniques)))
            made.setdefault(
                Fqdn(one.protected),
                Resemblance(one.protected, techniques, CONTAINED, f"`{text}` looks like {plain}, {one.explanation}"),
            )
        return list(made.values())

    def _touched(self, name: str) -> bool:
        """Whether the registrable domain of `name` may resemble something: its suffix is looked up for few."""
        labels = to_unicode(name).split(".")
        return any(label in self._texts for label in labels[:-1]) or bool(self.possible(name))

    def _ours(self, name: str) -> bool:
        rest = name
        while rest:
            if rest in self._filed:
                return True
            rest = rest.partition(".")[2]
        return False

    def _without_word(self, label: str) -> Iterator[str]:
        """The filed labels that remain when a word is taken off either end."""
        labels = self._labels
        for word in self._before.get(label[:2], ()):
            if label.startswith(word):
                rest = label[len(word) :]
                if rest in labels:
                    yield rest
                if rest[:1] == "-" and rest[1:] in labels:
                    yield rest[1:]
        for word in self._behind.get(label[-2:], ()):
            if label.endswith(word):
                rest = label[: -len(word)]
                if rest in labels:
                    yield rest
                if rest[-1:] == "-" and rest[:-1] in labels:
                    yield rest[:-1]

    def _add_labels(self, owner: Fqdn, intended: Intended) -> None:
        label = intended.labels[-1]
        self._near.add(label)
        _append(self._labels, label, owner)
        if len(intended.suffix) > 0:
            for technique in self._making:
                for text, _ in technique.generate(intended, self._tables):
                    near = len(text) == len(intended.text) and replaced(intended.text, text) is not None
                    if not near or text.count(".") != intended.text.count("."):
                        self._add_text(self._before_suffix(text, intended), owner)

    def _before_suffix(self, text: str, intended: Intended) -> str:
        if text.endswith("." + intended.suffix):
            return text[: -len(intended.suffix) - 1]
        suffix = self._public_suffix(text)
        return text[: -len(suffix) - 1] if len(text) > len(suffix) else text

    def _add_text(self, text: str, owner: Fqdn) -> None:
        _append(self._texts, text, owner)


def _plain_letters(tables: Tables) -> dict[str, str]:
    """Characters that look like one of LDH, with what they look like."""
    plain = {twin: letter for twins in tables.scripts.values() for letter, twin in twins.items()}
    return plain | {twin: letter for letter, glyphs in tables.glyphs.items() for twin in glyphs.same + glyphs.marked}


def _append(table: dict[str, tuple[Fqdn, ...]], key: str, owner: Fqdn) -> None:
    known = table.get(key, ())
    if owner not in known:
        table[key] = (*known, owner)
