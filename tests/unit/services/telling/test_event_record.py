"""The event record: every decision once, in order, whatever became of the event; rotated; never a lost line."""

import json
from pathlib import Path

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.telling_office import Office
from watcher.core.errors import DeliveryFailed
from watcher.core.telling.alerts import SilenceScope
from watcher.services.telling.record import EventRecord, RecordFile
from watcher.store import silences
from watcher.store.silences import SilenceRow


def record_of(office: Office, file: Path, **changes: int) -> EventRecord:
    sizes = {"max_bytes": 1_000_000, "keep": 3, **changes}
    return EventRecord(store=office.store, clock=office.clock, write=RecordFile(file, **sizes).write)


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


async def test_every_decision_is_written_with_its_reason(office: Office, tmp_path: Path) -> None:
    record = record_of(office, tmp_path / "events.jsonl")
    async with office.store.write() as tx:
        row = SilenceRow(office.store.ids(), SilenceScope.NAME.value, "silent.ml", office.clock.now())
        await silences.add(tx, row)
    await office.happens(
        became_able(), became_able(2, "silent.ml"), EVENTS["lookalike_found"], EVENTS["channel_failing"]
    )
    await office.passes(1200, 10)
    assert await record.due() == len(lines(tmp_path / "events.jsonl"))
    found = {(row["event"]["name"], row["decision"]): row for row in lines(tmp_path / "events.jsonl")}  # type: ignore[index]
    assert found["army.ml", "page"]["alert"]
    assert "silenced" in str(found["silent.ml", "none"]["reason"])
    assert "digest" in str(found["army.ml", "digest"]["reason"])
    assert await record.due() == 0, "nothing is written twice"


async def test_a_restart_goes_on_where_it_was(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    await office.happens(became_able())
    await office.passes(1200, 10)
    await record_of(office, file).due()
    await office.happens(became_able(2, "army2.ml"))
    await office.passes(1200, 10)
    await record_of(office, file).due()
    assert [row["event"]["name"] for row in lines(file)] == ["army.ml", "army2.ml"]  # type: ignore[index]


async def test_a_file_that_cannot_be_written_waits_and_loses_nothing(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    record = record_of(office, folder / "events.jsonl")
    await office.happens(became_able())
    await office.passes(1200, 10)
    assert await record.due() == 0
    folder.mkdir()
    assert await record.due() == 1


async def test_it_is_rotated_by_size_and_old_files_go(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    record = record_of(office, file, max_bytes=1, keep=2)
    for number in range(4):
        await office.happens(became_able(number, f"army{number}.ml"))
        await office.passes(1200, 10)
        await record.due()
    assert sorted(path.name for path in tmp_path.glob("events*")) == ["events.jsonl.1", "events.jsonl.2"]
    assert "army3.ml" in (tmp_path / "events.jsonl.1").read_text()
    assert (tmp_path / "events.jsonl.1").stat().st_mode & 0o077 == 0


async def test_two_places_have_each_their_own_position(office: Office, tmp_path: Path) -> None:
    sent: list[str] = []
    failing = True

    async def send(rows) -> None:
        if failing:
            raise DeliveryFailed("syslog: cannot send (Connection refused)")
        sent.extend(line for _, line in rows)

    file = tmp_path / "events.jsonl"
    other = EventRecord(store=office.store, clock=office.clock, write=send, name="by syslog")
    await office.happens(became_able())
    await office.passes(1200, 10)
    assert await record_of(office, file).due() == 1
    assert await other.due() == 0
    failing = False
    assert await other.due() == 1
    assert await other.due() == 0
    assert sent == file.read_text().splitlines()
