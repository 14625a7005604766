"""What is known about one name, as a report to send: the request, the evidence and the timeline."""

from watcher.core.names import Fqdn
from watcher.core.report import report_json
from watcher.core.shapes import JSON
from watcher.services.lookup import Lookup


async def report_on(lookup: Lookup, name: Fqdn, *, look: bool = False) -> JSON | None:
    """The report on a name; None when it was never looked at. `look`: look now where nothing settled is known."""
    shape = await lookup.known(name)
    settled = shape["mail"] is not None and shape["mail"]["settled_at"] is not None
    if look and not settled:
        shape = await lookup.looked_at(name)
    return None if shape["mail"] is None else report_json(shape)
