"""Tokens: recognised in use, noted sparingly, and of use while nothing can be written."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.errors import ConfigurationError
from watcher.services.names.tokens import Gatekeeper, Scope, any_valid, create, digest, listed, parse_scopes, revoke
from watcher.store import Store, tokens
from watcher.store.tokens import TokenRow


@pytest.fixture
async def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    store = await Store.open_or_create(f"sqlite:///{tmp_path / 'watcher.db'}", clock=clock)
    yield store
    await store.close()


async def test_use_is_noted_at_most_once_a_minute(store: Store, clock: FakeClock):
    text = await create(store, "a", [Scope.READ], now=clock.now())
    keeper = Gatekeeper(store, clock)

    async def last_used():
        return (await listed(store))[0].last_used_at

    assert await last_used() is None
    await keeper.recognise(text)
    first = await last_used()
    assert first == clock.now()
    await clock.advance(59)
    await keeper.recognise(text)
    assert await last_used() == first
    await clock.advance(1)
    await keeper.recognise(text)
    assert await last_used() == clock.now()


async def test_a_scope_of_a_newer_version_grants_nothing(store: Store, clock: FakeClock):
    async with store.write() as tx:
        await tokens.add(tx, TokenRow("a", digest("watcher_x"), ("read", "destroy"), clock.now()))
    token = await Gatekeeper(store, clock).recognise("watcher_x")
    assert token is not None
    assert token.scopes == {Scope.READ}


async def test_each_token_is_its_own(store: Store, clock: FakeClock):
    texts = [await create(store, name, [Scope.READ], now=clock.now()) for name in ("a", "b", "c")]
    assert len(set(texts)) == 3
    keeper = Gatekeeper(store, clock)
    assert [(await keeper.recognise(text)).name for text in texts] == ["a", "b", "c"]
    assert await revoke(store, "b", now=clock.now())
    assert not await revoke(store, "b", now=clock.now())
    assert [token.name if (token := await keeper.recognise(text)) else None for text in texts] == ["a", None, "c"]
    assert await any_valid(store)
    assert await keeper.needed()


async def test_a_token_without_a_scope_is_of_no_use(store: Store, clock: FakeClock):
    with pytest.raises(ConfigurationError):
        await create(store, "a", [], now=clock.now())
    assert not await Gatekeeper(store, clock).needed()


@pytest.mark.parametrize("text", ["", "watcher_", "\udcff", "x" * 100_000, "watcher_' OR 1=1 --"])
async def test_what_is_no_token(store: Store, clock: FakeClock, text: str):
    await create(store, "a", [Scope.READ], now=clock.now())
    assert await Gatekeeper(store, clock).recognise(text) is None


async def test_readers_are_let_in_while_nothing_can_be_written(store: Store, clock: FakeClock):
    text = await create(store, "a", [Scope.READ], now=clock.now())
    async with store.write() as tx:  # every update fails from now on, as on a full disk
        await tx.exec_driver_sql("CREATE TRIGGER f BEFORE UPDATE ON tokens BEGIN INSERT INTO nowhere VALUES (1); END")
    with_token = await Gatekeeper(store, clock).recognise(text)
    assert with_token is not None
    assert with_token.name == "a"


def test_scopes_are_read_in_any_order():
    assert parse_scopes("write, READ,read") == (Scope.READ, Scope.WRITE)
    for wrong in ("", ",", "all", "read;write"):
        with pytest.raises(ConfigurationError):
            parse_scopes(wrong)
