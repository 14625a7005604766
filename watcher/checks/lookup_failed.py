"""A needed answer is missing: nameservers silent, refusing or broken; senders queue and try again (M07-M12, M22)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.sentences import shown
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.LOOKUP_FAILED
WORDS = "the lookup did not settle"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers that did not settle it."""
    reading = case.reading
    if reading.existence is NameExistence.UNSETTLED:
        return () if reading.mx is None else (reading.mx,)
    if reading.existence is NameExistence.EXPLICIT and not reading.hosts and not reading.records.nulls:
        return () if reading.mx is None else (reading.mx,)
    if not reading.usable and (reading.unsettled or reading.bogus):
        return tuple(answer for host in reading.hosts for answer in host.evidence if not answer.settled)
    if reading.usable:
        return _wildcard_unclear(case)
    return None


def _wildcard_unclear(case: Case) -> Sequence[Answer] | None:
    """Able, but nobody can say yet whether the name itself or a registry's wildcard is."""
    reading = case.reading
    domain = reading.observation.registrable_domain
    if domain is None:
        return None
    wildcard = reading.wildcard(reading.observation.public_suffix)
    delegated = reading.delegation(domain)
    unsettled = bool(wildcard.evidence) and not wildcard.settled and delegated is not True
    if unsettled or (delegated is None and reading.follows(wildcard)):
        return wildcard.evidence
    return None


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    failed = next((answer for answer in verdict.evidence if not answer.settled), None)
    if failed is None:
        return f"Whether {name} can receive mail is unknown: the answers do not settle it"
    question = f"{failed.question.type.value} of {shown(failed.question.name)}"
    return f"Whether {name} can receive mail is unknown: {question} gave {failed.outcome.value}"
