"""`/block-list`, `/health`, `/audit`, `/tokens`, and the way in and out."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from watcher.api import cursors
from watcher.api.endpoints import AnyEndpoint, Call, Input, Nothing
from watcher.api.records import audit_json
from watcher.core.blocking.selection import BlockEntry, explanation
from watcher.core.shapes.times import JSON
from watcher.exports import ALL as EXPORTS
from watcher.services.health.coverage import coverage_json
from watcher.services.names import tokens
from watcher.store import audit, sessions
from watcher.store import tokens as token_rows
from watcher.web.now import find_troubles
from watcher.web.page import HEADERS, MOST_ROWS, PageRows, Shown, back, environment, form, is_local, page, view

PAGE = 100
_MOST_LISTED = 500


class Paged(Shown):
    """From where a list goes on."""

    cursor: str | None = None


class LoginQuery(Input):
    """The page that the browser wants, and the result of its last try to log in."""

    next: str = Field(default="/", max_length=2000)
    failed: bool = False


class LoginForm(Input):
    """A token, or the secret of a one-time link."""

    token: Annotated[str, Field(max_length=300)] = ""
    link: Annotated[str, Field(max_length=300)] = ""
    next: Annotated[str, Field(max_length=2000)] = "/"


class TokenForm(Input):
    """One token."""

    name: Annotated[str, Field(min_length=1, max_length=64)]


async def block_list(call: Call[Shown, Nothing]) -> web.Response:
    """Return what the exports hold, and each format with its address."""
    lists = None if call.parts.exports is None else call.parts.exports.lists
    entries: list[BlockEntry] = []
    if lists is not None:
        async for part in lists.pages(lists.rules):
            entries += part
            if call.query.format == "html" and len(entries) > _MOST_LISTED:
                break
    return page(
        call, "block_list.html", PageRows("block-list", entries[:MOST_ROWS], _entry_json),
        entries=entries[:_MOST_LISTED], why_of=explanation,
        more=len(entries) > _MOST_LISTED, formats=EXPORTS, here_at=_origin(call),
    )  # fmt: skip


def _entry_json(entry: BlockEntry) -> JSON:
    return {"name": entry.name, "unicode": entry.unicode, "severity": entry.severity.value, "why": explanation(entry)}


def _origin(call: Call[Any, Any]) -> str:
    return (call.parts.policy.public_url or f"http://{call.request.host}").rstrip("/")


async def health(call: Call[Shown, Nothing]) -> web.Response:
    """Return what is well and what is not."""
    parts = call.parts
    state = parts.sweep.state if parts.sweep else None
    coverage = await coverage_json(parts.store, parts.tiers, now=parts.clock.now(), state=state)
    troubles = dict(await find_troubles(parts.ready))
    checks = [(name, troubles.get(name)) for name in parts.ready]
    data = PageRows("health", checks, lambda row: {"check": row[0], "trouble": row[1]})
    return page(call, "health.html", data, checks=checks, coverage=coverage)


async def list_audit(call: Call[Paged, Nothing]) -> web.Response:
    """Return who changed what, newest first."""
    key = cursors.decode(call.query.cursor, str)
    limit = PAGE if call.query.format == "html" else MOST_ROWS
    async with call.parts.store.read() as tx:
        rows = await audit.list_all(tx, before=key[0] if key else None, limit=limit + 1)
    cursor = cursors.encode((rows[limit - 1].id,)) if len(rows) > limit else None
    return page(call, "audit.html", PageRows("audit", rows[:limit], audit_json), rows=rows[:limit], next_cursor=cursor)


async def list_tokens(call: Call[Shown, Nothing]) -> web.Response:
    """Return tokens and sessions, never their secrets."""
    async with call.parts.store.read() as tx:
        rows = await token_rows.list_all(tx)
        open_now = await sessions.list_all(tx)
    now = call.parts.clock.now()
    data = PageRows("tokens", rows, lambda row: {"name": row.name, "scopes": list(row.scopes)})
    return page(call, "tokens.html", data, rows=rows, sessions=[row for row in open_now if row.expires_at > now])


async def revoked(call: Call[Nothing, TokenForm]) -> web.Response:
    """Revoke a token."""
    done = await tokens.revoke(call.parts.store, call.body.name, now=call.parts.clock.now())
    return back(None, "/tokens", done=f"{call.body.name} is revoked" if done else "there is no such token in use")


async def login(call: Call[LoginQuery, Nothing]) -> web.Response:
    """Return the page that asks for a token, or redeems a one-time link by a form that a script sends."""
    to = call.query.next if is_local(call.query.next) else "/"
    text = (
        environment()
        .get_template("login.html")
        .render(
            version=call.parts.version, next=to, failed=call.query.failed, needed=await call.parts.gatekeeper.needed()
        )
    )
    headers = {**HEADERS, "Referrer-Policy": "same-origin"}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


async def entered(call: Call[Nothing, LoginForm]) -> web.Response:
    """Begin a session with a token or a one-time link."""
    body, found = call.body, None
    if body.link:
        found = await call.parts.sessions.redeem(body.link.strip())
    elif body.token:
        token = await call.parts.gatekeeper.recognise(body.token.strip())
        found = None if token is None else await call.parts.sessions.begin(token)
    to = body.next if is_local(body.next) else "/"
    if found is None:
        return back(None, "/login", next=to, failed="true")
    response = web.Response(status=303, headers={"Location": to, **HEADERS})
    response.set_cookie(
        call.parts.policy.cookie, found, httponly=True, secure=call.parts.policy.secure, samesite="Lax", path="/"
    )
    return response


async def left(call: Call[Nothing, Nothing]) -> web.Response:
    """End the session."""
    secret = call.request.cookies.get(call.parts.policy.cookie)
    if secret is not None:
        await call.parts.sessions.end(secret)
    response = web.Response(status=303, headers={"Location": "/login", **HEADERS})
    response.del_cookie(call.parts.policy.cookie, path="/")
    return response


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    view("/block-list", block_list, "What the exports hold"),
    view("/health", health, "What is well and what is not"),
    view("/audit", list_audit, "Who changed what", Paged),
    view("/tokens", list_tokens, "Tokens and sessions"),
    form("/tokens/revoke", revoked, "Revoke a token", TokenForm),
    view("/login", login, "The way in", LoginQuery, ()),
    form("/login", entered, "Begin a session", LoginForm, ()),
    form("/logout", left, "End the session", Nothing, ()),
)
