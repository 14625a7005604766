"""A protected label inside a longer one (`army-pay.com`, `myarmymail.net`): what no enumeration can list."""

from collections.abc import Iterable, Iterator

from watcher.core.names.names import Fqdn
from watcher.core.slips.likelihood import CONTAINED

NAME = "containment"
"""The name that this resemblance is recorded under, beside those of the techniques."""

_START = 4
"""By so many first characters labels are filed; a shorter one counts between hyphens only."""
_ALONE, _AT_AN_END, _ANYWHERE = 3, 5, 8
"""The least length of a label to count between hyphens, at either end, anywhere: shorter ones are parts of words."""


class Contained:
    """Labels filed for being found inside others."""

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[int, ...]] = {}
        self._owners: dict[str, tuple[tuple[Fqdn, str], ...]] = {}

    def add(self, label: str, suffix: str, owner: Fqdn) -> None:
        """File the registrable label of a protected name; with its suffix behind it it counts in any place."""
        end = suffix.replace(".", "")
        for text, shown in (
            (label, label),
            (label + end, f"{label}.{suffix}"),
            (f"{label}-{end}", f"{label}.{suffix}"),
        ):
            known = self._owners.get(text, ())
            if (owner, shown) not in known:
                self._owners[text] = (*known, (owner, shown))
            sizes = self._sizes.get(text[:_START], ())
            if len(text) >= _START and len(text) not in sizes:
                self._sizes[text[:_START]] = (*sizes, len(text))

    def __iter__(self) -> Iterator[str]:
        return iter(self._owners)

    def may_hold(self, label: str) -> bool:
        """Return whether `find` may find something in `label`: a test that costs little."""
        if "-" in label:
            return True
        return not self._sizes.keys().isdisjoint([label[at : at + _START] for at in range(len(label) - _START + 1)])

    def find(self, label: str) -> Iterator[tuple[Fqdn, str, float]]:
        """Each protected name whose label stands inside `label`, with the words for it and how likely it is meant."""
        sizes, owners = self._sizes, self._owners
        whole = len(label)
        if "-" in label:
            for part in label.split("-"):
                if _ALONE <= len(part) < _START:
                    yield from _said(owners.get(part, ()), part, label)
        for start in range(whole - _START + 1):
            lengths = sizes.get(label[start : start + _START])
            if lengths is None:
                continue
            for size in lengths:
                end = start + size
                part = label[start:end]
                here = owners.get(part)
                if here is None or end > whole or size == whole:
                    continue
                free_before = start == 0 or label[start - 1] == "-"
                free_after = end == whole or label[end] == "-"
                least = _ALONE if free_before and free_after else _ANYWHERE
                if start == 0 or end == whole:
                    least = min(least, _AT_AN_END)
                yield from _said([item for item in here if size >= least or "." in item[1]], part, label)


def _said(owners: Iterable[tuple[Fqdn, str]], part: str, label: str) -> Iterator[tuple[Fqdn, str, float]]:
    likelihood = CONTAINED * (len(part) / len(label)) ** 2
    for owner, shown in owners:
        yield owner, f"`{shown}` inside `{label}`", likelihood
