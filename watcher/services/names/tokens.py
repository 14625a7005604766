"""API tokens: made once and shown once, stored as a hash, recognised in constant time.

A token is 256 random bits, so a plain SHA-256 is enough: there is nothing to guess that a slow hash would protect.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.core.errors import ConfigurationError, StoreError
from watcher.core.ports import Clock
from watcher.store import Store, tokens
from watcher.store.tokens import TokenRow

PREFIX = "watcher_"
"""The beginning of every token, so that secret scanners and people recognise a lost one."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_LONGEST = 256
_USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """A permission of a token."""

    READ = "read"
    """See what is known."""
    LOOKUP = "lookup"
    """Cause questions to the outside."""
    WRITE = "write"
    """Change what is protected, silenced, told."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was recognised; scopes that this version does not know are left out."""

    name: str
    scopes: frozenset[Scope]


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """The scopes in `read,lookup,write`, each once, in their own order. Raises ConfigurationError."""
    wanted = {part.strip().lower() for part in text.split(",") if part.strip()}
    known = {scope.value for scope in Scope}
    if not wanted or not wanted <= known:
        strange = ", ".join(sorted(wanted - known)) or "nothing"
        raise ConfigurationError("--scope", f"{strange[:80]}: scopes are {', '.join(known_in_order())}")
    return tuple(scope for scope in Scope if scope.value in wanted)


def known_in_order() -> list[str]:
    """Every scope's value."""
    return [scope.value for scope in Scope]


async def create(
    store: Store,
    name: str,
    scopes: Iterable[Scope],
    *,
    now: datetime,
    secret: Callable[[], str] = lambda: secrets.token_urlsafe(32),
) -> str:
    """Make a token and return its text, which is not kept and cannot be shown again.

    Raises ConfigurationError when the name cannot be used, or was used before (also by a revoked token: in a log a
    name must mean one token).
    """
    if not _NAME.match(name):
        raise ConfigurationError("NAME", "a token's name is up to 64 letters, digits, dots, hyphens or underscores")
    text = PREFIX + secret()
    row = TokenRow(name, digest(text), tuple(scope.value for scope in Scope if scope in set(scopes)), now)
    if not row.scopes:
        raise ConfigurationError("--scope", f"scopes are {', '.join(known_in_order())}")
    async with store.write() as tx:
        before = await tokens.find(tx, name)
        if before is not None:
            state = "was revoked; its name is not used again" if before.revoked_at else "exists; revoke it first"
            raise ConfigurationError("NAME", f"a token {name!r} {state}, or choose another name")
        await tokens.add(tx, row)
    return text


async def revoke(store: Store, name: str, *, now: datetime) -> bool:
    """Make a token useless from now on; False when there is none of that name in use."""
    async with store.write() as tx:
        return await tokens.revoke(tx, name, now=now)


async def listed(store: Store) -> list[TokenRow]:
    """All by name, revoked ones too."""
    async with store.read() as tx:
        return await tokens.list_all(tx)


async def any_valid(store: Store) -> bool:
    """Return whether somebody could show a token: what listening elsewhere than on loopback needs."""
    async with store.read() as tx:
        return await tokens.any_valid(tx)


def digest(text: str) -> str:
    """Return the hash that is stored of a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Gatekeeper:
    """Recognises tokens, and notes at most once a minute when each was used."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read: tuple[int | None, list[TokenRow]] | None = None

    async def _rows(self) -> list[TokenRow]:
        """Every token, as it is now; read again only after something was committed."""
        version = self._store.version()
        if self._read is None or version is None or self._read[0] != version:
            self._read = version, await self._store.glance(tokens.list_all)
        return self._read[1]

    async def needed(self) -> bool:
        """Return whether a token was ever made. Revoked ones count: revoking the last must not open the door again."""
        return bool(await self._rows())

    async def recognise(self, text: str) -> Token | None:
        """The token that `text` is; None for a wrong or revoked one. The time it takes tells nothing about which."""
        if len(text) > _LONGEST:
            return None
        shown = digest(text)
        rows = await self._rows()
        match: TokenRow | None = None
        for row in rows:  # every row, also after a match
            if hmac.compare_digest(row.hash, shown) and row.revoked_at is None:
                match = row
        if match is None:
            return None
        await self._note_use(match)
        known = {scope.value: scope for scope in Scope}
        return Token(match.name, frozenset(known[scope] for scope in match.scopes if scope in known))

    async def _note_use(self, row: TokenRow) -> None:
        now = self._clock.now()
        if row.last_used_at is not None and now - row.last_used_at < _USE_NOTED_EVERY:
            return
        try:
            async with self._store.write() as tx:
                await tokens.save_use(tx, row.name, now=now)
        except StoreError:  # who may read is still let in when nothing can be written
            return
