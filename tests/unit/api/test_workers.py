"""`/workers`: who works, on what, since when."""

from datetime import timedelta

from watcher.store import workers
from watcher.store.workers import Beat


async def test_workers_are_listed_with_what_they_do(behind, api):
    async with behind.store.write() as tx:
        for name in ("one", "two"):
            beat = Beat(name, "worker", "a.example", "1", "sweep", ("127.0.0.1:53",), sees_dns=name == "one")
            await workers.save_beat(tx, beat, now=behind.clock.now(), lease=timedelta(seconds=30))
    rows = (await api.get("/api/v1/workers")).json["items"]
    assert [(row["id"], row["doing"], row["alive"], row["sees_dns"]) for row in rows] == [
        ("one", "sweep", True, True),
        ("two", "sweep", True, False),
    ]
    assert rows[0]["doing_since"] == rows[0]["seen_at"]
