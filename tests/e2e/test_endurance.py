"""Hours of what are days elsewhere: zones that flap, channels that fail, restarts; nothing grows and nothing slows down.

`ENDURANCE_HOURS` is how long it lasts, eight by default. What was sampled is printed.
"""

import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.e2e.outside import Outside
from tests.e2e.service import PATIENCE, Service
from tests.e2e.test_main_job import COMPRESSED, EXCHANGE, EXCHANGE_ELSEWHERE, PROTECTED
from tests.lab.addresses import MAILBOX
from tests.lab.world import World

pytestmark = [pytest.mark.lab, pytest.mark.soak]

HOURS = float(os.environ.get("ENDURANCE_HOURS", "8"))
FLAPPING = 12
RESTART_EVERY = 40
STATES = (EXCHANGE, EXCHANGE_ELSEWHERE, "@ MX 0 .\n", "")
"""What a zone changes between: an exchange, another one, a null MX, nothing."""


@dataclass(frozen=True)
class Sample:
    """The service at one moment: MiB of memory, open descriptors, MiB of database, seconds of a page of lookalikes."""

    memory: float
    descriptors: int
    database: float
    latency: float


def sample(service: Service) -> Sample:
    process = service._process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    (kilobytes,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    begin = time.monotonic()
    service.get("/api/v1/lookalikes?limit=100")
    latency = time.monotonic() - begin
    size = sum(path.stat().st_size for path in service.folder.glob("watcher.db*") if ".bak" not in path.name)
    return Sample(kilobytes / 1024, len(os.listdir(f"/proc/{process.pid}/fd")), size / 2**20, latency)  # noqa: PTH208


def test_nothing_grows_and_nothing_slows_down(world: World, tmp_path: Path) -> None:
    dice, samples = random.Random(11), []
    with Outside(faulty=True, more=True) as outside:
        service = Service(tmp_path, {**COMPRESSED, **outside.settings, "WATCHER_RETENTION__EVENTS": "1h"})
        service.run("protect", "add", PROTECTED)
        world.host("collecting.net", f"in A {MAILBOX}\n")
        service.start()
        try:
            rows = service.get(f"/api/v1/candidates?name={PROTECTED}&limit=400")["items"]
            names = [row["name"] for row in rows if world.can_host(row["name"])][:FLAPPING]
            end, rounds = time.monotonic() + HOURS * 3600, 0
            while time.monotonic() < end:
                rounds += 1
                world.host(dice.choice(names), dice.choice(STATES))
                outside.faulty = rounds % 20 < 10
                time.sleep(2)  # a round is a day of the plan's
                samples.append(sample(service))
                if rounds % RESTART_EVERY == 0:
                    service.kill(dice.choice((signal.SIGKILL, signal.SIGTERM)), seconds=PATIENCE)
                    service.start()
            events = len(service.get("/api/v1/events?limit=500")["items"])
        finally:
            service.kill()
            world.remove(*world.registered())
    show(samples, rounds, events)
    first, last = quarter(samples, 1), quarter(samples, 3)
    assert events > 0
    assert last.memory < first.memory * 1.2 + 20, "memory grows"
    assert last.descriptors <= first.descriptors + 10, "descriptors are lost"
    assert last.database < first.database * 1.5 + 5, "the database grows"
    assert last.latency < first.latency * 3 + 0.5, "answers become slow"


def quarter(samples: Sequence[Sample], number: int) -> Sample:
    """Return the medians of one quarter of the samples, 0 to 3; the first is left for warming up."""
    part = samples[len(samples) * number // 4 : len(samples) * (number + 1) // 4]
    return Sample(*(median(getattr(row, name) for row in part) for name in Sample.__annotations__))


def show(samples: Sequence[Sample], rounds: int, events: int) -> None:
    """Print the medians of each quarter."""
    print(f"\n{rounds} rounds, {events} newest events listed; medians of each quarter:")
    for number in range(4):
        found = quarter(samples, number)
        print(
            f"  {number + 1}: {found.memory:.0f} MiB, {found.descriptors} descriptors, "
            f"database {found.database:.1f} MiB, {found.latency * 1000:.0f} ms"
        )
