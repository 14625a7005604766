"""Everything known about one name, as a report to send: the request, the evidence and the timeline."""

import hashlib

from watcher.core.names.names import Fqdn
from watcher.core.telling.report import KeptReply, Report
from watcher.services.answers.lookup import Lookup
from watcher.store import Store, raw_replies


async def report_on(lookup: Lookup, name: Fqdn, *, store: Store | None, look: bool = False) -> Report | None:
    """Return the report on a name; None when it was never looked at. `look`: look now where nothing settled is known.

    Of the replies of registries that are kept as they came it says when and what hash, never what is in them.
    """
    known = await lookup.known(name)
    if look and not known.settled:
        known = await lookup.looked_at(name)
    if known.verdict is None:
        return None
    return Report(known, () if store is None else await _replies(store, known.registrable_domain or name))


async def _replies(store: Store, domain: str) -> tuple[KeptReply, ...]:
    async with store.read() as tx:
        kept = await raw_replies.list_of_domain(tx, domain)
    return tuple(
        KeptReply(reply.source, reply.fetched_at, hashlib.sha256(reply.body).hexdigest(), len(reply.body))
        for reply in kept
    )
