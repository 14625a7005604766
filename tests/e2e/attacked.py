"""A service under attack: resolvers on loopback with faults by name or for all, honest lookalikes that gain mail."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.e2e.background import Background
from tests.e2e.outside import fanged
from tests.e2e.service import Service, eventually
from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from tests.fakes.slack_receiver import SlackReceiver

SOA = "@ 1 SOA ns1.hosting.net. hostmaster.hosting.net. 1 3600 600 86400 1\n@ 1 NS ns1.hosting.net.\n"
ABLE = SOA + "@ 1 MX 10 mx.hosting.net.\n"
HOSTING = SOA + "mx 1 A 185.199.108.25\n"


class World(Background):
    """`resolvers` see the same zones, each with its own faults; `slack` takes the alerts."""

    def __init__(self, suffixes: Iterable[str], *, resolvers: int = 2) -> None:
        zones = {**dict.fromkeys(suffixes, SOA), "hosting.net": HOSTING}
        self.resolvers = [DnsServer(zones, seed=number) for number in range(resolvers)]
        for resolver in self.resolvers:
            resolver.logging = False
        self.slack = SlackReceiver()
        super().__init__(*self.resolvers, self.slack)

    def load(self, name: str, text: str | None) -> None:
        """Add or replace a zone at every resolver."""
        for resolver in self.resolvers:
            resolver.load(name, text)

    def strike(self, names: Iterable[str], *effects: Effect, only: int | None = None, **how: float) -> None:
        """Faults for these names and all below, at every resolver or at one."""
        for resolver in self.resolvers if only is None else [self.resolvers[only]]:
            for name in names:
                for pattern in (name, f"*.{name}"):
                    resolver.faults += [Fault(effect, pattern, **how) for effect in effects]

    def settings(self, tier: str = "2s", ranks: int = 200) -> dict[str, str]:
        """A service that looks every two seconds and asks only these resolvers."""
        return {
            "WATCHER_DNS__RESOLVERS": json.dumps([resolver.address for resolver in self.resolvers]),
            "WATCHER_SWEEP__TIERS": json.dumps([[ranks, tier]]),
            "WATCHER_CONFIRM__DELAY": "2s",
            "WATCHER_ALERTS__GROUP_WAIT": "1s",
            "WATCHER_ALERTS__DIGEST": "never",
            "WATCHER_ALERTS__SLACK__WEBHOOK_URL": self.slack.webhook_url,
            "WATCHER_REGISTRATION__ENABLED": "false",
            "WATCHER_VIGIL__STALE_AFTER": "1m",
        }

    def told(self, name: str) -> list[str]:
        """The texts that people got about `name`."""
        return [message.text for message in list(self.slack.accepted) if name in fanged(message.text)]


def candidates(folder: Path, names: Sequence[str], most: int) -> dict[str, list[str]]:
    """The first candidates of each protected name, best first."""
    made = Service(folder)
    return {name: made.run("candidates", name, "--limit", str(most), "--format", "plain").split() for name in names}


def seconds_until_told(world: World, service: Service, name: str, *, within: float) -> float:
    """Give `name` an exchange; how long it takes until people know. Raises ServiceError after `within` seconds."""
    began = time.monotonic()
    world.load(name, ABLE)
    eventually(lambda: world.told(name), f"{name} is told", seconds=within, log=service.tail)
    return time.monotonic() - began


def seen_absent(folder: Path, service: Service, rank: int, *, within: float = 120) -> None:
    """Return when the first sweep has settled the candidate of this rank: from then on its gain is news."""

    def settled() -> bool:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(folder / "watcher.db")) as base:
            row = base.execute("SELECT progress, last_finished_at FROM shards").fetchone()
            if row is None:
                return False
            if row[0] is None:
                return row[1] is not None
            following, _, still_open, *_ = json.loads(row[0])
            return rank < following and not any(first <= rank <= last for first, last in still_open)
        return False

    eventually(settled, "the candidate is settled", seconds=within, log=service.tail)


def baseline_done(service: Service, names: int = 1, *, within: float = 120) -> None:
    """Return when every protected name was swept once."""

    def done() -> bool:
        rows = service.get("/api/v1/protected?limit=50")["items"]
        return len(rows) == names and all(row["baseline"]["done"] for row in rows)

    eventually(done, "the first sweep has ended", seconds=within, log=service.tail)
