"""`/openapi.json` and `/docs`: what the API is, readable without any outside request and without a script."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import DictLoader, Environment, select_autoescape
from markupsafe import Markup, escape

from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.openapi import document

_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def kind(schema: dict[str, Any]) -> str:
    """Return a schema's type in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    word = str(schema.get("format") or schema.get("type") or "anything")
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return word


def coded(text: str) -> Markup:
    """Return `text` for a page: escaped, and what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one is left over: none is a mark
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


def read(file: str) -> str:
    """Return a file that comes with this package."""
    return files("watcher.api").joinpath(file).read_text(encoding="utf-8")


def render(described: dict[str, Any]) -> str:
    """Return the page that describes the API."""
    environment = Environment(loader=DictLoader({"docs.html": read("docs.html")}), autoescape=select_autoescape())
    environment.filters["coded"] = coded
    return environment.get_template("docs.html").render(**described, kind=kind)


def endpoints(others: Sequence[AnyEndpoint], version: str) -> tuple[AnyEndpoint, ...]:
    """Return the endpoints of both pages, which describe the `others` and themselves."""

    async def openapi(_call: Call[Nothing, Nothing]) -> web.Response:
        return web.Response(body=as_json, content_type="application/json")

    async def docs(_call: Call[Nothing, Nothing]) -> web.Response:
        headers = {"Content-Security-Policy": _POLICY}
        return web.Response(body=as_page, content_type="text/html", charset="utf-8", headers=headers)

    async def style(_call: Call[Nothing, Nothing]) -> web.Response:
        return web.Response(text=read("docs.css"), content_type="text/css")

    def plain(path: str, serve: Any, summary: str, media: str) -> AnyEndpoint:
        return Endpoint("GET", path, serve, summary, "about", Nothing, Nothing, media=media)

    ours = (
        plain("/openapi.json", openapi, "This API as an OpenAPI 3.1 document", "application/json"),
        plain("/docs", docs, "This API as a page", "text/html"),
        plain("/docs/style.css", style, "How that page looks", "text/css"),
    )
    described = document((*others, *ours), version)
    as_json = json.dumps(described).encode()
    as_page = render(described).encode()
    return ours
