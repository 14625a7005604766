"""Block lists as they are now: what stands on them, and why a name does or does not."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field, replace

from watcher.core.blocking.friends import Friends
from watcher.core.blocking.selection import BlockEntry, Choice, LeftOut, Rules, choose, explanation
from watcher.core.names.names import Fqdn
from watcher.core.slips.tables import Tables
from watcher.exports import ALL
from watcher.exports.form import About, Format, Page
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
        async for choices in self.choices(rules):
            yield [choice for choice in choices if isinstance(choice, BlockEntry)]

    async def choices(self, rules: Rules) -> AsyncIterator[list[Choice]]:
        """Yield likewise every name that a person or a setting could list, with what is left out and why."""
        async with self._store.read() as tx:
            friends = Friends(await block_candidates.list_listed_names(tx), self._tables, self._popular)
            after = ""
            while rows := await block_candidates.list_candidates(tx, rules, after=after, limit=_PAGE):
                yield [choose(row, friends, rules) for row in rows]
                if len(rows) < _PAGE:
                    return
                after = rows[-1].name

    async def lines_of(self, name: Fqdn) -> list[tuple[Format, str]]:
        """Return the lines of each format that name the lookalike, as if a person had set it to `blocked`.

        Formats that cannot take it are left out, and those whose entries are no lines. Empty for what is no lookalike,
        and for a friend: nobody is handed what would stop its mail.
        """
        async with self._store.read() as tx:
            friends = Friends(await block_candidates.list_listed_names(tx), self._tables, self._popular)
            row = await block_candidates.find_candidate(tx, name)
        if row is None:
            return []
        if row.triage != "blocked" and friends.find(name) is not None:
            return []
        entry = choose(replace(row, triage="blocked"), friends, Rules())
        if isinstance(entry, LeftOut):
            return []
        found = []
        for chosen in ALL:
            if chosen.problem(entry, self.about) is None and "json" not in chosen.media:
                text = "".join(chosen.render([entry], self.about))
                lines = [line for line in text.splitlines() if name in line]
                found += [(chosen, "\n".join(lines))] if lines else []
        return found

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
