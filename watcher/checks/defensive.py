"""The name is on the own list, or all its exchanges are hosts of a protected name: the owner holds it (M35).

One exchange of somebody else's is enough not to hold: a dead one may take mail tomorrow.
"""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import parse_mx
from watcher.core.mail.verdict import Basis, Case, Flag
from watcher.core.names.names import is_under

TAG: Basis | Flag = Flag.DEFENSIVE
WORDS = "held by the owner"
NOTE = "it is held defensively"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer where the exchanges show it."""
    reading = case.reading
    owner = case.context.owner
    listed: Sequence[Answer] | None = () if any(is_under(reading.name, name) for name in owner.own) else None
    if not case.able or not reading.usable or reading.mx is None:
        return listed
    named = {host.name for host in reading.hosts} | parse_mx(reading.mx.records).names
    owned = all(any(is_under(host, domain) for domain in owner.domains) for host in named)
    return (reading.mx,) if owned else listed
