"""Techniques: the ways in which people end up at another name than they meant, one module each.

A technique is a module with `NAME`, `generate` and `explains` (see `watcher.core.slips.Technique`); its docstring
is its documentation. Adding one: its file, its line in `ALL`, its weight in `watcher.core.likelihood`, its test.
"""

from watcher.core.slips import Technique
from watcher.techniques import (
    adjacent_key_insertion,
    adjacent_key_replacement,
    ascii_homoglyph,
    bit_flip,
    dot_insertion,
    dot_to_hyphen,
    host_glued,
    hyphenation,
    idn_homoglyph,
    insertion,
    label_drop,
    missing_dot,
    omission,
    plural,
    repetition,
    replacement,
    suffix_appended,
    suffix_edit,
    suffix_fused,
    suffix_swap,
    transliteration,
    transposition,
    vowel_swap,
    word_added,
)

ALL: tuple[Technique, ...] = (
    omission,
    transposition,
    repetition,
    adjacent_key_replacement,
    adjacent_key_insertion,
    replacement,
    insertion,
    vowel_swap,
    transliteration,
    suffix_edit,
    suffix_swap,
    suffix_appended,
    suffix_fused,
    missing_dot,
    dot_to_hyphen,
    label_drop,
    dot_insertion,
    hyphenation,
    plural,
    ascii_homoglyph,
    idn_homoglyph,
    word_added,
    host_glued,
    bit_flip,
)
"""Every technique, in the order of the documentation."""
