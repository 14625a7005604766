"""Each resource over a real database: what it gives, changes and refuses."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.fakes.alert_samples import became_able
from tests.fakes.api_client import ApiClient, World
from watcher.core.errors import DeliveryRejected
from watcher.core.events import Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.telling.alerts import Alert, AlertKind, group_key
from watcher.services.names.tokens import Scope
from watcher.store import deliveries, event_log, lookalikes, outbox, resemblances, silences


async def test_a_name_is_protected_once_and_stays_as_it_was(api: ApiClient, behind: World):
    first = await api.post("/api/v1/protected", {"name": "postmaster@ARMY.mil.", "owner": "US Army", "tags": ["us"]})
    assert first.status == 201
    assert first.headers["Location"] == "/api/v1/protected/army.mil"
    assert first.json["kind"] == "domain"
    assert first.json["baseline"] == {"done": False, "settled": 0, "total": 0}
    again = await api.post("/api/v1/protected", {"name": "army.mil", "owner": "somebody else"})
    assert again.status == 200
    assert again.json == first.json
    assert behind.changes == 1
    for text, name, kind in ((".mil", "mil", "suffix"), ("us.army.mil", "us.army.mil", "host")):
        made = await api.post("/api/v1/protected", {"name": text})
        assert (made.status, made.json["name"], made.json["kind"]) == (201, name, kind)
    assert (await api.get("/api/v1/protected/.mil")).json["name"] == "mil"


async def test_a_protected_name_is_changed_and_removed(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    changed = await api.patch("/api/v1/protected/army.mil", {"owner": "US Army"})
    assert (changed.json["owner"], changed.json["tags"]) == ("US Army", [])
    changed = await api.patch("/api/v1/protected/army.mil", {"tags": ["omission", "transposition"]})
    assert (changed.json["owner"], changed.json["tags"]) == ("US Army", ["omission", "transposition"])
    assert (await api.patch("/api/v1/protected/army.mil", {"owner": None})).json["owner"] is None
    assert (await api.patch("/api/v1/protected/navy.mil", {"owner": "x"})).status == 404
    assert (await api.delete("/api/v1/protected/army.mil")).status == 204
    assert (await api.delete("/api/v1/protected/army.mil")).status == 404
    assert (await api.get("/api/v1/protected/army.mil")).status == 404


async def test_own_names(api: ApiClient, behind: World):
    made = await api.post("/api/v1/own", {"name": "army.ml", "note": "defensive"})
    assert (made.status, made.json["note"]) == (201, "defensive")
    assert (await api.post("/api/v1/own", {"name": "army.ml", "note": "other"})).json["note"] == "defensive"
    assert (await api.patch("/api/v1/own/army.ml", {"note": "bought"})).json["note"] == "bought"
    assert [row["name"] for row in (await api.get("/api/v1/own")).json["items"]] == ["army.ml"]
    assert (await api.delete("/api/v1/own/army.ml")).status == 204
    assert (await api.get("/api/v1/own/army.ml")).status == 404
    assert (await api.patch("/api/v1/own/army.ml", {"note": ""})).status == 404
    assert behind.changes == 2


async def test_silences(api: ApiClient, behind: World):
    now = behind.clock.now()
    made = await api.post(
        "/api/v1/silences", {"scope": "name", "value": "ARMY.ml", "until": (now + timedelta(days=1)).isoformat()}
    )
    assert (made.status, made.json["value"]) == (201, "army.ml")
    place = f"/api/v1/silences/{made.json['id']}"
    assert (await api.get(place)).json == made.json
    assert (await api.patch(place, {"until": None})).json["until"] is None
    assert (await api.patch(place, {"note": "ours"})).json["note"] == "ours"
    past = {"scope": "name", "value": "a.ml", "until": (now - timedelta(days=1)).isoformat()}
    assert (await api.post("/api/v1/silences", past)).status == 400
    assert (await api.post("/api/v1/silences", {**past, "until": "2027-01-01T00:00:00"})).status == 400
    assert (await api.post("/api/v1/silences", {"scope": "technique", "value": "x; --"})).status == 400
    assert (await api.post("/api/v1/silences", {"scope": "technique", "value": "suffix_edit"})).status == 201
    assert len((await api.get("/api/v1/silences?active=true")).json["items"]) == 2
    assert (await api.delete(place)).status == 204
    assert (await api.delete(place)).status == 404
    assert (await api.patch(place, {"note": ""})).status == 404


async def test_a_domain_nobody_looked_at_is_looked_at_once(api: ApiClient, behind: World):
    unseen = await api.get("/api/v1/domains/army.ml?fresh=false")
    assert unseen.json["mail"] is None
    assert unseen.json["resembles"][0]["protected"] == "army.mil"
    assert behind.asked == []
    looked = (await api.get("/api/v1/domains/army.ml")).json
    assert (looked["mail"]["ability"], looked["mail"]["basis"]) == ("able", "explicit_mx")
    assert looked["mail"]["exchanges"] == [{"preference": 10, "host": "mx.army.ml", "addresses": ["93.184.215.14"]}]
    assert looked["last_outcome"] == "settled"
    assert looked["severity"] == "critical"
    assert looked["registration"]["status"] == "unregistered"
    assert behind.asked != []


async def test_a_known_domain_is_answered_from_the_store(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    behind.asked.clear()
    known = (await api.get("/api/v1/domains/ARMY.ml.")).json
    assert behind.asked == []
    assert known["mail"]["ability"] == "able"
    assert known["first_seen_at"] is not None
    assert known["triage"] == "new"
    assert [event["kind"] for event in known["history"]] == ["mail_found_able"]


async def test_a_fresh_look_at_a_known_domain_is_recorded(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    await behind.clock.advance(3600)
    behind.resolver.load("army.ml", "@ MX 0 .\n")
    fresh = (await api.get("/api/v1/domains/army.ml?fresh=true")).json
    assert fresh["attempted_at"] == "2026-01-01T01:00:00Z"
    assert (await api.get("/api/v1/domains/army.ml?fresh=false")).json["mail"] == fresh["mail"]


async def test_an_unsettled_look_says_so_and_is_never_no(api: ApiClient, behind: World):
    from tests.fakes.zone_resolver import Fault
    from watcher.core.mail.dns import Outcome

    behind.resolver.faults.append(Fault("*army.ml", "*", Outcome.SERVFAIL))
    looked = (await api.get("/api/v1/domains/army.ml")).json
    assert (looked["mail"]["ability"], looked["mail"]["settled_at"]) == ("unknown", None)
    assert looked["last_outcome"] == "SERVFAIL"
    assert looked["attempted_at"] is not None


async def test_a_name_that_never_settled_is_listed_and_may_be_triaged(api: ApiClient, behind: World):
    from tests.fakes.zone_resolver import Fault
    from watcher.core.mail.dns import Outcome

    behind.resolver.faults.append(Fault("*army.ml", "*", Outcome.SERVFAIL))
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    (row,) = (await api.get("/api/v1/lookalikes?ability=unknown")).json["items"]
    assert (row["name"], row["mail"]["ability"], row["first_seen_at"]) == ("army.ml", "unknown", None)
    assert (await api.get("/api/v1/lookalikes/army.ml")).json == row
    changed = await api.patch("/api/v1/lookalikes/army.ml", {"triage": "investigating"})
    assert changed.json["triage"] == "investigating"
    assert (await api.get("/api/v1/lookalikes/navy.ml")).status == 404, "it was never asked about"


async def test_a_registration_that_arms_a_name_changes_its_verdict(api: ApiClient, behind: World):
    behind.facts["gone.ml"] = RegistrationFacts(
        RegistrationStatus.REGISTERED, RegistrationSource.RDAP, behind.clock.now(), statuses=("server hold",)
    )
    looked = (await api.get("/api/v1/domains/gone.ml")).json
    assert (looked["mail"]["ability"], looked["mail"]["basis"]) == ("unable", "no_such_name")
    assert Flag.ARMED.value in looked["mail"]["flags"]
    assert looked["registration"]["registrant"] == {"organisation": None, "country": None}


async def test_a_batch_says_what_is_known_without_a_look(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("navy.ml", "army.mil")
    behind.asked.clear()
    names = ["army.ml", "navy.ml", "ARMY.ml", "nobody.ml"]
    items = (await api.post("/api/v1/domains:batch", {"names": names})).json["items"]
    assert [(item["name"], item["mail"] is None) for item in items] == [
        ("army.ml", True),
        ("navy.ml", False),
        ("nobody.ml", True),
    ]
    assert items[0]["resembles"][0]["protected"] == "army.mil"
    assert items[1]["mail"]["basis"] == "null_mx"
    assert items[2]["resembles"] == []
    assert behind.asked == []


async def test_ten_thousand_names_fit_and_more_do_not(api: ApiClient):
    names = [f"{'a' * 50}{number}.ml" for number in range(10_000)]
    answer = await api.post("/api/v1/domains:batch", {"names": names})
    assert len(answer.json["items"]) == 10_000
    assert (await api.post("/api/v1/domains:batch", {"names": [*names, "x.ml"]})).status == 400


async def test_the_lookalikes_of_a_name_that_is_not_protected_are_no_empty_list(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    assert (await api.get("/api/v1/lookalikes?protected=army.mil")).json["items"] == []
    answer = await api.get("/api/v1/lookalikes?protected=navy.mil")
    assert (answer.status, answer.json["detail"]) == (404, "navy.mil is not known here")


async def test_all_hosts_of_one_wildcard_are_one_row_unless_asked_for(api: ApiClient, behind: World):
    await behind.protect("army.mil", "navy.mil")
    await behind.see("army.ml", "army.mil")
    async with behind.store.write() as tx:
        row = await lookalikes.find(tx, "army.ml")
        assert row is not None
        wild = replace(row.verdict, flags=(Flag.WILDCARD,))
        for number in range(30):
            host = f"h{number:02}.evil.ml"
            await lookalikes.save(
                tx, [replace(row, name=host, unicode=host, registrable_domain="evil.ml", verdict=wild)]
            )
            owner = "navy.mil" if number == 7 else "army.mil"
            await resemblances.save(tx, host, [Resemblance(owner, ("omission",), 0.01, "", 9)])
    page = (await api.get("/api/v1/lookalikes")).json["items"]
    assert [(row["name"], row["more_hosts"]) for row in page] == [("army.ml", 0), ("h00.evil.ml", 29)]
    page = (await api.get("/api/v1/lookalikes?protected=navy.mil")).json["items"]
    assert [row["name"] for row in page] == ["h07.evil.ml"], "the first that matches stands for the wildcard"
    assert len((await api.get("/api/v1/lookalikes?all_hosts=true")).json["items"]) == 31
    async with behind.store.read() as tx:
        assert await lookalikes.count_abilities(tx) == {"able": 2}


async def test_lookalikes_are_filtered(api: ApiClient, behind: World):
    await behind.protect("army.mil", "navy.mil")
    await behind.see("army.ml", "army.mil")
    await behind.see("navy.ml", "navy.mil")
    await behind.see("shop.ml", "army.mil", "navy.mil", technique="omission")

    async def found(query: str) -> list[str]:
        return [row["name"] for row in (await api.get(f"/api/v1/lookalikes?{query}")).json["items"]]

    assert await found("") == ["army.ml", "navy.ml", "shop.ml"]
    assert await found("protected=army.mil") == ["army.ml", "shop.ml"]
    assert await found("ability=able") == ["army.ml", "shop.ml"]
    assert await found("ability=unable") == ["navy.ml"]
    assert await found("basis=implicit_mx") == ["shop.ml"]
    assert await found("severity=critical") == ["army.ml"]
    assert await found("severity=info") == ["army.ml", "navy.ml", "shop.ml"]
    assert await found("technique=omission") == ["shop.ml"]
    assert await found("protected=navy.mil&technique=suffix_edit") == ["navy.ml"]
    assert await found("q=AV") == ["navy.ml"]
    assert await found("q=%25") == []
    assert await found("since=2027-01-01T00:00:00Z") == []
    assert await found("triage=blocked") == []
    one = (await api.get("/api/v1/lookalikes/shop.ml")).json
    assert (one["protected"], one["techniques"]) == (["army.mil", "navy.mil"], ["omission"])
    assert "history" not in one


async def test_triage_does_what_it_says(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    await behind.see("shop.ml", "army.mil")
    done = await api.patch("/api/v1/lookalikes/army.ml", {"triage": "owned", "note": "bought in 2020"})
    assert (done.json["triage"], done.json["triage_note"]) == ("owned", "bought in 2020")
    assert [row["name"] for row in (await api.get("/api/v1/own")).json["items"]] == ["army.ml"]
    assert behind.changes == 1
    for _ in range(2):
        assert (await api.patch("/api/v1/lookalikes/shop.ml", {"triage": "ignored"})).status == 200
    async with behind.store.read() as tx:
        assert [row.value for row in await silences.list_all(tx)] == ["shop.ml"]
    both = {"names": ["army.ml", "shop.ml"], "triage": "investigating"}
    assert (await api.post("/api/v1/lookalikes:triage", both)).json == {"triaged": ["army.ml", "shop.ml"]}
    missing = {"names": ["shop.ml", "nobody.ml"], "triage": "blocked"}
    assert (await api.post("/api/v1/lookalikes:triage", missing)).status == 404
    assert (await api.get("/api/v1/lookalikes/shop.ml")).json["triage"] == "investigating"
    assert (await api.patch("/api/v1/lookalikes/shop.ml", {"triage": "wontfix"})).status == 400


async def test_who_decided_is_the_token_that_was_shown(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    before = (await api.get("/api/v1/lookalikes/army.ml")).json
    assert (before["triage"], before["triage_by"], before["triage_at"]) == ("new", None, None)
    assert (await api.patch("/api/v1/lookalikes/army.ml", {"triage": "takedown"})).json["triage_by"] is None
    anna = await behind.token("anna", Scope.READ, Scope.WRITE)
    await behind.clock.advance(60)
    done = (await api.patch("/api/v1/lookalikes/army.ml", {"triage": "ignored"}, headers=anna)).json
    assert (done["triage_by"], done["triage_note"]) == ("anna", "")
    assert datetime.fromisoformat(done["triage_at"]) == behind.clock.now()
    made = await api.post("/api/v1/silences", {"scope": "name", "value": "shop.ml"}, headers=anna)
    assert (made.json["created_by"], made.json["by_triage"]) == ("anna", False)
    found = (await api.get("/api/v1/silences", headers=anna)).json["items"]
    assert [(row["value"], row["created_by"], row["by_triage"]) for row in found] == [
        ("army.ml", "anna", True),
        ("shop.ml", "anna", False),
    ]
    known = (await api.get("/api/v1/domains/army.ml?fresh=false", headers=anna)).json
    assert (known["triage"], known["triage_by"]) == ("ignored", "anna")


async def test_candidates_come_by_rank_in_pages(api: ApiClient):
    ranks: list[int] = []
    path = "/api/v1/candidates?name=army.mil&limit=300"
    cursor = ""
    while cursor is not None:
        page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""))).json
        ranks += [row["rank"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert ranks == list(range(1, 1001))
    chosen = "/api/v1/candidates?name=army.mil&technique=omission&technique=transposition&limit=1"
    some = (await api.get(chosen)).json["items"]
    assert some[0]["techniques"] == ["omission", "transposition"]
    assert (await api.get("/api/v1/candidates")).status == 400


async def test_coverage_tells_how_much_is_seen(api: ApiClient, behind: World):
    from watcher.store import shards

    await behind.protect("army.mil")
    now = behind.clock.now()
    async with behind.store.write() as tx:
        await shards.plan(tx, "army.mil", [0, 1], version="1")
        await shards.start(tx, "army.mil", 0, version="1", total=200, at=now)
        await shards.finish(tx, "army.mil", 0, settled=150, unsettled=50, at=now)
    await behind.see("army.ml", "army.mil")
    seen = (await api.get("/api/v1/coverage")).json
    assert (seen["protected"], seen["backlog"], seen["oldest_due_at"]) == (1, 0, None)
    first, second = seen["tiers"]
    assert (first["ratio"], first["finished"], first["on_time"], first["ranks_to"]) == (0.75, 1, 1, 200)
    assert (second["ratio"], second["finished"], second["on_time"]) == (0.0, 0, 0)
    await behind.clock.advance(3600 * 24 * 400)
    late = (await api.get("/api/v1/coverage")).json
    assert late["tiers"][0]["on_time"] == 0
    assert late["backlog"] == 1
    assert late["oldest_due_at"] is not None


async def test_channels_and_their_test(api: ApiClient, behind: World):
    assert (await api.get("/api/v1/channels")).json["items"] == [{"name": "slack"}]
    assert (await api.post("/api/v1/channels/slack:test")).json == {"name": "slack", "result": "sent"}
    assert behind.tested == ["slack"]
    assert (await api.post("/api/v1/channels/pager:test")).status == 404


async def test_deliveries_are_listed_and_tried_again(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    now = behind.clock.now()
    async with behind.store.write() as tx:
        told = await event_log.list_all(tx)
        alert = Alert(
            behind.store.ids(), AlertKind.PAGE, Severity.HIGH, tuple(told), len(told), group_key(told[0]), now
        )
        ids = [behind.store.ids(), behind.store.ids()]
        await outbox.add_alert(tx, alert, [event.id for event in told], {"email": ids[0], "slack": ids[1]}, now=now)
        refused = await deliveries.find(tx, ids[1])
        assert refused is not None
        assert await deliveries.mark_rejected(tx, refused, DeliveryRejected("no"), why="channel_not_found")
        assert await deliveries.mark_sent(tx, ids[0], now=now)
    listed = (await api.get("/api/v1/deliveries")).json["items"]
    assert [(row["channel"], row["status"]) for row in listed] == [("slack", "rejected"), ("email", "sent")]
    assert listed[0]["last_error"] == "channel_not_found"
    assert listed[0]["alert_id"] == listed[1]["alert_id"] == alert.id
    first = (await api.get("/api/v1/deliveries?limit=1")).json
    rest = (await api.get(f"/api/v1/deliveries?limit=1&cursor={first['next_cursor']}")).json
    assert [row["id"] for row in (*first["items"], *rest["items"])] == ids[::-1]
    assert (await api.post(f"/api/v1/deliveries/{ids[1]}:retry")).status == 204
    assert (await api.get("/api/v1/deliveries?status=pending")).json["items"][0]["channel"] == "slack"
    assert (await api.post(f"/api/v1/deliveries/{ids[0]}:retry")).status == 409
    assert (await api.post("/api/v1/deliveries/none:retry")).status == 404


async def test_readiness_names_what_is_wrong(behind: World):
    from aiohttp import ClientSession
    from aiohttp.test_utils import TestServer

    from tests.fakes.api_client import make_parts
    from watcher.api.app import make_app
    from watcher.core.errors import StoreError

    async def well() -> str | None:
        return None

    async def ill() -> str | None:
        return "no resolver answers"

    async def broken() -> str | None:
        raise StoreError("the disk is full")

    for checks, status in (({"database": well}, 200), ({"database": broken, "resolver": ill, "scheduler": well}, 503)):
        async with TestServer(make_app(make_parts(behind, ready=checks))) as server, ClientSession() as session:
            answer = await ApiClient(server, session).get("/readyz")
            assert answer.status == status
            assert answer.json["ready"] is (status == 200)
    assert answer.json["checks"] == {
        "database": "the disk is full",
        "resolver": "no resolver answers",
        "scheduler": "ok",
    }


@pytest.mark.parametrize("path", ["/healthz", "/version", "/openapi.json", "/docs", "/docs/style.css", "/metrics"])
async def test_what_needs_no_token(api: ApiClient, behind: World, path):
    await behind.token("t", Scope.READ)
    assert (await api.get(path)).status == 200


async def test_events_say_how_they_were_told_and_why(api: ApiClient, behind: World):
    told, waiting = became_able(), became_able(2, "navy.ml")
    async with behind.store.write() as tx:
        await event_log.add(tx, [told, waiting], now=behind.clock.now())
        await outbox.decide(tx, {told.id: ("none", "silenced: name army.ml")}, now=behind.clock.now())
    listed = {row["name"]: row["told"] for row in (await api.get("/api/v1/events")).json["items"]}
    assert listed["army.ml"] == {"decision": "none", "reason": "silenced: name army.ml", "alert_id": None}
    assert listed["navy.ml"]["decision"] is None
    assert (await api.get(f"/api/v1/events/{told.id}")).json["told"] == listed["army.ml"]
