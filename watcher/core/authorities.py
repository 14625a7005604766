"""Reading a zone at its source: from its own nameservers, one at a time, with no cache in between."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from watcher.core.names import Fqdn
from watcher.core.ports import Resolver


class Authorities(Protocol):
    """Finds the nameservers of a name's zone. Their operator, who may be the lookalike's, then sees our address."""

    def of(self, name: Fqdn) -> AbstractAsyncContextManager[Sequence[Resolver]]:
        """One resolver for each nameserver: it reads the zone there, and everything else as usual.

        None at all where the zone has no nameserver that may be asked. They are good inside the context only.
        """
        ...
