"""`/` and `/names/{name}`: the watch at a glance, and all about one name."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.pages import coded
from watcher.core.known import Known
from watcher.core.mail.sentences import reason
from watcher.core.names.clean import defanged
from watcher.core.names.durations import duration
from watcher.core.names.protected import parse_any
from watcher.core.shapes import JSON
from watcher.services.names.tokens import Scope
from watcher.web.overview import overview

POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


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
    made.filters["moment"] = _moment
    made.filters["safe_name"] = defanged
    made.filters["sentence"] = _sentence
    made.filters["duration"] = duration
    made.filters["coded"] = coded
    return made


async def home(call: Call[Nothing, Nothing]) -> web.Response:
    """The watch at a glance."""
    return _page("overview.html", await overview(call.parts))


async def one(call: Call[Nothing, Nothing]) -> web.Response:
    """All that is known about a name; nothing is asked outside."""
    known = await call.parts.lookup.known(parse_any(call.path["name"], call.parts.suffixes))
    return _page("name.html", {"known": known, "version": call.parts.version})


async def style(_call: Call[Nothing, Nothing]) -> web.Response:
    """How the pages look."""
    text = files("watcher.web").joinpath("style.css").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/css")


def _page(template: str, values: JSON) -> web.Response:
    text = environment().get_template(template).render(values)
    return web.Response(
        text=text, content_type="text/html", charset="utf-8", headers={"Content-Security-Policy": POLICY}
    )


def _moment(at: datetime | None) -> str:
    """`2026-11-23 13:23 UTC`."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _sentence(known: Known) -> str:
    return "Not looked at yet" if known.verdict is None else reason(known.name, known.verdict)


def _endpoint(path: str, serve: Any, summary: str, scopes: tuple[Scope, ...], media: str = "text/html") -> AnyEndpoint:
    return Endpoint("GET", path, serve, summary, "pages", Nothing, Nothing, scopes=scopes, media=media)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    _endpoint("/", home, "The watch at a glance", (Scope.READ,)),
    _endpoint("/names/{name}", one, "All about one name", (Scope.READ,)),
    _endpoint("/style.css", style, "How the pages look", (), "text/css"),
)
