"""Cursors: every item once, whatever is added meanwhile; and nothing but our own cursors."""

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.api_client import ApiClient, World
from watcher.api import cursors
from watcher.api.problems import Problem
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.store import event_log


async def happen(world: World, count: int, name: str = "army.ml", kind: EventKind = EventKind.LAPSED) -> list[str]:
    """Record so many events, a second apart."""
    ids = []
    for _ in range(count):
        await world.clock.advance(1)
        now = world.clock.now()
        async with world.store.write() as tx:
            event = Event(
                world.store.ids(), kind, Severity.HIGH, ("because",), name, name, ("army.mil",), now, before={"a": 1}
            )
            await event_log.add(tx, [event], now=now)
        ids.append(event.id)
    return ids


async def pages(api: ApiClient, path: str, between) -> list[str]:
    """All ids or names of a list, page by page, with `between` called after each page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""))).json
        found += [row.get("id") or row["name"] for row in page["items"]]
        cursor = page["next_cursor"]
        await between(len(found))
    return found


async def test_events_newest_first_lose_and_repeat_nothing_while_more_happen(api: ApiClient, behind: World):
    before = await happen(behind, 23)

    async def more(_count: int) -> None:
        await happen(behind, 2)

    found = await pages(api, "/api/v1/events?limit=5", more)
    assert found == before[::-1]


async def test_events_oldest_first_go_on_to_the_newest(api: ApiClient, behind: World):
    ids = await happen(behind, 11)

    async def more(count: int) -> None:
        if count == 5:
            ids.extend(await happen(behind, 4))

    assert await pages(api, "/api/v1/events?limit=5&order=oldest", more) == ids


async def test_events_are_filtered(api: ApiClient, behind: World):
    first = await happen(behind, 2)
    other = await happen(behind, 1, name="navy.ml", kind=EventKind.REGISTERED)
    since = (behind.clock.now() - timedelta(seconds=1.5)).isoformat().replace("+", "%2B")

    async def ids(query: str) -> list[str]:
        return [row["id"] for row in (await api.get(f"/api/v1/events?order=oldest&{query}")).json["items"]]

    assert await ids("name=NAVY.ml") == other
    assert await ids("kind=registered") == other
    assert await ids("kind=registered&kind=lapsed") == first + other
    assert await ids(f"since={since}") == [first[1], *other]
    one = (await api.get(f"/api/v1/events/{other[0]}")).json
    assert (one["name"], one["from"], one["to"]) == ("navy.ml", {"a": 1}, {})
    assert (await api.get("/api/v1/events/none")).status == 404


async def test_names_lose_and_repeat_nothing_while_names_come_and_go(api: ApiClient, behind: World):
    names = [f"{letter}{digit}.mil" for letter in "bdf" for digit in range(9)]
    await behind.protect(*names)

    async def change(count: int) -> None:
        await behind.protect(f"a{count}.mil")  # before the cursor: not seen
        await api.delete(f"/api/v1/protected/{names[0]}")  # behind us: no gap after it

    found = await pages(api, "/api/v1/protected?limit=4", change)
    assert found == names


async def test_lookalikes_come_in_pages(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    for name in ("army.ml", "navy.ml", "shop.ml"):
        await behind.see(name, "army.mil")

    async def nothing(_count: int) -> None:
        return

    assert await pages(api, "/api/v1/lookalikes?limit=1", nothing) == ["army.ml", "navy.ml", "shop.ml"]


@given(key=st.lists(st.one_of(st.text(max_size=80), st.integers(0, 2**40)), min_size=1, max_size=3))
def test_a_cursor_gives_back_its_key(key):
    assert cursors.decode(cursors.encode(key), *(type(part) for part in key)) == tuple(key)


def _encoded(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!",
        "ä",
        "null",
        _encoded(None),
        _encoded({}),
        _encoded([]),
        _encoded([5]),
        _encoded([True]),
        _encoded(["a", "b"]),
        _encoded([["a"]]),
        _encoded(["\ud800"]),
        "A" * 3000,
        base64.urlsafe_b64encode(b"[" * 1000).decode(),
        base64.urlsafe_b64encode(b"\xff\xff").decode(),
    ],
)
def test_anything_else_is_no_cursor(cursor):
    with pytest.raises(Problem) as caught:
        cursors.decode(cursor, str)
    assert caught.value.kind == "invalid_cursor"


def test_no_cursor_begins_at_the_beginning():
    assert cursors.decode(None, str) is None
