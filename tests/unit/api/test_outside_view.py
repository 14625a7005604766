"""What a client sees that knows the contract and nothing else: names as people write them, lists, conditions, times."""

import asyncio
import logging

import pytest

from tests.fakes.api_client import DOCUMENT, ApiClient, World, make_parts
from watcher.api.app import make_app
from watcher.api.runner import Strangers

OVERFLOWING = "9999-12-31T23:59:59-12:00"


@pytest.mark.parametrize(
    "path",
    ["/api/v1/domains/.ml?fresh=false", "/api/v1/domains/ml?fresh=false", "/api/v1/domains/ML.?fresh=false"],
)
async def test_a_suffix_may_have_its_leading_dot(api: ApiClient, path: str) -> None:
    assert (await api.get(path)).json["name"] == "ml"


async def test_a_leading_dot_is_understood_wherever_a_name_goes(api: ApiClient, behind: World) -> None:
    assert (await api.get("/api/v1/lookalikes/.ml")).status == 404
    assert (await api.get("/api/v1/events?name=.ml")).json["items"] == []
    assert (await api.get("/api/v1/reports/.ml")).status == 409, "understood, and no letter is due"
    assert (await api.post("/api/v1/domains:batch", {"names": [".ml"]})).json["items"][0]["name"] == "ml"
    made = await api.post("/api/v1/silences", {"scope": "name", "value": ".ml"})
    assert made.json["value"] == "ml"
    for wrong in ("/api/v1/domains/.army.ml", "/api/v1/lookalikes/.army.ml", "/api/v1/events?name=.army.ml"):
        refused = await api.get(wrong)
        assert refused.status == 400
        assert refused.json["reason"] == "a dot stands in front of a public suffix only"


async def test_silences_and_channels_come_in_pages_too(api: ApiClient) -> None:
    ids = [(await api.post("/api/v1/silences", {"scope": "name", "value": f"army{n}.ml"})).json["id"] for n in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.get("/api/v1/silences?limit=2" + (f"&cursor={cursor}" if cursor else ""))).json
        assert len(page["items"]) <= 2
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ids
    assert (await api.get("/api/v1/channels?limit=1")).json == {"items": [{"name": "slack"}], "next_cursor": None}
    assert (await api.get("/api/v1/channels?cursor=nonsense")).status == 400
    assert (await api.get("/api/v1/silences?cursor=nonsense")).status == 400


async def test_a_technique_that_is_none_is_refused_and_silences_nothing(api: ApiClient) -> None:
    refused = await api.post("/api/v1/silences", {"scope": "technique", "value": "nosuch"})
    assert refused.status == 400
    assert "there is no 'nosuch'; there are omission, " in refused.json["detail"]
    assert (await api.get("/api/v1/silences")).json["items"] == []
    assert (await api.get("/api/v1/lookalikes?technique=nosuch")).status == 400
    assert (await api.get("/api/v1/candidates?name=army.mil&technique=nosuch")).status == 400
    assert (await api.post("/api/v1/silences", {"scope": "technique", "value": "containment"})).status == 201


async def test_a_note_may_change_alone(api: ApiClient, behind: World) -> None:
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    await api.patch("/api/v1/lookalikes/army.ml", {"triage": "takedown"})
    changed = (await api.patch("/api/v1/lookalikes/army.ml", {"note": "written to the registrar"})).json
    assert (changed["triage"], changed["triage_note"]) == ("takedown", "written to the registrar")
    assert (await api.patch("/api/v1/lookalikes/army.ml", {})).json == changed
    assert (await api.patch("/api/v1/lookalikes/none.ml", {})).status == 404


async def test_a_time_beyond_the_calendar_is_a_clients_error(api: ApiClient) -> None:
    for path in ("/api/v1/events", "/api/v1/lookalikes", "/api/v1/events/stream"):
        assert (await api.get(f"{path}?since={OVERFLOWING}")).status == 400
    refused = await api.post("/api/v1/silences", {"scope": "name", "value": "army.ml", "until": OVERFLOWING})
    assert refused.status == 400


async def test_whoever_has_the_report_is_told_so_in_every_way_to_ask(api: ApiClient, behind: World) -> None:
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    made = await api.get("/api/v1/reports/army.ml")
    etag = made.headers["ETag"]
    assert made.headers["Cache-Control"] == "private, no-cache"
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await api.get("/api/v1/reports/army.ml", headers={"If-None-Match": known})
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag), known
    assert (await api.get("/api/v1/reports/army.ml", headers={"If-None-Match": '"other"'})).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/version"])
async def test_probes_may_add_to_their_address(api: ApiClient, path: str) -> None:
    assert (await api.get(f"{path}?from=balancer")).status == 200


def test_the_document_says_what_is_no_json() -> None:
    report = DOCUMENT["paths"]["/api/v1/reports/{name}"]["get"]["responses"]
    assert set(report["200"]["content"]) == {"application/json", "text/plain"}
    assert "content" not in report["304"]
    document = DOCUMENT["paths"]["/openapi.json"]["get"]["responses"]["200"]["content"]
    assert document["application/json"]["schema"] == {"type": "object"}


async def test_what_is_no_http_fills_no_log(behind: World, caplog: pytest.LogCaptureFixture) -> None:
    from aiohttp.test_utils import TestServer

    log = logging.getLogger("aiohttp.server")
    strangers = Strangers()
    log.addFilter(strangers)
    try:
        async with TestServer(make_app(make_parts(behind))) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert b" 400 " in await reader.readline()
            writer.close()
    finally:
        log.removeFilter(strangers)
    assert caplog.records == []
