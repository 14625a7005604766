"""Feed a real log of lookalikes to the watch, and count what it tells: `tools/replay.py DELTAS GAINS [--json]`.

DELTAS is a (gzipped) file of JSON lines, one a snapshot: {"time", "changes": [{"protected", "domain", "ns", "a",
"aaaa", "mx"} or {"protected", "domain", "absent": true}]}; "" as exchange is a null MX, "!ServFail" a lookup that
failed. GAINS is the CSV of the moments (date, domain) at which a name really gained an exchange.

Each snapshot is one look at every name, by the inquiry, the checks and the watch that serve, over a resolver and a
registry that say what the log says. The log knows no second reading on the same day, so the next snapshot confirms.
What the log does not keep is made up so: every exchange has a global address, but `localhost` and the null MX; a random
label under a parent that several protected names share answers as the hosts there do. Messages are gathered after each
snapshot with the default settings, for one channel.

What counts as a real gain, and why GAINS cannot be the only judge of precision, is written down in
docs/explanation/decisions/0004-what-a-real-gain-is.md; `tools/replay_score.py` judges.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.replay_score import BASELINE, Replay, score, show  # noqa: E402 (a tool runs from a checkout)
from tools.replayed_world import PROBE, Logged, LoggedDns, LoggedRegistry, Moment, read_log  # noqa: E402
from watcher import checks  # noqa: E402
from watcher.core.events import Resemblance  # noqa: E402
from watcher.core.names.names import Fqdn, is_under  # noqa: E402
from watcher.core.registration.facts import RegistrationFacts  # noqa: E402
from watcher.core.states.cadence import Cadence  # noqa: E402
from watcher.core.states.mail_state import Origin, Policy  # noqa: E402
from watcher.core.telling.alerts import Alert, AlertKind  # noqa: E402
from watcher.core.telling.alerts import AlertPolicy as Telling  # noqa: E402
from watcher.data import load_suffixes  # noqa: E402
from watcher.data.mail_operators import load_operators  # noqa: E402
from watcher.services.looks.examine import Examiner, LookOptions  # noqa: E402
from watcher.services.looks.watch import Recorded, Watch  # noqa: E402
from watcher.services.telling.notify import Notifier  # noqa: E402
from watcher.store import Store, event_log, protected_names, shards  # noqa: E402
from watcher.store.protected_names import ProtectedRow  # noqa: E402


class Inbox:
    """The one channel: counts what arrives."""

    name = "inbox"
    every_event = False

    def __init__(self, done: Replay) -> None:
        self._done = done

    async def send(self, alert: Alert) -> None:
        told = alert.events[0].kind.value if alert.events else ""
        what = told if alert.kind is AlertKind.PAGE else BASELINE if alert.first_sweep else alert.kind.value
        self._done.messages[what] += 1


def letter(logged: Logged) -> str:
    """M exchange, 0 null or localhost, A address only, n nothing of these, . absent, ? a lookup failed."""
    if logged.absent:
        return "."
    if logged.able:
        return "M"
    if logged.failed:
        return "?"
    if logged.mx:
        return "0"
    return "A" if logged.a or logged.aaaa else "n"


async def replay(deltas: Path) -> Replay:
    """Run the log through the watch."""
    done, suffixes = Replay(), load_suffixes()
    log = list(read_log(deltas))
    protecting = sorted({one.protected for _, changes in log for one in changes.values()})
    clock = Moment(log[0][0])
    dns = LoggedDns(clock, suffixes.registrable_domain)
    registry = LoggedRegistry(clock, dns, log[0][0])
    examiner = Examiner(dns, clock, suffixes, checks.ALL, lambda: PROBE, operators=load_operators())
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open_or_create(f"sqlite:///{folder}/replay.db", clock=clock)
        try:
            async with store.write() as tx:
                await protected_names.add(tx, [ProtectedRow(name, "domain", clock.now()) for name in protecting])
            watch = Watch(store=store, clock=clock, policy=Policy(), cadence=Cadence(), jitter=lambda: 0.5)
            notifier = Notifier(
                store,
                {Inbox.name: Inbox(done)},
                clock,
                Telling((Inbox.name,)),
                operator_of=lambda host: suffixes.registrable_domain(host) or host,
            )
            seen: dict[str, tuple[object, ...]] = {}
            open_questions: set[str] = set()
            for number, (at, changes) in enumerate(log):
                before = clock.at
                clock.at, dns.snapshot = at, number
                done.snapshots.append(at)
                _note(done, dns, changes, number)
                shared = {suffixes.registrable_domain(name) for name in changes}
                neighbours = {host for domain in shared if domain for host in dns.hosts[domain]}
                in_doubt = {host for name in open_questions for host in dns.hosts[suffixes.registrable_domain(name)]}
                wanted = {name for name in neighbours | set(changes) if _differs(dns, name, seen)} | in_doubt
                theirs = sorted(name for name in wanted if not any(is_under(name, one) for one in protecting))
                done.looks += len(theirs)

                async def look(name: str, origin: Origin, *, first: bool) -> Recorded:
                    return await watch.record(
                        await examiner.look(Fqdn(name), LookOptions(fresh=True)),
                        resemblances=[Resemblance(dns.names[name].protected, ("suffix_edit",), 0.01, "", 1000)],
                        origin=origin,
                        registration=await _facts(registry, suffixes, name) if first else None,
                    )

                origin = Origin(absent_since=before if number else None)
                looks = [look(name, origin, first=name not in seen) for name in theirs]
                for name, recorded in zip(theirs, await asyncio.gather(*looks), strict=True):
                    seen[name] = _sort(dns, name)
                    state = None if recorded.row is None else recorded.row.state
                    open_questions.discard(name)
                    if state is not None and (state.pending or state.losses):  # another unknown look changes nothing
                        open_questions.add(name)
                if not number:
                    await _baseline_is_done(store, protecting, at)
                await notifier.gather(wait=False)
                await notifier.deliver()
            async with store.read() as tx:
                done.events = await event_log.list_all(tx)
        finally:
            await store.close()
    return done


async def _baseline_is_done(store: Store, names: list[str], at: datetime) -> None:
    """The first snapshot is the first sweep: what it found is told in one digest for each protected name."""
    async with store.write() as tx:
        for name in names:
            await shards.plan(tx, name, [0], version="log")
            await shards.start(tx, name, 0, version="log", total=1, at=at)
            await shards.finish(tx, name, 0, settled=1, unsettled=0, at=at)


async def _facts(registry: LoggedRegistry, suffixes: Any, name: str) -> RegistrationFacts | None:
    domain = suffixes.registered_domain(name)
    return None if domain is None else await registry.facts(domain)


def _sort(dns: LoggedDns, name: str) -> tuple[object, ...]:
    parent = dns._domain_of(name)  # noqa: SLF001 (one tool)
    shared = dns._shared(parent) if parent and parent != name else None  # noqa: SLF001
    return (*dns.names[name].sort, None if shared is None else shared.sort)


def _differs(dns: LoggedDns, name: str, seen: dict[str, tuple[object, ...]]) -> bool:
    return seen.get(name) != _sort(dns, name)


def _note(done: Replay, dns: LoggedDns, changes: dict[str, Logged], number: int) -> None:
    for name, logged in changes.items():
        was = dns.names.get(name)
        if number and logged.as_diffed != (Logged(logged.protected, absent=True) if was is None else was).as_diffed:
            done.naive_differences += 1
        if number and logged.mx and not (was is not None and was.mx):
            done.naive.append((number, name))
        dns.log(name, logged)
    for name, logged in dns.names.items():
        row = done.letters.setdefault(name, [])
        row.extend("." * (number - len(row)))
        row.append(letter(logged))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("deltas", type=Path, metavar="DELTAS")
    parser.add_argument("gains", type=Path, metavar="GAINS")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    chosen = parser.parse_args()
    for file in (chosen.deltas, chosen.gains):
        if not file.is_file():
            print(f"{file} is no file", file=sys.stderr)
            return 2
    result = score(asyncio.run(replay(chosen.deltas)), chosen.gains)
    if chosen.json:
        print(json.dumps(result, indent=1))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
