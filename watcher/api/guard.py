"""Guard of every endpoint: it checks the host, the origin, the content type, the token and its scope."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import hdrs, web

from watcher.api.endpoints import AnyEndpoint, Caller
from watcher.api.parts import Parts
from watcher.api.policy import is_loopback, was_forwarded
from watcher.api.problems import Problem
from watcher.services.names.sessions import Session, csrf_of, unmasked
from watcher.services.names.tokens import Scope

EVERYTHING = frozenset(Scope)
_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""Values of `Sec-Fetch-Site` in requests that a page of another origin makes."""
_ASK_A_PERSON = 'Basic realm="watcher: the token is the password"'

HEADERS = {
    "Server": "watcher",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Set the security headers of every response; `Content-Security-Policy` and `Cache-Control` may be set before."""
    for name, value in HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


def check_host(parts: Parts, request: web.Request) -> str:
    """Return the `Host`, which must be one of ours and must be said once. Raises Problem."""
    hosts = request.headers.getall(hdrs.HOST, [])
    if len(hosts) != 1:
        raise Problem(HTTPStatus.BAD_REQUEST, "no_host", "exactly one Host header is needed")
    # An absolute request target overrides Host (RFC 9112 3.2.2), and aiohttp's `request.host` follows it.
    for host in (hosts[0], request.host):
        if not parts.policy.knows_host(host):
            raise Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "unknown_host",
                f"{host[:100]!r} is not served here; name it in api.hosts if it is yours",
            )
    return hosts[0]


def check_write(request: web.Request) -> None:
    """Refuse a write that is not JSON: a form or an image of a foreign page cannot send that. Raises Problem.

    A DELETE without a body needs no content type: no page can send one elsewhere without asking first. Nothing packed
    is taken: unpacking it would cost a thousand times what sending it does.
    """
    if request.method == hdrs.METH_DELETE and not request.body_exists:
        return
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "packed",
            "send the body without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )
    media = request.content_type.lower()
    if hdrs.CONTENT_TYPE not in request.headers or (media != "application/json" and not media.endswith("+json")):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "send Content-Type: application/json",
            headers={"Accept": "application/json"},
        )


def check_origin(parts: Parts, request: web.Request, host: str) -> None:
    """Refuse a foreign page that would change anything, or make us ask anything outside. Raises Problem."""
    origins = request.headers.getall(hdrs.ORIGIN, [])
    foreign = any(not parts.policy.is_our_origin(origin, host) for origin in origins)
    # An image or a link of a foreign page sends no Origin, but browsers say where it came from.
    site = request.headers.get("Sec-Fetch-Site", "none")
    if foreign or site in _ELSEWHERE:
        raise _foreign()


def check_reader(request: web.Request) -> None:
    """Refuse work for a foreign page: it cannot read the answer, yet each of its images would cost a search.

    Somebody who follows a link from elsewhere is welcome. Raises Problem. Programs say nothing of this, old browsers
    neither.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in _ELSEWHERE:
        return
    if (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest")) != ("navigate", "document"):
        raise _foreign()


async def caller_of(parts: Parts, request: web.Request, *, page: bool = False) -> Caller:
    """Return the caller of a request. Raises Problem 401 for a wrong token, or for none where one is needed.

    A `page` may be read with the token as a password (HTTP Basic, any user name), since browsers ask people for that.
    Browsers send it again unasked, so it opens nothing but pages, which only read.
    """
    shown = request.headers.getall(hdrs.AUTHORIZATION, [])
    if shown:
        return await _holder_of(parts, shown, page=page)
    session = await _session_of(parts, request, page=page)
    if session is not None:
        return Caller(session.holder, session.scopes, session.csrf)
    peer = request.transport.get_extra_info("peername") if request.transport else None
    user = _user_of(parts, request, peer, page=page)
    if user is not None:
        return user
    if await parts.gatekeeper.needed():
        raise _unauthorized(
            "a token is needed: Authorization: Bearer ... (`watcher token create` makes one)",
            _ASK_A_PERSON if page else "Bearer",
        )
    if not is_loopback(peer):
        raise _unauthorized("without a token only this machine itself is served (`watcher token create`)", "Bearer")
    if was_forwarded(request.headers):
        raise _unauthorized("a forwarded request needs a token (`watcher token create` makes one)", "Bearer")
    return Caller(None, EVERYTHING, csrf_of(_NOBODY))


async def _holder_of(parts: Parts, shown: list[str], *, page: bool) -> Caller:
    """Return who holds the token in `Authorization`. Raises Problem."""
    scheme, _, text = shown[0].partition(" ")
    token = None
    if len(shown) == 1 and scheme.lower() == "bearer":
        token = await parts.gatekeeper.recognise(text.strip())
    elif len(shown) == 1 and scheme.lower() == "basic" and page:
        token = await parts.gatekeeper.recognise(_password(text))
    if token is None:
        challenge = _ASK_A_PERSON if page else 'Bearer error="invalid_token"'
        raise _unauthorized("this token is not known, or was revoked", challenge)
    return Caller(token.name, token.scopes)


def _user_of(parts: Parts, request: web.Request, peer: object, *, page: bool) -> Caller | None:
    """Return the user that a proxy names; like a session, it may read and send forms. Raises Problem."""
    user = parts.policy.named_user(request.headers, peer)
    if user is None or not (page or request.method in {hdrs.METH_GET, hdrs.METH_HEAD}):
        return None
    if not user:
        raise _unauthorized("the proxy names no user that can be read", "Bearer")
    return Caller(user, parts.policy.user_scopes, csrf_of(f"{_NOBODY}{user}"))


_NOBODY = secrets.token_urlsafe(32)
"""Stands for a session where nobody has to log in; it ends with the process."""


async def _session_of(parts: Parts, request: web.Request, *, page: bool) -> Session | None:
    """The browser session of a request. It may read, and send forms, which show that they come from our pages."""
    if not page and request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
        return None
    secret = request.cookies.get(parts.policy.cookie)
    return None if secret is None else await parts.sessions.recognise(secret)


def check_form(parts: Parts, request: web.Request, host: str) -> None:
    """Refuse a form that no page of ours has sent. Raises Problem."""
    origins = request.headers.getall(hdrs.ORIGIN, [])
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if not origins or not all(parts.policy.is_our_origin(origin, host) for origin in origins) or site != "same-origin":
        raise _foreign()
    if request.content_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_a_form", "send a form of one of our pages")


def check_csrf(caller: Caller, shown: str) -> None:
    """Refuse a form that was not made for this caller. Raises Problem."""
    if not caller.csrf or not hmac.compare_digest(caller.csrf, unmasked(shown)):
        raise Problem(HTTPStatus.FORBIDDEN, "stale_form", "this form is too old; load the page again and send it anew")


def _foreign() -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "foreign_origin", "pages of other sites may not do this")


def _password(text: str) -> str:
    try:
        return base64.b64decode(text.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _unauthorized(detail: str, challenge: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={hdrs.WWW_AUTHENTICATE: challenge})


def check_scopes(caller: Caller, wanted: Iterable[Scope]) -> None:
    """Refuse a caller that has none of the wanted scopes. Raises Problem 403."""
    scopes = tuple(wanted)
    if scopes and caller.scopes.isdisjoint(scopes):
        need = " or ".join(scope.value for scope in scopes)
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "insufficient_scope",
            f"this needs a token with the scope {need}",
            headers={
                hdrs.WWW_AUTHENTICATE: f'Bearer error="insufficient_scope", scope="{" ".join(s.value for s in scopes)}"'
            },
        )


async def admit(parts: Parts, endpoint: AnyEndpoint, request: web.Request) -> Caller:
    """Let the request through to `endpoint`, or raise Problem. Nothing of the body has been read yet."""
    host = "" if endpoint.any_host else check_host(parts, request)
    if not endpoint.scopes:
        if endpoint.form:
            check_form(parts, request, host)
        return Caller(None, frozenset())
    if not endpoint.writes:
        check_reader(request)
    readable = (endpoint.media == "text/html" or endpoint.for_gear) and not endpoint.writes
    caller = await caller_of(parts, request, page=readable or endpoint.form)
    if endpoint.form:
        check_form(parts, request, host)
    elif endpoint.writes:
        check_origin(parts, request, host)
        check_write(request)
    check_scopes(caller, endpoint.scopes)
    return caller
