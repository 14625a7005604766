"""Likenesses of a name to the owner's own names (M35b): they are shown, and never silence anything."""

from watcher.core.mail.verdict import Flag, Owner, Verdict
from watcher.core.registration.facts import RegistrationFacts


def likeness(verdict: Verdict | None, facts: RegistrationFacts | None, owner: Owner) -> tuple[str, ...]:
    """Return each likeness to the owner as a phrase; an outsider can copy all of them."""
    if verdict is not None and Flag.DEFENSIVE in verdict.flags:
        return ()
    found = []
    hosts = set() if verdict is None else {exchange.host for exchange in verdict.exchanges}
    if (same := sorted(hosts & owner.exchanges)) and hosts <= owner.exchanges:
        found.append(f"its exchanges are the owner's: {', '.join(same[:4])}")
    if facts is not None:
        servers = set(facts.nameservers)
        if servers and servers <= owner.nameservers:
            found.append(f"its nameservers are the owner's: {', '.join(sorted(servers)[:4])}")
        holder = facts.registrant_organisation
        if holder is not None and holder in owner.organisations:
            found.append(f"its registrant is named as the owner's: {holder}")
    return tuple(found)
