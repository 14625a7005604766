"""`/reports`: made from what is known, with an ETag, as JSON and as text."""

from dataclasses import replace
from datetime import timedelta

from tests.fakes.api_client import ApiClient, World
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.store import lookalikes


async def seen(world: World) -> None:
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    facts = RegistrationFacts(
        RegistrationStatus.REGISTERED,
        RegistrationSource.RDAP,
        world.clock.now(),
        registrar="Quick\nNames \x1b[2J",
        abuse_email="abuse@registrar.net",
        created_at=world.clock.now() - timedelta(days=2),
    )
    await world.watch.record_registration(Fqdn("army.ml"), facts)


async def test_a_report_is_made_from_what_is_known(api: ApiClient, behind: World) -> None:
    await seen(behind)
    made = await api.get("/api/v1/reports/army.ml")
    assert made.status == 200
    assert made.json["protected"] == ["army.mil"]
    assert made.json["abuse_contact"]["email"] == "abuse@registrar.net"
    assert "army.ml" in made.json["texts"]["block"]
    again = await api.get("/api/v1/reports/army.ml", headers={"If-None-Match": made.headers["ETag"]})
    assert again.status == 304


async def test_one_request_as_text(api: ApiClient, behind: World) -> None:
    await seen(behind)
    told = await api.get("/api/v1/reports/army.ml?text=takedown")
    assert told.headers["Content-Type"].startswith("text/plain")
    assert told.body.decode().startswith("To: abuse@registrar.net (Quick Names")
    assert "\x1b" not in told.body.decode()


async def test_the_registry_is_asked_again_where_its_facts_are_old(api: ApiClient, behind: World) -> None:
    await seen(behind)
    async with behind.store.read() as tx:
        row = await lookalikes.find(tx, "army.ml")
    assert row is not None
    assert row.registration is not None
    behind.facts["army.ml"] = moved = replace(row.registration, registrar="Moved Names", abuse_email="abuse@moved.net")
    assert "To: abuse@registrar.net" in (await api.get("/api/v1/reports/army.ml?text=takedown")).body.decode()
    await behind.clock.advance(2 * 3600)
    behind.facts["army.ml"] = replace(moved, fetched_at=behind.clock.now())
    assert "To: abuse@moved.net" in (await api.get("/api/v1/reports/army.ml?text=takedown")).body.decode()


async def test_a_letter_that_would_be_false_is_refused(api: ApiClient, behind: World) -> None:
    await behind.protect("navy.mil")
    await behind.see("navy.ml", "navy.mil")
    refused = await api.get("/api/v1/reports/navy.ml")
    assert (refused.status, refused.json["type"]) == (409, "urn:watcher:problem:report_refused")
    assert "null MX" in refused.json["detail"]


async def test_a_name_that_was_never_looked_at(api: ApiClient) -> None:
    refused = await api.get("/api/v1/reports/army.ml")
    assert (refused.status, refused.json["type"]) == (404, "urn:watcher:problem:not_found")
    assert (await api.get("/api/v1/reports/army.ml?text=poem")).status == 400
    assert (await api.get("/api/v1/reports/a%20b")).status == 400
