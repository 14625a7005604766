"""Weights by the place of a slip, written by `python tools/fit_likelihood.py --write`: not by hand."""

from collections.abc import Mapping

PLACES: Mapping[str, tuple[float, ...]] = {
    # 13,906 misspellings of words (codespell's dictionary) and 46 mistyped mail domains
    "omission": (0.37, 0.57, 1.24, 0.83, 1.12),
    # 7,854 misspellings of words (codespell's dictionary) and 28 mistyped mail domains
    "transposition": (0.29, 1.04, 1.4, 0.93, 0.5),
    # 2,409 misspellings of words (codespell's dictionary) and 69 mistyped mail domains
    "adjacent_key_replacement": (0.77, 1.03, 1.16, 0.94, 0.56),
    # 85 mistyped mail domains
    "adjacent_key_insertion": (0.34, 1.2, 1.1, 1.0, 1.15),
    # 3,881 misspellings of words (codespell's dictionary) and 24 mistyped mail domains
    "repetition": (0.56, 0.96, 1.13, 0.85, 0.94),
}
"""Technique -> observed over expected frequency by place: first, second, inner, last_but_one, last."""
