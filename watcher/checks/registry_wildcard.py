"""Nobody registered the name: its public suffix answers for any label, and so attracts mail (M54, M55)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.sentences import delivered
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.REGISTRY_WILDCARD
WORDS = "nobody registered it, and the suffix answers for every name"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers to the random label.

    Under a registry's suffix a name without nameservers is the wildcard's even where the addresses rotate; under a
    private suffix (a dynamic DNS service) names have records of their own without nameservers.
    """
    reading = case.reading
    domain = reading.observation.registrable_domain
    if domain is None or not reading.usable or reading.delegation(domain) is not False:
        return None
    wildcard = reading.wildcard(reading.observation.public_suffix)
    from_registry = case.context.surroundings.suffixes.registered_domain(reading.name) == domain
    rotating = from_registry and reading.existence is not NameExistence.EXPLICIT and bool(wildcard.addresses)
    return wildcard.evidence if rotating or reading.follows(wildcard) else None


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    return delivered(name, verdict, "nobody registered it, but its suffix answers for any name")
