"""TAXII 2.1 as its clients use it: paging that ends, times that are unique, and the faults of clients survived."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.fakes.api_client import ApiClient, World
from watcher.api.taxii import COLLECTION, MEDIA
from watcher.services.names.tokens import Scope
from watcher.store import block_list
from watcher.store.block_list import ListedEntry

BASE = f"/taxii2/lookalikes/collections/{COLLECTION}"


async def fill(world: World, count: int) -> None:
    """Entries that all came at the same moment."""
    from watcher.services.blocking.publish import STEP

    now = world.clock.now()
    async with world.store.write() as tx:
        rows = [
            ListedEntry(f"army-{number:06}.ml", "a lookalike.", now, now, now + number * STEP)
            for number in range(count)
        ]
        await block_list.save(tx, rows)


async def get(api: ApiClient, path: str, **options: Any) -> Any:
    answer = await api.get(path, **options)
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == MEDIA
    return json.loads(answer.body)


@pytest.fixture
async def seen(behind: World) -> World:
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    await behind.see("shop.ml", "army.mil")
    return behind


async def triage(api: ApiClient, name: str, to: str) -> None:
    assert (await api.patch(f"/api/v1/lookalikes/{name}", {"triage": to})).status == 200


async def test_a_client_finds_its_way(api: ApiClient) -> None:
    for slash in ("", "/"):
        root = (await get(api, "/taxii2/"))["default"].rstrip("/")
        assert (await get(api, root + slash))["versions"] == [MEDIA]
        [found] = (await get(api, f"{root}/collections{slash}"))["collections"]
        assert (found["can_read"], found["can_write"]) == (True, False)
        assert await get(api, f"{root}/collections/{found['id']}{slash}") == found
        assert "objects" in await get(api, f"{root}/collections/{found['id']}/objects{slash}")


async def test_what_does_not_exist_is_an_error(api: ApiClient) -> None:
    for path in ("/taxii2/other/collections/x/objects/", f"{BASE}/objects/indicator--x/", f"{BASE[:-1]}/objects/"):
        assert (await api.get(path)).status in {400, 404}
    for query in ("added_after=yesterday", "limit=0", "next=x"):
        assert (await api.get(f"{BASE}/objects/?{query}")).status == 400


async def test_paging_meets_every_object_once_whatever_is_sent_with_next(api: ApiClient, behind: World) -> None:
    await fill(behind, 700)
    ids: list[str] = []
    query = "limit=250"
    for _ in range(30):
        page = await get(api, f"{BASE}/objects/?{query}")
        ids += [thing["id"] for thing in page.get("objects", [])]
        if not page["more"]:
            break
        # a client that sends its old added_after together with next, and something of its own
        query = f"limit=250&next={quote(page['next'])}&added_after=2020-01-01T00:00:00Z&mine=1"
    assert len(ids) == len(set(ids)) == 2 + 3 * 700


async def test_a_client_that_goes_by_added_after_alone_ends_too(api: ApiClient, behind: World) -> None:
    await fill(behind, 400)
    met: set[str] = set()
    after = "2020-01-01T00:00:00Z"
    for _ in range(30):
        answer = await api.get(f"{BASE}/manifest/?limit=100&added_after={quote(after)}")
        rows = json.loads(answer.body).get("objects", [])
        if not rows:
            break
        times = [row["date_added"] for row in rows]
        assert times == sorted(set(times))
        assert answer.headers["X-TAXII-Date-Added-First"] == times[0]
        assert answer.headers["X-TAXII-Date-Added-Last"] == times[-1]
        met.update(row["id"] for row in rows)
        after = times[-1]
    assert len(met) == 2 + 3 * 400


async def test_what_left_the_list_is_revoked_under_the_same_id(api: ApiClient, seen: World) -> None:
    await triage(api, "army.ml", "blocked")
    path = f"{BASE}/objects/?match[type]=indicator"
    [came] = (await get(api, path))["objects"]
    assert "revoked" not in came
    seen.clock._now = seen.clock.now().replace(hour=5)
    await triage(api, "army.ml", "new")
    [gone] = (await get(api, path))["objects"]
    assert gone["revoked"] is True
    assert gone["id"] == came["id"]
    assert gone["modified"] > came["modified"]
    assert gone["created"] == came["created"]


async def test_exchanges_are_objects_that_come_once_and_before_what_refers_to_them(api: ApiClient, seen: World) -> None:
    await seen.clock.advance(3600)
    await triage(api, "army.ml", "blocked")
    await get(api, f"{BASE}/objects/")
    await triage(api, "shop.ml", "blocked")
    first: list[Any] = []
    query = "limit=2"
    for _ in range(30):
        page = await get(api, f"{BASE}/objects/?{query}")
        first += page.get("objects", [])
        if not page["more"]:
            break
        query = f"limit=2&next={quote(page['next'])}"
    names = {item["id"]: item["value"] for item in first if item["type"] == "domain-name"}
    resolving = [item for item in first if item.get("relationship_type") == "resolves-to"]
    pairs = {(names[item["source_ref"]], names[item["target_ref"]]) for item in resolving}
    assert ("army.ml", "mx.army.ml") in pairs
    ids = [item["id"] for item in first]
    assert len(set(ids)) == len(ids)
    place = {item["id"]: number for number, item in enumerate(first)}
    assert all(place[item["target_ref"]] < place[item["id"]] for item in resolving), (
        "nothing refers to what comes later"
    )


async def test_match_chooses(api: ApiClient, seen: World) -> None:
    await triage(api, "army.ml", "blocked")
    things = (await get(api, f"{BASE}/objects/"))["objects"]
    indicator = next(thing for thing in things if thing["type"] == "indicator")
    by_id = await get(api, f"{BASE}/objects/?match[id]={indicator['id']}")
    assert by_id["objects"] == [indicator]
    assert (await get(api, f"{BASE}/objects/{indicator['id']}/"))["objects"] == [indicator]
    versions = await get(api, f"{BASE}/objects/{indicator['id']}/versions/")
    assert versions["versions"] == [indicator["modified"]]
    assert "objects" not in await get(api, f"{BASE}/objects/?match[type]=malware")
    assert "objects" not in await get(api, f"{BASE}/objects/?match[spec_version]=2.0")


async def test_a_token_is_asked_for(api: ApiClient, seen: World) -> None:
    await seen.token("gear", Scope.READ)
    assert (await api.get("/taxii2/")).status == 401
