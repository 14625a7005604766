"""Grades: whether a resemblance is enough to block mail unseen, to ask the sender, or only to be kept."""

from collections.abc import Iterable
from dataclasses import replace

from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.slips.containment import NAME as CONTAINMENT
from watcher.core.slips.tables import Tables

_BLOCK, _WARN = 1e-3, 1e-4
"""Likelihoods from which a name is blocked, or worth a question."""
_SHORT = 4
"""Labels of so few letters resemble each other by chance."""


def graded(found: Iterable[Resemblance], tables: Tables) -> tuple[Resemblance, ...]:
    """Return resemblances with their grades and the reasons for them."""
    return tuple(_graded(resemblance, tables) for resemblance in found)


def _graded(resemblance: Resemblance, tables: Tables) -> Resemblance:
    grade, reason = _grade(resemblance, tables)
    return replace(resemblance, grade=grade, grade_reason=reason)


def _grade(resemblance: Resemblance, tables: Tables) -> tuple[Grade, str]:
    if resemblance.techniques[0] == CONTAINMENT:
        return Grade.NOTE, "it only contains the protected label"
    if resemblance.likelihood < _WARN:
        return Grade.NOTE, "people hardly ever make this slip"
    if resemblance.likelihood < _BLOCK:
        return Grade.WARN, "it is a rare slip"
    domain = tables.suffixes.registrable_domain(Fqdn(resemblance.protected))
    if domain is not None and len(domain.partition(".")[0]) < _SHORT:
        return Grade.WARN, "the protected label is so short that others resemble it by chance"
    return Grade.BLOCK, "it is a likely slip"
