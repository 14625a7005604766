"""`/decisions`: each decision with its fate and reason, by pages and as a stream that goes on where it broke."""

from datetime import UTC, datetime, timedelta

from tests.fakes.alert_samples import became_able
from tests.fakes.api_client import ApiClient, World
from tests.unit.api.test_event_stream import reading
from watcher.core.shapes.decisions import decision_json
from watcher.store import event_log, outbox
from watcher.store.outbox import DecidedEvent

PATH = "/api/v1/decisions"


async def decide(behind: World, name: str, decision: str, reason: str, **after: object) -> str:
    """Let an event happen, and decide about it a second later."""
    now = behind.clock.now()
    event = became_able(1, name, id=behind.store.ids(), at=now)
    event = became_able(1, name, id=event.id, at=now, after={**event.after, **after})
    async with behind.store.write() as tx:
        await event_log.add(tx, [event], now=now)
    await behind.clock.advance(1)
    async with behind.store.write() as tx:
        await outbox.decide(tx, {event.id: (decision, reason)}, now=behind.clock.now())
    return event.id


async def test_the_list_says_what_became_of_each_event_and_why(api: ApiClient, behind: World) -> None:
    await decide(behind, "a.ml", "page", "every channel")
    await decide(behind, "b.ml", "none", "silenced: name b.ml")
    await decide(behind, "c.ml", "digest", "it goes back and forth", damped=True)
    await decide(behind, "d.ml", "digest", "below alerts.min_severity: in the digest")
    await decide(behind, "e.ml", "none", "no channel is configured")
    rows, cursor = [], ""
    while True:
        page = (await api.get(f"{PATH}?limit=2{cursor}")).json
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    found = [(row["event"]["name"], row["fate"]) for row in rows]
    assert found == [("a.ml", "alerted"), ("b.ml", "silenced"), ("c.ml", "damped"), ("d.ml", "held"), ("e.ml", "none")]
    assert rows[1]["reason"] == "silenced: name b.ml"


async def test_the_stream_goes_on_where_it_broke(api: ApiClient, behind: World) -> None:
    since = (behind.clock.now() - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    await decide(behind, "a.ml", "page", "every channel")
    async with reading(api, f"{PATH}/stream?since={since}") as reader:
        (first,) = await reader.until(1)
    await decide(behind, "b.ml", "none", "silenced: name b.ml")
    async with reading(api, f"{PATH}/stream", **{"Last-Event-ID": first}) as reader:
        await reader.until(1)
        assert reader.events[0]["event"] == "decision"
        assert '"name":"b.ml"' in reader.events[0]["data"]


async def test_a_place_that_is_none_of_ours_is_refused(api: ApiClient) -> None:
    for path in (f"{PATH}?cursor=nonsense", f"{PATH}?cursor=WyJ4IiwieSJd"):
        assert (await api.get(path)).status == 400


def test_an_event_of_a_shared_alert_is_grouped() -> None:
    row = DecidedEvent(
        became_able(), outbox.DecisionKind.PAGE, "every channel", datetime(2026, 1, 1, tzinfo=UTC), "a", grouped=True
    )
    shape = decision_json(row.event, row.decision.value, row.reason, row.decided_at, row.alert_id, grouped=row.grouped)
    assert shape["fate"] == "grouped"
