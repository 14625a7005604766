"""Explaining in reverse among many protected names: the few that a name may resemble are found without trying them all.

Filed are the protected names, not their candidates: their labels with all that is within two slips (`nearness`), and
as plain text what the few techniques make that change a name more than that. What is found is explained by
`resemblance`, so nothing is claimed that no technique makes; what no enumeration can list, a protected label inside a
longer one, is found too.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn, is_under, to_unicode
from watcher.core.names.possible import possible
from watcher.core.names.protected import Kind
from watcher.core.slips.bare import bare_text, has_outer_hyphen
from watcher.core.slips.containment import NAME as CONTAINMENT
from watcher.core.slips.containment import Contained
from watcher.core.slips.edits import replaced
from watcher.core.slips.grade import graded
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import CONTAINED
from watcher.core.slips.nearness import Near, consonants
from watcher.core.slips.resemblance import may_end, resembles
from watcher.core.slips.slip import SLIPPED_LABELS, known_labels, slips
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Labels, Technique

Filed = tuple[Fqdn, Kind, tuple[str, ...]]
"""A protected name, and the labels known below it when it is a suffix."""

_KEPT = 65_536
"""So many labels are remembered with what they led to: the same come again and again in a stream of names."""
_WORD_START = 2
_SOUND = 2
"""Labels that sound alike differ in length by so many letters at most."""

_Held = tuple[Fqdn, str, float]
"""A protected name whose label stands inside another, the words for it, and how likely it is meant."""
_NOTHING: tuple[tuple[str, ...], tuple[_Held, ...]] = ((), ())


class Contents(NamedTuple):
    """The contents of an index: `labels` with all that is near them, `texts` and `whole` names as they are.

    `inside`: texts that count inside a label. `words`: taken off the ends of labels.
    """

    labels: Sequence[str]
    texts: Sequence[str]
    whole: Sequence[str]
    inside: Sequence[str]
    words: Sequence[str]


class Index:
    """The protected names, filed for lookup. Adding one costs about a millisecond; so does explaining a hit."""

    def __init__(self, tables: Tables, techniques: Sequence[Technique]) -> None:
        self._tables = tables
        self._techniques = tuple(techniques)
        self._making = tuple(technique for technique in techniques if technique.LABELS is Labels.OTHER)
        self._looks = tuple(technique.NAME for technique in techniques if technique.LABELS is Labels.ALIKE)[:1]
        words = sorted({*tables.words, *tables.hosts})
        self._words = words
        self._before: dict[str, tuple[str, ...]] = {}
        self._behind: dict[str, tuple[str, ...]] = {}
        for word in words:
            start, end = word[:_WORD_START], word[-_WORD_START:]
            self._before[start] = (*self._before.get(start, ()), word)
            self._behind[end] = (*self._behind.get(end, ()), word)
        self._filed: dict[Fqdn, Filed] = {}
        self._near = Near()
        self._labels: dict[str | tuple[int, str], Fqdn | tuple[Fqdn, ...]] = {}
        self._texts: dict[str, Fqdn | tuple[Fqdn, ...]] = {}
        self._whole: dict[str, Fqdn | tuple[Fqdn, ...]] = {}
        self._contained = Contained()
        self._sounding: dict[str, tuple[str, ...]] = {}
        self._seen: dict[str, tuple[tuple[str, ...], tuple[_Held, ...]]] = {}
        self._wild: dict[str, bool] = {}
        self._plain, self._plain_too = map(str.maketrans, _plain_letters(tables))
        self._public_suffix = tables.suffixes.public_suffix

    def __len__(self) -> int:
        return len(self._filed)

    def add(self, name: Fqdn, kind: Kind, known: Sequence[str] = ()) -> None:
        """File a protected name, or file it anew with other labels `known` below it."""
        if self._filed.get(name) == (name, kind, tuple(known)):
            return
        self._filed[name] = (name, kind, tuple(known))
        self._seen.clear()
        intended = Intended(name, self._tables)
        if kind is not Kind.SUFFIX:
            self._add_labels(name, intended)
            self._contained.add(intended.labels[-1], intended.suffix, name)
            return
        for slip in slips(intended, self._tables, self._techniques):
            _append(self._whole, slip.text, name)
        for label, position in known_labels(name, self._tables, tuple(known)).items():
            below = Fqdn(f"{label}.{name}")
            if position < SLIPPED_LABELS:
                self._add_labels(name, Intended(below, self._tables))
            else:
                self._add_text(to_unicode(label), name)

    def names(self) -> Iterable[Fqdn]:
        """Return the protected names that are filed."""
        return self._filed.keys()

    def remove(self, name: Fqdn) -> None:
        """Find a protected name no longer."""
        self._filed.pop(name, None)

    def possible(self, name: str) -> list[Filed]:
        """Return the protected names that `name` may resemble by a technique: some too many, none too few."""
        found = self._owners(name)
        if not found:
            return found
        filed = self._filed
        return [filed[owner] for owner in dict.fromkeys(found) if owner in filed]

    def resembling(self, name: Fqdn) -> tuple[Resemblance, ...]:
        """Return the protected names that `name` resembles, the likeliest first; none for what is one or is under one.

        A name that resembles nothing itself is judged by its registrable domain: its owner holds all below.
        """
        found = self._explained(name)
        if found or name.count(".") < 2 or not self._touched(name):  # noqa: PLR2004 (a host has two dots at least)
            return found
        domain = self._tables.suffixes.registrable_domain(name)
        return () if domain is None or domain == name or self._ours(name) else self._explained(domain)

    def contents(self) -> Contents:
        """Return what is filed, for a sieve."""
        return Contents(
            tuple(self._near), tuple(self._texts), tuple(self._whole), tuple(self._contained), tuple(self._words)
        )

    def matching(self, names: Iterable[Fqdn]) -> Iterator[tuple[Fqdn, tuple[Resemblance, ...]]]:
        """Those of many names that resemble something."""
        texts, whole, look, resembling = self._texts, self._whole, self._look, self.resembling
        for name in names:
            label, _, rest = name.partition(".")
            # Nearly all are one label below a suffix, and it resembles nothing: said without another step.
            if (
                "." in rest
                or "xn--" in name
                or "_" in name
                or label in texts
                or name in whole
                or look(label) is not _NOTHING
            ):
                found = resembling(name)
            else:
                continue
            if found:
                yield name, found

    def _owners(self, name: str) -> list[Any]:
        text = name
        if "xn--" in name:
            text = to_unicode(name)
            read = dict.fromkeys((text, text.translate(self._plain), text.translate(self._plain_too)))
            return [owner for item in read for owner in self._owners_of(item, name)]
        return self._owners_of(text, name)

    def _owners_of(self, text: str, name: str) -> list[Any]:
        """Return the owners of what `text`, `name` as it is read, can be a slip of.

        Found as a whole, by all that stands before the suffix, or by a label in its place: then what stands behind it
        must be a slip of the owner's suffix.
        """
        texts, seen = self._texts, self._seen
        found: list[Any] = []
        if text in self._whole:
            found += _each(self._whole[text])
        labels = text.split(".")
        left = ""
        for depth, label in enumerate(labels[:-1]):
            left = f"{left}.{label}" if depth else label
            if left in texts:
                found += _each(texts[left])
            alike = (seen.get(label) or self._kept(label))[0]
            if alike:
                end = name.split(".", depth + 1)[-1]
                for item in alike:
                    for owner in _each(self._labels.get((depth, item) if depth else item, ())):
                        if may_end(self._public_suffix(owner), end, self._tables, self._techniques):
                            found.append(owner)
        return found

    def _look(self, label: str) -> tuple[tuple[str, ...], tuple[_Held, ...]]:
        """Return the filed labels that `label` may be a slip of, and those that stand inside it."""
        contained = self._contained
        alike = self._near.find(label)
        alike += tuple(
            near for near in self._sounding.get(consonants(label), ()) if abs(len(near) - len(label)) <= _SOUND
        )
        if label[:_WORD_START] in self._before or label[-_WORD_START:] in self._behind:
            alike += tuple(self._without_word(label))
        held = tuple(contained.find(label)) if contained.may_hold(label) else ()
        return (alike, held) if alike or held else _NOTHING

    def _kept(self, label: str) -> tuple[tuple[str, ...], tuple[_Held, ...]]:
        """Return the filed labels for `label` as `_look` does, and remember them."""
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        made = self._seen[label] = self._look(label)
        return made

    def _explained(self, name: Fqdn) -> tuple[Resemblance, ...]:
        found: list[Resemblance] = []
        for protected, kind, known in self.possible(name):
            found += resembles(name, [(protected, kind)], self._tables, self._techniques, known)
        if not found:
            found = list(
                graded(
                    self._in_front(name) or self._looking_like(name) or self._containing(name),
                    name,
                    self._tables,
                    self._techniques,
                )
            )
            if not found:
                return ()
        found.sort(key=lambda one: (-one.likelihood, one.protected))
        return tuple(found)

    def _in_front(self, name: Fqdn) -> list[Resemblance]:
        """Return the protected names that stand whole before another domain: `army.mil.evil.ru`."""
        domain = self._tables.suffixes.registrable_domain(name)
        if domain is None or domain == name or name.count(".") < 3:  # noqa: PLR2004 (two names of two labels)
            return []
        labels = name[: -len(domain) - 1].split(".")
        made = {}
        for start in range(len(labels)):
            for end in range(start + 2, len(labels) + 1):
                owner = Fqdn(".".join(labels[start:end]))
                if owner in self._filed and not is_under(name, owner):
                    explanation = f"`{owner}` in front of `{domain}`"
                    made[owner] = Resemblance(owner, (CONTAINMENT,), CONTAINED, explanation)
        return list(made.values())

    def _containing(self, name: Fqdn) -> list[Resemblance]:
        made = {}
        for label in name.split(".")[:-1]:
            for owner, explanation, likelihood in (self._seen.get(label) or self._kept(label))[1]:
                if owner in self._filed and not is_under(name, owner) and not is_under(owner, name):
                    made[owner] = Resemblance(owner, (CONTAINMENT,), likelihood, explanation)
        return list(made.values())

    def _looking_like(self, name: Fqdn) -> list[Resemblance]:
        """Return what a name in other letters than LDH looks like, however many of them stand for others.

        Symbols that IDNA forbids are read too: `℮` for `e`, a hyphen for an underscore, nothing for a heart.
        """
        if "xn--" not in name and "_" not in name and not has_outer_hyphen(name):
            return []
        text = to_unicode(name)
        made: dict[Fqdn, Resemblance] = {}
        for plain in dict.fromkeys((text.translate(self._plain), bare_text(text).translate(self._plain))):
            for owner, resemblance in self._read_as(plain, text, name).items():
                made.setdefault(owner, resemblance)
        return list(made.values())

    def _read_as(self, plain: str, text: str, name: Fqdn) -> dict[Fqdn, Resemblance]:
        """Return the owners of what `text`, read as `plain`, resembles."""
        made: dict[Fqdn, Resemblance] = {}
        if plain == text or not possible(plain):
            return made
        for depth, (label, read) in enumerate(zip(text.split("."), plain.split("."), strict=True)):
            if read == label:
                continue
            for owner in _each(self._labels.get((depth, read) if depth else read, ())):
                if owner in self._filed and not is_under(name, owner):
                    made[owner] = Resemblance(owner, self._looks, CONTAINED, f"`{label}` looks like `{read}`")
        for item in self._explained(Fqdn(plain)):
            techniques = tuple(dict.fromkeys((*self._looks, *item.techniques)))
            made.setdefault(
                Fqdn(item.protected),
                Resemblance(item.protected, techniques, CONTAINED, f"`{text}` looks like {plain}, {item.explanation}"),
            )
        return made

    def _touched(self, name: str) -> bool:
        """Return whether the registrable domain of `name` may resemble something: its suffix is looked up for few."""
        texts, seen = self._texts, self._seen
        labels = to_unicode(name).split(".")[:-1]
        if any(label in texts or (seen.get(label) or self._kept(label))[0] for label in labels):
            return True
        return bool("xn--" in name and self._owners(name))

    def _ours(self, name: str) -> bool:
        rest = name
        while rest:
            if rest in self._filed:
                return True
            rest = rest.partition(".")[2]
        return False

    def _without_word(self, label: str) -> Iterator[str]:
        """Yield the filed labels that remain when a word is taken off either end."""
        filed = self._near
        for word in self._before.get(label[:_WORD_START], ()):
            if label.startswith(word):
                rest = label[len(word) :]
                if rest in filed:
                    yield rest
                if rest[:1] == "-" and rest[1:] in filed:
                    yield rest[1:]
        for word in self._behind.get(label[-_WORD_START:], ()):
            if label.endswith(word):
                rest = label[: -len(word)]
                if rest in filed:
                    yield rest
                if rest[-1:] == "-" and rest[:-1] in filed:
                    yield rest[:-1]

    def _add_labels(self, owner: Fqdn, intended: Intended) -> None:
        depth = len(intended.labels) - 1
        for label in dict.fromkeys((intended.labels[-1], intended.labels[-1].translate(self._plain))):
            self._near.add(label)
            heard = consonants(label)
            self._sounding[heard] = (*(known for known in self._sounding.get(heard, ()) if known != label), label)
            _append(self._labels, (depth, label) if depth else label, owner)
        made: dict[str, None] = {}
        dots, size, behind = intended.text.count("."), len(intended.text), "." + intended.suffix
        for technique in self._making:
            for text, _ in technique.generate(intended, self._tables):
                if len(text) != size or text.count(".") != dots or replaced(intended.text, text) is None:
                    made[text[: -len(behind)] if text.endswith(behind) else self._before_suffix(text)] = None
        for left in made:
            self._add_text(left, owner)

    def _before_suffix(self, text: str) -> str:
        first, _, rest = text.partition(".")
        tables = self._tables
        if rest in tables.icann and text not in tables.icann and text not in tables.private:
            wild = self._wild.get(rest)
            if wild is None:
                wild = self._wild[rest] = f"*.{rest}" in tables.icann
            if not wild:
                return first
        suffix = self._public_suffix(text)
        return text[: -len(suffix) - 1] if len(text) > len(suffix) else text

    def _add_text(self, text: str, owner: Fqdn) -> None:
        _append(self._texts, text, owner)
        if not text.isascii():
            _append(self._texts, text.translate(self._plain), owner)


def _plain_letters(tables: Tables) -> tuple[dict[str, str], dict[str, str]]:
    """Characters that look like one of LDH, or like two, with what they look like; some look like either of two."""
    plain = {twin: letter for twins in tables.scripts.values() for letter, twin in twins.items()}
    latin = [(twin, letter) for letter, glyphs in tables.glyphs.items() for twin in glyphs.same + glyphs.marked]
    return plain | dict(latin), plain | dict(reversed(latin))


def _append(table: dict[Any, Any], key: Any, value: Any) -> None:
    """File `value` under `key`: most keys have one, which stands there without a tuple around it."""
    known = table.get(key)
    if known is None:
        table[key] = value
    elif value not in _each(known):
        table[key] = (*_each(known), value)


def _each(here: Any) -> tuple[Any, ...]:
    return here if isinstance(here, tuple) else (here,)
