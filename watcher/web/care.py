"""`/health`, `/audit`, `/tokens`, and the way in and out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from watcher.api import cursors
from watcher.api.endpoints import AnyEndpoint, Call, Input, Nothing
from watcher.api.parts import DoctorFinding
from watcher.api.problems import not_found
from watcher.api.records import audit_json
from watcher.services.health.coverage import coverage_json
from watcher.services.names import tokens
from watcher.services.names.sessions import session_id
from watcher.services.names.tokens import Scope
from watcher.store import audit, sessions
from watcher.store import tokens as token_rows
from watcher.web.now import find_troubles
from watcher.web.page import (
    HEADERS,
    MOST_ROWS,
    THEME,
    PageRows,
    Shown,
    back,
    environment,
    form,
    is_local,
    page,
    theme_of,
    view,
)

PAGE = 100
_YEAR = 365 * 24 * 3600


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


class ThemeForm(Input):
    """The theme of this browser."""

    theme: Literal["system", "light", "dark"]
    back: Annotated[str, Field(max_length=4000)] | None = None


class SessionForm(Input):
    """One session or link, by what the page calls it."""

    id: Annotated[str, Field(min_length=16, max_length=16)]


class TokenForm(Input):
    """One token."""

    name: Annotated[str, Field(min_length=1, max_length=64)]


async def health(call: Call[Shown, Nothing]) -> web.Response:
    """Return what is well and what is not: this process's checks, what needs a person, and the doctor's last look."""
    parts = call.parts
    sweep = parts.sweep
    budget, state = (None, None) if sweep is None else (sweep.budget, sweep.state)
    coverage = await coverage_json(parts.store, parts.tiers, now=parts.clock.now(), budget=budget, state=state)
    troubles = dict(await find_troubles(parts.ready))
    needed = [] if parts.needed is None else await parts.needed()
    checks = [(name, troubles.get(name)) for name in parts.ready] + [(row.what, row.why) for row in needed]
    examined = DOCTOR.last
    rows = [*checks, *((row.what, None if row.state == "ok" else row.detail) for row in (examined or ((), None))[0])]
    data = PageRows("health", rows, lambda row: {"check": row[0], "trouble": row[1]})
    return page(
        call, "health.html", data, checks=checks, coverage=coverage,
        examined=examined, can_examine=parts.examine is not None and Scope.LOOKUP in call.caller.scopes,
    )  # fmt: skip


class Doctor:
    """The doctor's last look by this process."""

    def __init__(self) -> None:
        self.last: tuple[Sequence[DoctorFinding], datetime] | None = None


DOCTOR = Doctor()


async def examined_now(call: Call[Nothing, Nothing]) -> web.Response:
    """Let the doctor look: it asks the resolvers and registries outside."""
    parts = call.parts
    if parts.examine is None:
        raise not_found("the doctor")
    async with parts.enumerating.one():
        DOCTOR.last = await parts.examine(), parts.clock.now()
    return back(None, "/health", done="The doctor has looked")


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
    secret = call.request.cookies.get(call.parts.policy.cookie)
    return page(
        call,
        "tokens.html",
        data,
        rows=rows,
        sessions=[(session_id(row), row) for row in open_now if row.expires_at > now],
        mine=None if secret is None else tokens.digest(secret)[:16],
    )


async def session_ended(call: Call[Nothing, SessionForm]) -> web.Response:
    """End a session of anybody, or make a link useless."""
    row = await call.parts.sessions.end_by_id(call.body.id)
    said = "it had ended already" if row is None else f"The {row.kind.value} of {row.holder} is ended"
    return back(None, "/tokens", done=said)


async def themed(call: Call[Nothing, ThemeForm]) -> web.Response:
    """Keep the theme in this browser for a year."""
    response = back(call.body.back, "/")
    if call.body.theme == "system":
        response.del_cookie(THEME, path="/")
    else:
        response.set_cookie(
            THEME, call.body.theme, max_age=_YEAR, httponly=True, secure=call.parts.policy.secure, samesite="Lax"
        )
    return response


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
            version=call.parts.version,
            theme=theme_of(call.request),
            next=to,
            failed=call.query.failed,
            needed=await call.parts.gatekeeper.needed(),
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
    view("/health", health, "What is well and what is not"),
    form("/health/examine", examined_now, "Let the doctor look", Nothing, (Scope.LOOKUP,)),
    view("/audit", list_audit, "Who changed what", Paged),
    view("/tokens", list_tokens, "Tokens and sessions"),
    form("/sessions/end", session_ended, "End a session", SessionForm),
    form("/theme", themed, "Keep a theme", ThemeForm, (Scope.READ,)),
    form("/tokens/revoke", revoked, "Revoke a token", TokenForm),
    view("/login", login, "The way in", LoginQuery, ()),
    form("/login", entered, "Begin a session", LoginForm, ()),
    form("/logout", left, "End the session", Nothing, ()),
)
