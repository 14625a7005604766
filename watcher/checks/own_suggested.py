"""Nameservers, exchanges at a shared provider, or registrant equal the owner's, which anybody can set (M35b)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.OWN_SUGGESTED
WORDS = "looks like the owner's, which anybody can imitate"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer; nothing where the registration alone shows it."""
    reading = case.reading
    context = case.context
    owner = context.owner
    operators = context.surroundings.operators
    exchanges = {host.name for host in reading.usable if not reading.implicit}
    shared = any(operators.provider(host) for host in exchanges)
    if shared and exchanges <= owner.exchanges:
        return () if reading.mx is None else (reading.mx,)
    same_nameservers = bool(context.nameservers) and context.nameservers <= owner.nameservers
    return () if same_nameservers or context.organisation in owner.organisations else None
