"""Techniques: the ways in which people end up at another name than they meant, one module each.

A technique is a module in the form of `watcher.core.technique.Technique`: what is true of it stands there alone, and
its docstring is its documentation. Adding one: its file, its line in `ALL`, its test.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from watcher.core.errors import ConfigurationError
from watcher.core.slips.containment import NAME as CONTAINMENT
from watcher.core.slips.technique import Changes, Labels, Technique
from watcher.techniques import (
    adjacent_key_insertion,
    adjacent_key_replacement,
    ascii_homoglyph,
    bit_flip,
    dot_for_letter,
    dot_insertion,
    dot_moved,
    dot_to_hyphen,
    double_homoglyph,
    double_slip,
    homophone,
    host_glued,
    hyphenation,
    idn_homoglyph,
    insertion,
    label_drop,
    layout_exchange,
    lookalike_fused,
    missing_dot,
    numeral,
    omission,
    phonetic,
    plural,
    repetition,
    replacement,
    spelling,
    suffix_appended,
    suffix_edit,
    suffix_fused,
    suffix_swap,
    transliteration,
    transposition,
    vowel_swap,
    word_added,
)


class Weight(NamedTuple):
    """The share of all slips that a technique makes, and how well its names serve to deceive a reader."""

    mass: float
    impersonation: float


ALL: tuple[Technique, ...] = (
    omission,
    transposition,
    repetition,
    adjacent_key_replacement,
    adjacent_key_insertion,
    replacement,
    insertion,
    vowel_swap,
    double_slip,
    spelling,
    phonetic,
    homophone,
    numeral,
    transliteration,
    layout_exchange,
    suffix_edit,
    suffix_swap,
    suffix_appended,
    suffix_fused,
    missing_dot,
    dot_to_hyphen,
    label_drop,
    dot_insertion,
    dot_moved,
    dot_for_letter,
    hyphenation,
    plural,
    ascii_homoglyph,
    idn_homoglyph,
    double_homoglyph,
    lookalike_fused,
    word_added,
    host_glued,
    bit_flip,
)
"""Every technique, in the order of the documentation."""

WEIGHTS: Mapping[str, Weight] = {technique.NAME: Weight(technique.MASS, technique.IMPERSONATION) for technique in ALL}
"""Technique -> its share of all slips, and how well its names deceive."""
IN_ONE_LABEL = frozenset(technique.NAME for technique in ALL if technique.CHANGES is Changes.LABEL)
"""Techniques that write one label otherwise and leave all around it as it is."""
NEAR = frozenset(technique.NAME for technique in ALL if technique.LABELS is Labels.NEAR)
"""Techniques whose labels are at most two slips away."""


def known_technique(text: str) -> str:
    """Return the technique's name as it is recorded. Raises ConfigurationError where no technique has that name."""
    name = text.strip().lower().replace("-", "_")
    known = (*(technique.NAME for technique in ALL), CONTAINMENT)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ConfigurationError("technique", f"there is no {text[:64]!r}; there are {', '.join(known)}{meant}")
    return name
