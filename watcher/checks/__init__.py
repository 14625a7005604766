"""The facts a verdict is made of, one file each, in the explicit order of ALL.

The first basis that holds decides; flags hold beside it, in any order.
"""

from watcher.checks import (
    address_seen,
    alias,
    alias_exchange,
    armed,
    bogus_dnssec,
    collector,
    controlled_interruption,
    dead_exchanges,
    defensive,
    dotless,
    explicit_mx,
    filtered,
    implicit_mx,
    ipv6_only,
    lookup_failed,
    loopback_exchange,
    malformed,
    no_address,
    no_such_name,
    no_such_suffix,
    null_mx,
    numeric_exchange,
    operated,
    own_suggested,
    parked,
    partly_dead,
    queued,
    registry_wildcard,
    sender_dependent,
    sends_mail,
    shared_provider,
    unroutable_exchanges,
    wildcard,
)
from watcher.core.mail.probing import PROBE_NOTES, PROBE_WORDS
from watcher.core.mail.verdict import DISAGREE, BasisCheck, Check, Flag, FlagCheck
from watcher.core.mail.vocabulary import Vocabulary

BASES: tuple[BasisCheck, ...] = (
    no_such_suffix,
    no_such_name,
    lookup_failed,  # before all that would have to ignore a missing answer
    registry_wildcard,
    explicit_mx,
    implicit_mx,
    null_mx,
    controlled_interruption,
    unroutable_exchanges,  # M28: unroutable before loopback before dead
    loopback_exchange,
    dead_exchanges,
    no_address,
)

FLAGS: tuple[FlagCheck, ...] = (
    armed,
    sender_dependent,
    address_seen,
    bogus_dnssec,
    ipv6_only,
    partly_dead,
    malformed,
    alias,
    alias_exchange,
    numeric_exchange,
    dotless,
    queued,
    collector,
    shared_provider,
    defensive,
    own_suggested,
    parked,
    wildcard,
    operated,
    sends_mail,
    filtered,
)

ALL: tuple[Check, ...] = BASES + FLAGS

VOCABULARY = Vocabulary(
    words={check.TAG.value: check.WORDS for check in ALL} | {Flag.INCONSISTENT: DISAGREE} | PROBE_WORDS,
    sentences={check.TAG.value: check.sentence for check in BASES},
    notes={check.TAG.value: check.NOTE for check in FLAGS if check.NOTE} | {Flag.INCONSISTENT: DISAGREE} | PROBE_NOTES,
)
"""The words for every basis and flag."""
