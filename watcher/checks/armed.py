"""Not able, but one change away: registered and not in service, or an exchange anybody could claim (M06, M21, M34)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.inquiry import claimable, foreign_domains, unregistered
from watcher.core.mail.reading import Reading
from watcher.core.mail.verdict import Basis, Case, Flag
from watcher.core.names.names import is_under

TAG: Basis | Flag = Flag.ARMED
WORDS = "one change away from mail"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers that show that somebody could make the name able."""
    reading = case.reading
    if case.able:
        return _exchange_for_sale(reading)
    if not case.unable:
        return None
    if case.context.held:
        return ()
    if case.basis is Basis.NO_SUCH_NAME:
        own = reading.mx
        if own is not None and not own.chain and own.soa == reading.name:
            return (own,)
        if case.context.registered and own is not None and _is_not_delegated(own, reading):
            return (own,)
    shown = [unregistered(reading, host, domain) for host, domain in claimable(reading)]
    found = [answer for answer in shown if answer is not None]
    operators = case.context.surroundings.operators
    found += [host.absent for host in reading.hosts if host.absent is not None and operators.is_tenant_host(host.name)]
    return tuple(found) or None


def _is_not_delegated(own: Answer, reading: Reading) -> bool:
    """Return whether it is the suffix that denies the name: the registrable domain itself is in no zone."""
    domain = reading.observation.registrable_domain
    if own.chain or domain is None:
        return False
    return reading.name == domain if own.soa is None else not is_under(own.soa, domain)


def _exchange_for_sale(reading: Reading) -> Sequence[Answer] | None:
    """An exchange under a name nobody registered, in a suffix that answers for any name (M21c)."""
    for domain, suffix in foreign_domains(reading):
        wildcard = reading.wildcard(suffix)
        if wildcard.addresses and reading.delegation(domain) is False:
            return wildcard.evidence
    return None
