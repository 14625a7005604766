"""A page: its template, what every page has, and the same rows as JSON or CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import zip_longest
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from pydantic import Field

from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.runner import packed
from watcher.checks import VOCABULARY
from watcher.core.known import Known
from watcher.core.mail.verdict import Flag
from watcher.core.names.clean import defanged, slip
from watcher.core.names.durations import duration
from watcher.core.names.names import to_unicode
from watcher.core.shapes.rows import cell, flatten
from watcher.core.shapes.times import JSON
from watcher.core.telling.kind_words import ability_words
from watcher.services.names.sessions import masked
from watcher.services.names.tokens import Scope
from watcher.store.lookalike_lists import Total

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # with `no-referrer` a browser says nothing of where its forms come from
}
DECISIONS = {
    "page": "sent at once",
    "digest": "in the digest",
    "none": "not sent",
    "undecided": "not decided yet",
}
"""What can have become of an event, in words."""
MOST_ROWS = 100_000
"""In one CSV or JSON file of a list."""

T = TypeVar("T")
Form = Literal["html", "json", "csv"]


class Shown(Input):
    """The form in which a page is shown."""

    format: Form = Field(default="html", description="`json` and `csv`: exactly the rows of this page's filter")
    done: str | None = Field(default=None, max_length=300, description="What was done just now")
    undo: str | None = Field(default=None, max_length=64, description="What can be undone")


@dataclass(frozen=True, slots=True)
class PageRows:
    """The rows of a page as data: `shape` makes the JSON of one."""

    name: str
    rows: Iterable[Any]
    shape: Callable[[Any], JSON]


@cache
def environment() -> Environment:
    """The templates; everything that is put into them is escaped, and nothing may be missing."""
    made = Environment(
        loader=PackageLoader("watcher.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moment,
        day=day,
        safe_name=defanged,
        sentence=sentence,
        duration=duration,
        coded=told,
        decided=lambda value: DECISIONS.get(str(value), str(value)),
        words=lambda text: str(text).replace("_", " "),
        ability_words=lambda value: ability_words(str(value)),
        tag_words=lambda value: VOCABULARY.words_of(str(value)),
        visible=visible,
        number=number,
        total=total_words,
        alphabet=to_unicode,
    )
    made.globals.update(slip_marks=slip_marks, Flag=Flag)
    return made


def number(value: int) -> str:
    """Return a number with thin spaces between its thousands."""
    return f"{value:,}".replace(",", "\u202f")


def total_words(total: Total) -> str:
    """Return how many there are, as exactly as it is known."""
    if total.exact:
        return number(total.number)
    return f"more than {number(total.number - 1)}" if total.number > 1 else "many"


def moment(at: datetime | None) -> Markup:
    """A time that a script shows in the reader's zone; without one it is UTC."""
    if at is None:
        return Markup("")
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M:%S} UTC", f"{utc:%Y-%m-%d %H:%M} UTC"
    )


def day(at: datetime | None) -> Markup:
    """A time of which a list shows the day."""
    if at is None:
        return Markup("")
    utc = at.astimezone(UTC)
    return Markup('<time class="day" datetime="{}" title="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M:%S} UTC", f"{utc:%Y-%m-%d}"
    )


def sentence(known: Known) -> str:
    """The verdict of a name as one sentence."""
    return "Not looked at yet" if known.verdict is None else VOCABULARY.sentence(known.name, known.verdict)


def visible(text: object) -> Markup:
    """Text from outside: what steers a line or reverses it is shown as a mark of its own."""
    shown = str(text)[:2000]
    if shown.isprintable():
        return escape(shown)
    return Markup("").join(
        Markup('<span class="odd" title="an invisible character">U+{:04X}</span>').format(ord(character))
        if not character.isprintable()
        else Markup("{}").format(character)
        for character in shown
    )


def told(text: str) -> Markup:
    """Text of ours around text from outside: between backticks stands code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one is left over: none is a mark
        return visible(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(visible(part)) if place % 2 else visible(part)
        for place, part in enumerate(parts)
    )


def slip_marks(meant: str, written: str) -> tuple[Markup, Markup]:
    """Both names with the letters marked by which they differ; empty brackets mark a letter that is missing."""
    both = slip(to_unicode(meant), to_unicode(written))
    return _marked(both[0]), _marked(both[1])


def _marked(text: str) -> Markup:
    before, opened, rest = text.partition("\u2039")
    inside, closed, after = rest.partition("\u203a")
    if not opened or not closed:
        return visible(text)
    return visible(before) + Markup("<mark>{}</mark>").format(visible(inside) or "\u2009") + visible(after)


def page(call: Call[Any, Any], template: str, data: PageRows | None = None, **values: Any) -> web.Response:
    """The page of a template, or its rows as a file where that was asked for."""
    form: Form = getattr(call.query, "format", "html")
    if data is not None and form != "html":
        return _file(data, form)
    shown = {
        "version": call.parts.version,
        "who": call.caller.token,
        "csrf": masked(call.caller.csrf) if call.caller.csrf else "",
        "theme": theme_of(call.request),
        "may_write": call.caller.may_write and bool(call.caller.csrf),
        "here": call.request.path,
        "address": call.request.path_qs,
        "as_file": data is not None,
        "with_format": lambda form: _address(call, format=form),
        "with_query": lambda **changes: _address(call, **changes),
        "done": getattr(call.query, "done", None),
        "undo": getattr(call.query, "undo", None),
        **values,
    }
    text = labelled(environment().get_template(template).render(shown))
    response = web.Response(text=text, content_type="text/html", charset="utf-8", headers=HEADERS)
    response.enable_compression()  # what a form sends back is masked anew for each page, so its length tells nothing
    return response


_TABLE = re.compile(r'<table class="rows[^"]*">.*?</table>', re.DOTALL)
_HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)


def labelled(text: str) -> str:
    """Return the page with each cell of its lists marked by its heading: a telephone shows them below each other."""

    def table(found: re.Match[str]) -> str:
        head, opened, body = found[0].partition("<tbody>")
        titles = [_TAG.sub("", title).strip() for title in _HEADING.findall(head)]

        def row(line: re.Match[str]) -> str:
            cells = line[0].split("<td")
            labels = [f' data-label="{title}"' if title else "" for title in titles]
            whole = [
                f"<td{label}{cell}" for label, cell in zip_longest(labels[: len(cells) - 1], cells[1:], fillvalue="")
            ]
            return cells[0] + "".join(whole)

        return head + opened + _ROW.sub(row, body)

    return _TABLE.sub(table, text)


def theme_of(request: web.BaseRequest) -> str:
    """Return the theme that this browser keeps: light, dark, or an empty text for the system's."""
    kept = request.cookies.get(THEME, "")
    return kept if kept in {"light", "dark"} else ""


THEME = "watcher_theme"
"""The cookie that keeps the theme."""


def _address(call: Call[Any, Any], **changes: Any) -> str:
    """This page with other parameters; what was done just now is no part of it."""
    kept = [(key, value) for key, value in call.request.query.items() if key not in {*changes, "done", "undo"}]
    new = [(key, str(value)) for key, value in changes.items() if value not in {None, ""}]
    query = urlencode([*kept, *new])
    return f"{call.request.path}?{query}" if query else call.request.path


def _file(data: PageRows, form: Form) -> web.Response:
    shapes = [data.shape(row) for row in data.rows]
    headers = {"Content-Disposition": f'attachment; filename="{data.name}.{form}"'}
    if form == "json":
        return web.Response(body=packed(shapes), content_type="application/json", headers=headers)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    flat = [dict(flatten(shape)) for shape in shapes]
    fields: Sequence[str] = list(dict.fromkeys(key for row in flat for key in row))
    writer.writerow(fields)
    writer.writerows([cell(row.get(field)) for field in fields] for row in flat)
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def back(address: str | None, fallback: str, **said: str) -> web.Response:
    """Lead the browser to a page of ours, which says what was done."""
    to = address if address is not None and is_local(address) else fallback
    path, _, query = to.partition("?")
    pairs = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in {"done", "undo"}]
    query = "&".join([*pairs, *([urlencode(said)] if said else [])])
    return web.Response(status=303, headers={"Location": f"{path}?{query}" if query else path})


def is_local(address: str) -> bool:
    """Return whether an address leads to a page of this host and nowhere else."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()


def view(
    path: str, serve: Any, summary: str, query: type[Input] = Shown, scopes: tuple[Scope, ...] = (Scope.READ,)
) -> AnyEndpoint:
    """The endpoint of a page."""
    also = ("application/json", "text/csv") if query is not Nothing else ()
    return Endpoint(
        "GET", path, serve, summary, "pages", query, Nothing, scopes=scopes, media="text/html", also_media=also
    )


def form(
    path: str, serve: Any, summary: str, body: type[Input], scopes: tuple[Scope, ...] = (Scope.WRITE,)
) -> AnyEndpoint:
    """The endpoint of a form; it leads back to a page."""
    return Endpoint(
        "POST", path, serve, summary, "pages", Nothing, body,
        scopes=scopes, status=303, media="text/html", form=True, largest_body=MOST_FORM,
    )  # fmt: skip


MOST_FORM = 1024 * 1024


def chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was set."""
    return {key: value for key, value in values.items() if value not in {None, ""}}
