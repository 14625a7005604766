"""The name as somebody means to write it, taken apart for the techniques.

Techniques work on text as people read and type it: the part before the suffix as U-labels, the suffix as A-labels.
"""

from collections.abc import Mapping
from typing import NamedTuple

from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.slips.tables import Neighbours, Tables

HOST_WEIGHT = 0.3
"""The weight of a slip in a host label, to 1 in the registrable one: it is short, and often filled in by habit."""


class SlipPlace(NamedTuple):
    """A label where a slip can happen: the whole name is `before + label + after`."""

    before: str
    label: str
    after: str
    weight: float

    def typed(self, text: str) -> str | None:
        """Return the text typed instead of the label; None when something else differs too, or nothing does."""
        before, label, after, _ = self
        size = len(text) - len(before) - len(after)
        if size < 1 or not text.startswith(before) or not text.endswith(after):
            return None
        typed = text[len(before) : len(before) + size]
        return None if typed == label else typed


class Intended:
    """A protected name with what the techniques need of it.

    `name` A-labels; `text` the same as people read it; `left` what stands before the suffix (empty for a suffix
    itself), `suffix` the public suffix; `places` the labels before the suffix, the registrable one first;
    `registrable` the place of the registrable label alone; of a suffix of several labels that of its first, beside
    which others can be registered (`n-hs.uk` for `nhs.uk`); `layouts` the keyboards its writers use: QWERTY always,
    and its country's.
    """

    __slots__ = ("country", "labels", "layouts", "left", "name", "places", "registrable", "suffix", "text")

    def __init__(self, name: Fqdn, tables: Tables) -> None:
        suffix = tables.suffixes.public_suffix(name)
        left = to_unicode(name[: -len(suffix) - 1])
        labels = tuple(left.split(".")) if left else ()
        self.name = name
        self.suffix: str = suffix
        self.left = left
        self.labels = labels
        self.text = f"{left}.{suffix}" if left else suffix
        self.country = tables.country(suffix)
        self.places = tuple(self._place(index) for index in reversed(range(len(labels))))
        self.registrable = self.places[:1] or _first_label(suffix)
        self.layouts = _layouts(self.country, tables)

    def _place(self, index: int) -> SlipPlace:
        labels = self.labels
        before = "".join(label + "." for label in labels[:index])
        after = "." + ".".join((*labels[index + 1 :], self.suffix))
        return SlipPlace(before, labels[index], after, 1.0 if index == len(labels) - 1 else HOST_WEIGHT)


def _first_label(suffix: str) -> tuple[SlipPlace, ...]:
    label, dot, rest = suffix.partition(".")
    return (SlipPlace("", label, dot + rest, 1.0),) if dot and not label.startswith("xn--") else ()


def _layouts(country: str | None, tables: Tables) -> tuple[Mapping[str, Neighbours], ...]:
    own = tables.layouts.get(country or "")
    names = ("en", own) if own and own != "en" else ("en",)
    return tuple(tables.keyboards[name] for name in names)
