"""Block lists as they are now: what stands on them, and why a name does or does not."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field

from watcher.core.blocking.friends import Friends
from watcher.core.blocking.selection import BlockEntry, LeftOut, Rules, choose, explanation
from watcher.core.names.names import Fqdn
from watcher.core.slips.tables import Tables
from watcher.exports import ALL
from watcher.exports.form import About, Page
from watcher.store import Store, block_candidates
from watcher.store.block_candidates import BlockInputs

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ListWish:
    """A request for a block list: the rules, the values that the format needs, and the part of the list."""

    rules: Rules
    about: About
    page: Page = field(default_factory=Page)


class BlockLists:
    """Reads block lists. `rules` and `about` are those of the settings."""

    def __init__(
        self,
        store: Store,
        *,
        tables: Tables,
        popular: Collection[str],
        rules: Rules | None = None,
        about: About | None = None,
    ) -> None:
        self._store = store
        self._tables = tables
        self._popular = popular
        self.rules = rules or Rules()
        self.about = about or About()

    async def inputs(self) -> BlockInputs:
        """Return a mark of everything that decides: equal marks, equal lists."""
        async with self._store.read() as tx:
            return await block_candidates.find_inputs(tx)

    async def pages(self, rules: Rules) -> AsyncIterator[list[BlockEntry]]:
        """Yield what stands on the list under `rules`, by name, a few hundred at a time, as it was at the start."""
        async with self._store.read() as tx:
            friends = Friends(await block_candidates.list_listed_names(tx), self._tables, self._popular)
            after = ""
            while rows := await block_candidates.list_candidates(tx, after=after, limit=_PAGE):
                choices = (choose(row, friends, rules) for row in rows)
                yield [choice for choice in choices if isinstance(choice, BlockEntry)]
                if len(rows) < _PAGE:
                    return
                after = rows[-1].name

    async def explain(self, name: Fqdn, rules: Rules) -> list[str]:
        """Return sentences that say whether `name` is listed and why, and which formats cannot take it."""
        async with self._store.read() as tx:
            friends = Friends(await block_candidates.list_listed_names(tx), self._tables, self._popular)
            row = await block_candidates.find_candidate(tx, name)
        if row is None:
            friend = friends.find(name)
            why = "it is no lookalike that was seen" if friend is None else friend.sentence
            return [f"{name} is not listed: {why}"]
        choice = choose(row, friends, rules)
        if isinstance(choice, LeftOut):
            return [explanation(choice)]
        problems = ((chosen.name, chosen.problem(choice, self.about)) for chosen in ALL)
        return [explanation(choice), *(f"it does not fit into {kind}: {why}" for kind, why in problems if why)]
