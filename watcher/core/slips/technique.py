"""The form of a technique: what its module says of itself, beside what it makes and explains."""

from collections.abc import Iterator
from enum import Enum
from typing import Protocol

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables


class Changes(Enum):
    """The part of a name that a technique writes otherwise."""

    LABEL = "label"
    """One label before the suffix; all around it stays."""
    SUFFIX = "suffix"
    """The suffix alone, whatever stands before it."""
    STRUCTURE = "structure"
    """A dot or a label: people who forget one often write a habitual suffix too."""
    NAME = "name"
    """More than one of these."""


class Labels(Enum):
    """The labels of what a technique makes, as the reverse look-up has to know them."""

    NEAR = "near"
    """At most two slips away from the intended ones."""
    KEPT = "kept"
    """The intended ones, apart from a word at an end."""
    ALIKE = "alike"
    """The intended ones in letters that look like theirs: what they look like is sought as well."""
    SOUNDING = "sounding"
    """Labels with the same consonants in the same order, doubled letters taken as one."""
    OTHER = "other"
    """Any others: the look-up files each text that the technique makes."""


class Amount(Enum):
    """The number of names that a technique makes."""

    FEW = "few"
    """Up to some hundreds."""
    MANY = "many"
    """Thousands: too many for every label known under a protected suffix."""
    ENDLESS = "endless"
    """So many, one as likely as the other, that they are made when all that is likelier is given. They are not combined
    with slips in the suffix, and what another technique makes too is that one's alone."""


class Technique(Protocol):
    """A way in which people end up at another name: a module of `watcher.techniques`.

    Optional: `weigh(name, text, tables)` returns the weight of `text` and that of all that `generate` makes, for
    techniques that make thousands.
    """

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constant)
        """The technique's one name everywhere."""
        ...

    @property
    def MASS(self) -> float:  # noqa: N802
        """The share of all slips that it makes."""
        ...

    @property
    def IMPERSONATION(self) -> float:  # noqa: N802
        """The degree to which its names would deceive a reader, 0-1."""
        ...

    @property
    def CHANGES(self) -> Changes:  # noqa: N802
        """The part of a name that it changes."""
        ...

    @property
    def LABELS(self) -> Labels:  # noqa: N802
        """The kind of labels that it makes."""
        ...

    @property
    def AMOUNT(self) -> Amount:  # noqa: N802
        """The number of names that it makes."""
        ...

    def __hash__(self) -> int:
        """Modules are hashable, so that results can be kept by technique."""
        ...

    def generate(self, name: Intended, _tables: Tables, /) -> Iterator[tuple[str, float]]:
        """Yield what gets typed instead, each with its weight among this technique's; not every one can exist."""
        ...

    def explains(self, name: Intended, candidate: str, _tables: Tables, /) -> str | None:
        """Return where the slip is, in words, exactly when `generate` yields `candidate`; else None."""
        ...
