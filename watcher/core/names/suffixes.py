"""The places of registration: public suffixes, registrable domains, and the top-level labels that are delegated."""

from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import Protocol

from watcher.core.names.names import Fqdn


class SuffixList(Protocol):
    """The part of `publicsuffixlist.PublicSuffixList` that is used."""

    def publicsuffix(self, domain: str) -> str | None:
        """Return the public suffix of `domain`."""
        ...


class Suffixes:
    """The public suffix list (whole, and its ICANN section) with the root's delegations.

    `listed` and `icann` are called when first needed; `delegated` are the A-labels of the root zone.
    """

    def __init__(
        self, listed: Callable[[], SuffixList], icann: Callable[[], SuffixList], delegated: frozenset[str]
    ) -> None:
        self._make_listed = listed
        self._make_icann = icann
        self.delegated = delegated
        self._added: frozenset[str] = frozenset()
        self._noticed: frozenset[str] = frozenset()
        self.public_suffix = lru_cache(maxsize=65536)(self._public_suffix)

    def learn(self, labels: Iterable[str]) -> None:
        """Count top-level labels that the root was seen to delegate like those of its list."""
        self.delegated |= frozenset(labels)

    def notice(self, labels: Iterable[str]) -> None:
        """Take names under these labels for possible from now on; candidates stay as they are until the next start."""
        self._noticed |= frozenset(labels)

    @cached_property
    def _listed(self) -> SuffixList:
        return self._make_listed()

    @cached_property
    def _icann(self) -> SuffixList:
        return self._make_icann()

    def _public_suffix(self, name: str) -> str:
        """Return the public suffix of `name` by the whole list, private section included; unknown top levels count."""
        listed: str = self._listed.publicsuffix(name) or name.rpartition(".")[2]
        at = name if self._added else listed
        while len(at) > len(listed):
            if at in self._added:
                return at
            at = at.partition(".")[2]
        return listed

    def add(self, suffixes: Iterable[str]) -> None:
        """Count these as public suffixes too, wherever this object is used: registries that the list does not know."""
        self._added |= frozenset(suffixes)
        self.public_suffix.cache_clear()

    def registrable_domain(self, name: str) -> Fqdn | None:
        """Return the parent where `name` is attributed (whole list); None when `name` is itself a suffix."""
        return _one_below(name, self.public_suffix(name))

    def registered_domain(self, name: str) -> Fqdn | None:
        """Return the domain a registry knows (ICANN section only), for RDAP and WHOIS; None for a suffix."""
        return _one_below(name, self._icann.publicsuffix(name) or name.rpartition(".")[2])

    def is_suffix(self, name: str) -> bool:
        """Return whether `name` is itself a public suffix: a rule of the list, or a top-level label."""
        return self.public_suffix(name) == name

    def is_delegated(self, name: str) -> bool:
        """Return whether the top-level label of `name` is in the root zone."""
        return self.is_listed(name) or name.rpartition(".")[2] in self._noticed

    def is_listed(self, name: str) -> bool:
        """Return whether the top-level label of `name` is among those that candidates are made of."""
        return name.rpartition(".")[2] in self.delegated


def _one_below(name: str, suffix: str) -> Fqdn | None:
    if name == suffix:
        return None
    label = name[: -len(suffix) - 1].rpartition(".")[2]
    return Fqdn(f"{label}.{suffix}")
