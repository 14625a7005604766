"""Everything known about one name, as a report to send: the request, the evidence and the timeline."""

import hashlib

from watcher.checks import VOCABULARY
from watcher.core.errors import ReportRefused
from watcher.core.known import Known
from watcher.core.names.names import Fqdn
from watcher.core.report import KeptReply, Report
from watcher.core.telling.objections import objection_to_name, objection_to_state
from watcher.core.telling.report import report_of
from watcher.services.answers.lookup import Lookup
from watcher.store import Store, own_names, protected_names, raw_replies


async def report_on(lookup: Lookup, name: Fqdn, *, store: Store | None, look: bool = False) -> Report | None:
    """Return the report on a name; None when it was never looked at. `look`: look now where nothing settled is known.

    The registration is asked for again where what is known of it is older than an hour: a letter must reach today's
    registrar. Of the replies of registries that are kept as they came it says when and what hash, never what is in
    them. Raises ReportRefused where a request would be false or hit the wrong people.
    """
    known = await lookup.known(name)
    protected, own = await _ours(store, name)
    _refuse(name, objection_to_name(known, protected=protected, own=own))
    if look and not known.settled:
        known = await lookup.looked_at(name)
    if known.verdict is None:
        return None
    _refuse(name, objection_to_state(known))
    known = await lookup.with_recent_facts(known)
    _refuse(name, objection_to_state(known))
    return report_of(
        known, VOCABULARY, () if store is None else await _replies(store, known.registrable_domain or name)
    )


async def find_objection(known: Known, *, store: Store | None) -> str | None:
    """Return why no request may be made about a known name; None where there is no such reason."""
    protected, own = await _ours(store, known.name)
    return objection_to_name(known, protected=protected, own=own) or objection_to_state(known)


def _refuse(name: Fqdn, why: str | None) -> None:
    if why is not None:
        raise ReportRefused(name, why)


async def _ours(store: Store | None, name: str) -> tuple[set[str], set[str]]:
    """The protected and the own names that `name` is or stands under."""
    if store is None:
        return set(), set()
    labels = name.split(".")
    above = [".".join(labels[start:]) for start in range(len(labels))]
    async with store.read() as tx:
        return await protected_names.find_known(tx, above), await own_names.find_known(tx, above)


async def _replies(store: Store, domain: str) -> tuple[KeptReply, ...]:
    async with store.read() as tx:
        kept = await raw_replies.list_of_domain(tx, domain)
    return tuple(
        KeptReply(reply.source, reply.fetched_at, hashlib.sha256(reply.body).hexdigest(), len(reply.body))
        for reply in kept
    )
