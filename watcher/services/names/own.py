"""The protected and own names at hand, for verdicts that tell a defensive name from a foreign one."""

from dataclasses import replace

from watcher.core.mail.verdict import Owner
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.store import Store, lookalikes, own_names, protected_names
from watcher.store.protected_names import ProtectedRow


class Ours:
    """`owner` and `protected` are what the last `read` found; what only suggests them, `read_likeness`."""

    def __init__(self, store: Store | None, suffixes: Suffixes) -> None:
        self._store = store
        self._suffixes = suffixes
        self.owner = Owner()
        self.protected: tuple[ProtectedRow, ...] = ()
        self.own: tuple[Fqdn, ...] = ()

    async def read(self) -> None:
        """Read both lists again."""
        if self._store is None:
            return
        async with self._store.read() as tx:
            self.protected = tuple(await protected_names.list_all(tx))
            self.own = tuple(Fqdn(row.name) for row in await own_names.list_all(tx))
        domains = {self._suffixes.registrable_domain(row.name) for row in self.protected}
        self.owner = replace(self.owner, domains=frozenset(filter(None, domains)), own=frozenset(self.own))

    async def read_likeness(self) -> None:
        """Read what our names stand on as seen last: exchanges, nameservers, registrants; others can copy it (M35b)."""
        if self._store is None:
            return
        async with self._store.read() as tx:
            marks = await lookalikes.find_marks_of_ours(tx)
        self.owner = replace(
            self.owner,
            exchanges=frozenset(marks.exchanges),
            nameservers=frozenset(marks.nameservers),
            organisations=frozenset(marks.organisations),
        )
