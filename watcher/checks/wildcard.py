"""Any label under the parent, or under the suffix, says the same: one lookalike, not many (M51-M55, M21c)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.inquiry import foreign_domains
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.WILDCARD
WORDS = "by a wildcard: every host under it"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers to the random label."""
    reading = case.reading
    domain = reading.observation.registrable_domain
    if domain is None:
        return None
    if case.basis is Basis.REGISTRY_WILDCARD:
        return reading.wildcard(reading.observation.public_suffix).evidence
    if domain != reading.name:
        parent = reading.wildcard(domain)
        if reading.follows(parent):
            return parent.evidence
    if not case.able:
        return None
    for exchange_domain, suffix in foreign_domains(reading):
        under = reading.wildcard(suffix)
        if under.addresses and reading.delegation(exchange_domain) is False:
            return under.evidence
    return None
