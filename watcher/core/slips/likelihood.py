"""The probability of each slip: P(slip) x P(position) x P(suffix), relative, each weight with its source.

`FINDINGS` below stands for a count of 7,000 mistyped mail domains (370 distinct), 209 documented lookalikes, 261
registered ones with exchanges, and 47,118 single slips of the codespell dictionary. Class masses follow its tail, not
its sheer counts: omission and transposition are so few strings that they lead anyway, and the order of the tail is
what a budget of candidates is spent on.
"""

from typing import NamedTuple

from watcher.core.slips.fitted import PLACES


class Positions(NamedTuple):
    """Observed over expected frequency of a slip by where it happens in a label."""

    first: float
    second: float
    inner: float
    last_but_one: float
    last: float

    def at(self, index: int, count: int) -> float:
        """Return the weight of place `index` out of `count`."""
        if index == 0:
            return self.first
        if index == count - 1:
            return self.last
        if index == 1:
            return self.second
        return self.last_but_one if index == count - 2 else self.inner


# Fitted from misspellings of words and from mistyped mail domains: tools/fit_likelihood.py writes them.
OMISSION = Positions(*PLACES["omission"])
TRANSPOSITION = Positions(*PLACES["transposition"])
REPLACEMENT = Positions(*PLACES["adjacent_key_replacement"])
INSERTION = Positions(*PLACES["adjacent_key_insertion"])
REPETITION = Positions(*PLACES["repetition"])
# FINDINGS, "Suffix": .com loses a letter as co 15 : cm 12 : om 5; .mil as ml 1 : il 1.
SUFFIX_OMISSION = Positions(0.5, 0.8, 0.8, 0.8, 1.0)

# FINDINGS, "Keys": per key, same row 1.8 : other letter row 0.7 : digit row 0.3; insertions stand after the key they
# belong to in 56 of 100, before it in 39.
SAME_ROW, OTHER_ROW, DIGIT_ROW = 1.8, 0.7, 0.3
INSERTED_AFTER, INSERTED_BEFORE = 0.56, 0.39
RARE_CHARACTER = 0.1
"""A digit or hyphen where any character may stand: 3-4 % of insertions are digits."""

# FINDINGS, "Suffix": other slips than a lost letter hardly ever hit a delegated suffix: kept, low.
SUFFIX_TRANSPOSITION, SUFFIX_REPETITION, SUFFIX_INSERTION, SUFFIX_ADJACENT, SUFFIX_REPLACEMENT = (
    0.1,
    0.1,
    0.03,
    0.15,
    0.1,
)

SUFFIX_REACHED = 1.5
"""The weights of all slips of `.mil` that reach a suffix (`ml`, `il`), for which the mass of `suffix_edit` was counted.
Where less is reached the mass shrinks: a lost letter of `.gov` or `.org` leaves nothing, and is noticed."""

LISTED_SUFFIX = 3.0
"""A slip in a suffix of several labels that gives another listed one (`gov.ug`), which looks familiar."""

TWO_SLIPS = 0.5
"""A slip in the label together with one in the suffix, over the product of both (FINDINGS: 0.4-1)."""

STRUCTURE_AND_SUFFIX = 3.0
"""A forgotten dot or label together with a habitual suffix: who does not know how a name is built gets both wrong
(FINDINGS: documented cases stand within 100 candidates in 3 of 4 when `usarmy.com` counts for as much)."""

CHOSEN_TO_DECEIVE, MOST_CHOSEN = 0.002, 0.01
"""A familiar, cheap or free suffix of a name made to deceive: to its weight in the table, and at most. It is chosen,
not mistyped, so it is likelier than the slip of the suffix."""

SAME_OWNER = 0.1
"""Another host of the protected host's own domain: only its owner can make it exist."""

CONTAINED = 0.0001
"""A protected label inside a longer one: 3 % of mistyped names, spread over more than anybody can list."""

OWN_RESTRICTED = 0.15
"""A suffix of one's own where outsiders cannot register: its keeper would have to delegate the slip."""
FOREIGN_RESTRICTED = 0.5
"""A foreign government's suffix: outsiders cannot register there, but that government's own name may stand there."""
CLOSED = 0.3
"""Any other suffix with conditions (universities, treaty organisations)."""


class DoubleSlip(NamedTuple):
    """The relative weight of each kind of slip as one of two in a label."""

    omission: float
    transposition: float
    repetition: float
    adjacent: float
    replaced: float
    vowel: float


# FINDINGS, "Two slips": pairs of omission, transposition, insertion, repetition; two replacements were not seen.
DOUBLE = DoubleSlip(omission=0.3, transposition=0.15, repetition=0.12, adjacent=0.03, replaced=0.02, vowel=0.04)
MOVED, DOUBLED_SYLLABLE = 0.004, 0.002
"""One letter moved by two places or two lost in a row; two letters doubled: beside the pairs."""


def known_label(position: int) -> float:
    """Return how readily people write to the label at `position` (0 first) known under a suffix: Zipf's law."""
    return float(1 / (position + 1) ** 0.7)
