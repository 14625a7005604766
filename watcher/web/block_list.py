"""`/block-list`: the names on it and why, what waits for a second person, what is left out, and who fetches it."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from aiohttp import web

from watcher.api.endpoints import AnyEndpoint, Call, Nothing
from watcher.api.exports import list_client_json
from watcher.core.blocking.selection import BlockEntry, Exclusion, LeftOut, explanation
from watcher.core.shapes.times import JSON
from watcher.exports import ALL as EXPORTS
from watcher.exports.form import About, Format, Omitted, fitted
from watcher.services.blocking.block_lists import BlockLists
from watcher.web.page import MOST_ROWS, PageRows, Shown, page, view

_MOST_SHOWN = 200
_MOST_READ = 2_000
"""Names that a page looks at before it says that there are more."""

Part = Literal["listed", "waiting", "left_out", "clients"]


class WantedPart(Shown):
    """The part of the page that a file holds."""

    part: Part = "listed"


@dataclass(slots=True)
class ListParts:
    """The names that a person or a setting could list, by what became of them. `more`: not all were looked at."""

    listed: list[BlockEntry] = field(default_factory=list)
    waiting: list[LeftOut] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    more: bool = False

    @property
    def read(self) -> int:
        """Return how many were looked at."""
        return len(self.listed) + len(self.waiting) + len(self.left_out)


@dataclass(frozen=True, slots=True)
class FormatHolds:
    """The part of the list that one format holds: how many names, and the first that do not fit, with reasons."""

    chosen: Format
    number: int
    omitted: int
    examples: tuple[tuple[str, str], ...]


async def block_list(call: Call[WantedPart, Nothing]) -> web.Response:
    """Return the page."""
    desk, query = call.parts.exports, call.query
    most = _MOST_READ if query.format == "html" else MOST_ROWS
    parts = ListParts() if desk is None else await _read(desk.lists, most)
    clients = [] if desk is None else await desk.clients.list_all()
    files = {
        "listed": PageRows("block-list", parts.listed[:MOST_ROWS], _entry_json),
        "waiting": PageRows("block-list-waiting", parts.waiting, _excluded_json),
        "left_out": PageRows("block-list-left-out", parts.left_out, _excluded_json),
        "clients": PageRows("block-list-clients", clients, list_client_json),
    }
    about = About() if desk is None else desk.lists.about
    return page(
        call,
        "block_list.html",
        files[query.part],
        parts=parts,
        most=_MOST_SHOWN,
        why_of=explanation,
        formats=[_holds(chosen, parts.listed, about) for chosen in EXPORTS] if query.format == "html" else [],
        approval=desk is not None and desk.lists.rules.approval,
        rules=None if desk is None else desk.lists.rules,
        serial=None if desk is None else await desk.publisher.serial(),
        clients=clients[:_MOST_SHOWN],
        me=call.caller.token or "",
        here_at=_origin(call),
    )


async def _read(lists: BlockLists, most: int) -> ListParts:
    parts = ListParts()
    async for choices in lists.choices(lists.rules):
        for choice in choices:
            if isinstance(choice, BlockEntry):
                parts.listed.append(choice)
            elif choice.exclusion is Exclusion.NOT_APPROVED:
                parts.waiting.append(choice)
            else:
                parts.left_out.append(choice)
        if parts.read >= most:
            parts.more = True
            break
    return parts


def _holds(chosen: Format, entries: list[BlockEntry], about: About) -> FormatHolds:
    omitted = Omitted()
    number = sum(1 for _ in fitted(chosen, entries, about, omitted=omitted))
    return FormatHolds(chosen, number, omitted.count, tuple(islice(omitted.shown, 3)))


def _entry_json(entry: BlockEntry) -> JSON:
    return {"name": entry.name, "unicode": entry.unicode, "severity": entry.severity.value, "why": explanation(entry)}


def _excluded_json(choice: LeftOut) -> JSON:
    return {"name": choice.name, "rule": choice.exclusion.value, "why": explanation(choice)}


def _origin(call: Call[Any, Any]) -> str:
    return (call.parts.policy.public_url or f"http://{call.request.host}").rstrip("/")


ENDPOINTS: tuple[AnyEndpoint, ...] = (view("/block-list", block_list, "What the exports hold", WantedPart),)
