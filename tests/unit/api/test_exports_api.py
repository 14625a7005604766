"""Block lists over HTTP: validators, gzip, who may read, and that an error is never a 200."""

import base64
import json

import pytest

from tests.fakes.api_client import ApiClient, World
from watcher.exports import ALL
from watcher.services.names.tokens import Scope

PATH = "/api/v1/exports"
PLAIN = {"Accept-Encoding": "identity"}


async def block(api: ApiClient, *names: str, triage: str = "blocked", **options: object) -> None:
    answer = await api.post("/api/v1/lookalikes:triage", {"names": names, "triage": triage}, **options)
    assert answer.status == 200, answer.json


@pytest.fixture
async def seen(behind: World) -> World:
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    await behind.see("shop.ml", "army.mil")
    return behind


async def test_the_formats_are_listed_with_their_guides(api: ApiClient) -> None:
    answer = await api.get(PATH)
    assert [item["name"] for item in answer.json["items"]] == [chosen.name for chosen in ALL]


@pytest.mark.parametrize("kind", [chosen.name for chosen in ALL])
async def test_every_format_is_served_with_validators(api: ApiClient, seen: World, kind: str) -> None:
    await block(api, "army.ml")
    first = await api.get(f"{PATH}/{kind}", headers=PLAIN)
    assert first.status == 200
    assert b"army.ml" in first.body
    assert first.headers["X-Watcher-Omitted"] == "0"
    again = await api.get(f"{PATH}/{kind}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    dated = await api.get(f"{PATH}/{kind}", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert dated.status == 304
    await block(api, "shop.ml")
    changed = await api.get(f"{PATH}/{kind}", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert b"shop.ml" in changed.body


async def test_a_tag_goes_before_a_date(api: ApiClient, seen: World) -> None:
    first = await api.get(f"{PATH}/plain")
    headers = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert (await api.get(f"{PATH}/plain", headers=headers)).status == 200


async def test_what_was_taken_off_changes_the_tag_too(api: ApiClient, seen: World) -> None:
    empty = await api.get(f"{PATH}/plain")
    await block(api, "army.ml")
    assert (await api.get(f"{PATH}/plain", headers={"If-None-Match": empty.headers["ETag"]})).status == 200
    await block(api, "army.ml", triage="new")
    assert (await api.get(f"{PATH}/plain", headers={"If-None-Match": empty.headers["ETag"]})).status == 304


async def test_gzip_has_a_tag_of_its_own(api: ApiClient, seen: World) -> None:
    await block(api, "army.ml")
    plain = await api.get(f"{PATH}/plain", headers=PLAIN)
    reader = await api.get(f"{PATH}/plain", headers={"Accept-Encoding": "gzip"})
    assert reader.body == plain.body  # the client unpacks it
    assert reader.headers["ETag"] != plain.headers["ETag"]
    assert reader.headers["Content-Encoding"] == "gzip"
    assert (await api.get(f"{PATH}/plain", headers={"If-None-Match": reader.headers["ETag"]})).status == 304


async def test_parameters_choose_and_page(api: ApiClient, seen: World) -> None:
    await block(api, "army.ml", "shop.ml")
    assert (await api.get(f"{PATH}/plain?limit=1", headers=PLAIN)).body == b"army.ml\n"
    assert (await api.get(f"{PATH}/plain?limit=1&offset=1", headers=PLAIN)).body == b"shop.ml\n"
    assert (await api.get(f"{PATH}/plain?protected=navy.mil", headers=PLAIN)).body == b""
    await block(api, "army.ml", "shop.ml", triage="new")
    assert (await api.get(f"{PATH}/plain?select=able", headers=PLAIN)).body == b"army.ml\nshop.ml\n"
    assert (await api.get(f"{PATH}/plain?select=able&min_likelihood=0.5", headers=PLAIN)).body == b""


@pytest.mark.parametrize(
    "query", ["select=all", "limit=-1", "plan=p3", "min_likelihood=2", "nonsense=1", "protected=.."]
)
async def test_a_wrong_parameter_is_an_error(api: ApiClient, query: str) -> None:
    assert (await api.get(f"{PATH}/plain?{query}")).status == 400


async def test_an_unknown_format_is_an_error(api: ApiClient) -> None:
    assert (await api.get(f"{PATH}/nonsense")).status == 404


async def test_gear_shows_the_token_as_a_password(api: ApiClient, seen: World) -> None:
    token = (await seen.token("gear", Scope.READ))["Authorization"].removeprefix("Bearer ")
    for user in ("any", "", "rspamd"):
        basic = base64.b64encode(f"{user}:{token}".encode()).decode()
        assert (await api.get(f"{PATH}/plain", headers={"Authorization": f"Basic {basic}"})).status == 200
    wrong = base64.b64encode(b"any:wrong").decode()
    for headers in ({}, {"Authorization": f"Basic {wrong}"}, {"Authorization": "Bearer wrong"}):
        answer = await api.get(f"{PATH}/plain", headers=headers)
        assert answer.status == 401
        assert "WWW-Authenticate" in answer.headers
    lookup = await seen.token("lookup", Scope.LOOKUP)
    assert (await api.get(f"{PATH}/plain", headers=lookup)).status == 403


async def test_a_misp_feed_can_be_fetched(api: ApiClient, seen: World) -> None:
    await block(api, "army.ml")
    manifest = (await api.get(f"{PATH}/misp/manifest.json")).json
    for uuid in manifest:
        event = (await api.get(f"{PATH}/misp/{uuid}.json")).json
        assert "army.ml" in json.dumps(event)
    assert (await api.get(f"{PATH}/misp/nothing.json")).status == 404


async def test_a_note_alone_approves_nothing(api: ApiClient, seen: World) -> None:
    alice = await seen.token("alice", Scope.READ, Scope.WRITE)
    bob = await seen.token("bob", Scope.READ, Scope.WRITE)
    await block(api, "army.ml", headers=alice)
    await api.patch("/api/v1/lookalikes/army.ml", {"note": "looks bad"}, headers=bob)
    from watcher.store import block_votes

    async with seen.store.read() as tx:
        assert await block_votes.list_voters(tx, ["army.ml"]) == {"army.ml": frozenset({"alice"})}
