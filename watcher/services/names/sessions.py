"""Browser sessions: begun by a one-time link or a token, ended by logout or by time.

A secret is 256 random bits and is stored as its hash, like a token. A link is good once, for ten minutes.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from watcher.core.ports import Clock
from watcher.services.names.tokens import Scope, Token, digest
from watcher.store import Store, sessions
from watcher.store.sessions import SessionKind, SessionRow

LINK_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(hours=12)
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was recognised. `csrf` is what a form of its pages must send back."""

    holder: str
    scopes: frozenset[Scope]
    csrf: str


class Sessions:
    """Begins, recognises and ends sessions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read: tuple[int | None, dict[str, SessionRow]] | None = None

    async def make_link(self, holder: str, scopes: Iterable[Scope]) -> str:
        """Return the secret of a new link that begins a session once."""
        return await self._add(SessionKind.LINK, holder, scopes, LINK_LIFE)

    async def begin(self, token: Token) -> str:
        """Return the secret of a new session with the scopes of a token."""
        return await self._add(SessionKind.SESSION, token.name, token.scopes, SESSION_LIFE)

    async def redeem(self, link: str) -> str | None:
        """Return the secret of the session that a link begins; None for one that is used, expired or not known."""
        if len(link) > _LONGEST:
            return None
        async with self._store.write() as tx:
            row = {row.hash: row for row in await sessions.list_all(tx)}.get(digest(link))
            if row is None or row.kind is not SessionKind.LINK or row.expires_at <= self._clock.now():
                return None
            await sessions.remove(tx, row.hash)
        scopes = frozenset(scope for scope in Scope if scope.value in row.scopes)
        return await self.begin(Token(row.holder, scopes))

    async def recognise(self, secret: str) -> Session | None:
        """Return the session of this secret; None for one that has ended."""
        if len(secret) > _LONGEST:
            return None
        row = (await self._rows()).get(digest(secret))
        if row is None or row.kind is not SessionKind.SESSION or row.expires_at <= self._clock.now():
            return None
        return Session(row.holder, frozenset(scope for scope in Scope if scope.value in row.scopes), csrf_of(secret))

    async def end(self, secret: str) -> None:
        """End the session of this secret; no error where there is none."""
        async with self._store.write() as tx:
            await sessions.remove(tx, digest(secret))

    async def end_by_id(self, id_: str) -> SessionRow | None:
        """End the session, or make the link useless, that `session_id` names so; return it, None for no such."""
        async with self._store.write() as tx:
            found = next((row for row in await sessions.list_all(tx) if session_id(row) == id_), None)
            if found is not None:
                await sessions.remove(tx, found.hash)
        return found

    async def _rows(self) -> dict[str, SessionRow]:
        version = self._store.version()
        if self._read is None or version is None or self._read[0] != version:
            self._read = version, {row.hash: row for row in await self._store.glance(sessions.list_all)}
        return self._read[1]

    async def _add(self, kind: SessionKind, holder: str, scopes: Iterable[Scope], life: timedelta) -> str:
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        wanted = tuple(scope.value for scope in Scope if scope in set(scopes))
        async with self._store.write() as tx:
            await sessions.remove_expired(tx, now=now)
            await sessions.add(tx, SessionRow(digest(secret), kind, holder, wanted, now, now + life))
        return secret


def session_id(row: SessionRow) -> str:
    """Return what a session is called on pages: enough of the hash to tell it apart, of no use to enter by."""
    return row.hash[:16]


def link_address(url: str, link: str) -> str:
    """Return the address that a person opens; its secret stands where no server and no log sees it."""
    return f"{url.rstrip('/')}/login#link={link}"


def csrf_of(secret: str) -> str:
    """Return what a form must send back: known to whoever holds the secret, and useless for anything else."""
    return hmac.new(secret.encode("utf-8", "surrogateescape"), b"form", hashlib.sha256).hexdigest()[:40]


def masked(csrf: str) -> str:
    """Return it as a page shows it: another text each time, so that packed pages give nothing of it away."""
    value = bytes.fromhex(csrf)
    pad = secrets.token_bytes(len(value))
    return pad.hex() + bytes(a ^ b for a, b in zip(pad, value, strict=True)).hex()


def unmasked(shown: str) -> str:
    """Return the inverse of `masked`; an empty text for what it never gives."""
    try:
        value = bytes.fromhex(shown)
    except ValueError:
        return ""
    half = len(value) // 2
    return bytes(a ^ b for a, b in zip(value[:half], value[half:], strict=False)).hex()
