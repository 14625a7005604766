"""What is known about one name, as a report to send: the request, the evidence and the timeline."""

import hashlib

from watcher.core.names import Fqdn
from watcher.core.report import report_json
from watcher.core.shapes import JSON, time_json
from watcher.services.lookup import Lookup
from watcher.store import Store, raw_replies


async def report_on(lookup: Lookup, name: Fqdn, *, store: Store | None, look: bool = False) -> JSON | None:
    """The report on a name; None when it was never looked at. `look`: look now where nothing settled is known.

    Of the replies of registries that are kept as they came it says when and what hash, never what is in them.
    """
    shape = await lookup.known(name)
    settled = shape["mail"] is not None and shape["mail"]["settled_at"] is not None
    if look and not settled:
        shape = await lookup.looked_at(name)
    if shape["mail"] is None:
        return None
    return report_json(shape, [] if store is None else await _replies(store, shape["registrable_domain"] or name))


async def _replies(store: Store, domain: str) -> list[JSON]:
    async with store.read() as tx:
        kept = await raw_replies.of(tx, domain)
    return [
        {
            "source": reply.source,
            "fetched_at": time_json(reply.fetched_at),
            "sha256": hashlib.sha256(reply.body).hexdigest(),
            "bytes": len(reply.body),
        }
        for reply in kept
    ]
