"""`/protected`: the protected names: add, import with a report of each line, tags, owner, remove with a preview."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field

from watcher.api import cursors
from watcher.api.endpoints import AnyEndpoint, Call, Input, Nothing
from watcher.api.inputs import Line, Owner
from watcher.api.problems import not_found
from watcher.core.errors import InvalidName
from watcher.core.names.lists import ListEntry, NamesList
from watcher.core.names.protected import parse_protected
from watcher.services.names import protect
from watcher.store import lookalike_lists, protected_names, shards
from watcher.store.lookalikes import Wanted
from watcher.web.page import MOST_ROWS, PageRows, Shown, back, form, page, view

PAGE = 100
_MOST_LINES = 20_000
_MOST_REPORTED = 500
_MOST_COUNTED = 10_001


class Listed(Shown):
    """From where the list goes on, and which name is to be removed."""

    cursor: str | None = None
    remove: str | None = Field(default=None, max_length=300)


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """One line of an import: the name that was read from it, or why none was."""

    number: int
    text: str
    name: str | None
    why: str


class ImportForm(Input):
    """Names, one a line, each perhaps with owner and tags."""

    text: Annotated[str, Field(max_length=1024 * 1024)] = ""
    file: Annotated[str, Field(max_length=1024 * 1024)] = ""
    owner: Owner | None = None
    tags: Annotated[Line, Field(max_length=300)] = ""

    model_config = ConfigDict(extra="forbid", str_max_length=1024 * 1024)


class ChangeForm(Input):
    """Owner and tags of one name."""

    name: Annotated[Line, Field(max_length=300)]
    owner: Owner | None = None
    tags: Annotated[Line, Field(max_length=300)] = ""


class RemoveForm(Input):
    """The name that is protected no more."""

    name: Annotated[Line, Field(max_length=300)]


async def listed(call: Call[Listed, Nothing]) -> web.Response:
    """Return the list."""
    query = call.query
    after = cursors.decode(query.cursor, str)
    limit = PAGE if query.format == "html" else MOST_ROWS
    async with call.parts.store.read() as tx:
        rows = await protected_names.list_all(tx, after=after[0] if after else "", limit=limit + 1)
        baselines = await shards.find_baselines(tx, [row.name for row in rows])
        number = await protected_names.count(tx)
        going = None
        if query.remove is not None:
            name = parse_protected(query.remove, call.parts.suffixes)[0]
            going = name, await lookalike_lists.count_up_to(tx, Wanted(protected=name), _MOST_COUNTED)
    shown = [(row, baselines[row.name]) for row in rows[:limit]]
    return page(
        call,
        "protected.html",
        PageRows("protected", shown, lambda pair: protect.protected_json(*pair)),
        rows=shown,
        number=number,
        going=going,
        next_cursor=cursors.encode((rows[limit - 1].name,)) if len(rows) > limit else None,
        report=None,
    )


async def imported(call: Call[Nothing, ImportForm]) -> web.Response:
    """Protect what can be read, and report every other line."""
    parts, body = call.parts, call.body
    lines = (body.text + "\n" + body.file).splitlines()[:_MOST_LINES]
    good: list[ListEntry] = []
    report: list[ImportedLine] = []
    for entry in NamesList().entries(lines):
        try:
            name = parse_protected(entry.text, parts.suffixes)[0]
        except InvalidName as error:
            report.append(ImportedLine(entry.number, entry.text[:200], None, error.reason))
        else:
            good.append(entry)
            report.append(ImportedLine(entry.number, entry.text[:200], name, ""))
    async with parts.store.read() as tx:
        before = await protected_names.find_known(tx, [line.name for line in report if line.name is not None])
    tags = [tag.strip() for tag in body.tags.split(",") if tag.strip()]
    added = await protect.protect_entries(
        parts.store, good, suffixes=parts.suffixes, now=parts.clock.now(), owner=body.owner, tags=tags
    )
    await parts.changed()
    bad = sum(line.name is None for line in report)
    if len(report) == 1 and not bad:
        known = len(added.names) - added.new
        return back(
            None, "/protected", done=f"{report[0].name} {'was protected before' if known else 'is protected now'}"
        )
    if not report:
        return back(None, "/protected", done="No line held a name")
    return page(
        call, "import.html", added=added, bad=bad, report=report[:_MOST_REPORTED], read=len(report), before=before
    )


async def changed(call: Call[Nothing, ChangeForm]) -> web.Response:
    """Set owner and tags."""
    name = parse_protected(call.body.name, call.parts.suffixes)[0]
    tags = [tag.strip() for tag in call.body.tags.split(",") if tag.strip()]
    async with call.parts.store.write() as tx:
        if not await protected_names.change(tx, name, owner=call.body.owner, tags=tags):
            raise not_found(name)
    return back(None, "/protected", done=f"{name} is changed")


async def removed(call: Call[Nothing, RemoveForm]) -> web.Response:
    """Stop protecting a name."""
    unknown = await protect.unprotect(call.parts.store, [call.body.name], suffixes=call.parts.suffixes)
    if unknown:
        raise not_found(unknown[0])
    await call.parts.changed()
    return back(None, "/protected", done=f"{call.body.name} is protected no more")


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    view("/protected", listed, "The protected names", Listed),
    form("/protected/import", imported, "Protect names", ImportForm),
    form("/protected/change", changed, "Set owner and tags", ChangeForm),
    form("/protected/remove", removed, "Stop protecting a name", RemoveForm),
)
