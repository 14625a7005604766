"""Feed a real log of lookalikes to the watch, and count what it tells: `tools/replay.py DELTAS GAINS [--json]`.

DELTAS is a (gzipped) file of JSON lines, one a snapshot: {"time", "changes": [{"protected", "domain", "ns", "a",
"aaaa", "mx"} or {"protected", "domain", "absent": true}]}; "" as exchange is a null MX, "!ServFail" a lookup that
failed. GAINS is the CSV of the moments (date, domain) at which a name really gained an exchange.

Each snapshot is one look at every name, by the inquiry, the checks and the watch that serve, over a resolver and a
registry that say what the log says. The log knows no second reading on the same day, so the next snapshot confirms.
What the log does not keep is made up so: every exchange has a global address, but `localhost` and the null MX; a random
label under a parent that several protected names share answers as the hosts there do.
"""

import argparse
import asyncio
import csv
import json
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.replayed_world import PROBE, Logged, LoggedDns, LoggedRegistry, Moment, read_log  # noqa: E402
from watcher import checks  # noqa: E402 (a tool runs from a checkout)
from watcher.core.cadence import Cadence  # noqa: E402
from watcher.core.events import Event, EventKind, Resemblance  # noqa: E402
from watcher.core.mail_state import Origin, Policy  # noqa: E402
from watcher.core.names import Fqdn, is_under  # noqa: E402
from watcher.core.registration import RegistrationFacts  # noqa: E402
from watcher.core.verdict import Basis  # noqa: E402
from watcher.data import load_suffixes  # noqa: E402
from watcher.data.mail_operators import load_operators  # noqa: E402
from watcher.services.examine import Examiner  # noqa: E402
from watcher.services.watch import Recorded, Watch  # noqa: E402
from watcher.store import Store, events, protected  # noqa: E402
from watcher.store.protected import ProtectedRow  # noqa: E402

WINDOW = 7
"""Snapshots without mail before, and snapshots after, by which GAINS tells a gain from flicker."""
STEADY = 2
"""Snapshots in a row with an exchange that are no flicker."""
_HOUR = 3600


# --- the replay --------------------------------------------------------------------------------------------------


@dataclass
class Replay:
    """What was told, and the log by name as one letter a snapshot (see `letter`)."""

    snapshots: list[datetime] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    letters: dict[str, list[str]] = field(default_factory=dict)
    naive: list[tuple[int, str]] = field(default_factory=list)
    """(snapshot, name) of each difference from no MX to one between two snapshots, as a plain diff sees it."""
    looks: int = 0


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
                await protected.add(tx, [ProtectedRow(name, "domain", clock.now()) for name in protecting])
            watch = Watch(store=store, clock=clock, policy=Policy(), cadence=Cadence(), jitter=lambda: 0.5)
            seen: dict[str, tuple[object, ...]] = {}
            open_questions: set[str] = set()
            for number, (at, changes) in enumerate(log):
                before = clock.at
                clock.at, dns.snapshot = at, number
                done.snapshots.append(at)
                _note(done, dns, changes, number)
                shared = {suffixes.registrable_domain(name) for name in changes}
                neighbours = {host for domain in shared if domain for host in dns.hosts[domain]}
                wanted = {name for name in neighbours | set(changes) if _differs(dns, name, seen)} | open_questions
                theirs = sorted(name for name in wanted if not any(is_under(name, one) for one in protecting))
                done.looks += len(theirs)

                async def look(name: str, origin: Origin, *, first: bool) -> Recorded:
                    return await watch.record(
                        await examiner.look(Fqdn(name), fresh=True),
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
            async with store.read() as tx:
                done.events = await events.listed(tx)
        finally:
            await store.close()
    return done


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
        if number and logged.mx and not (was is not None and was.mx):
            done.naive.append((number, name))
        dns.log(name, logged)
    for name, logged in dns.names.items():
        row = done.letters.setdefault(name, [])
        row.extend("." * (number - len(row)))
        row.append(letter(logged))


# --- the score ---------------------------------------------------------------------------------------------------


def score(done: Replay, gains: Path) -> dict[str, Any]:
    """What was told, against GAINS and against the log itself, by registrable domain."""
    domain_of = load_suffixes().registrable_domain
    with gains.open(newline="") as lines:
        wanted = {domain_of(row["domain"]) or row["domain"]: row["date"] for row in csv.DictReader(lines)}
    told = [event for event in done.events if event.kind is EventKind.MAIL_BECAME_ABLE]
    explicit = [event for event in told if event.after.get("basis") == Basis.EXPLICIT_MX]
    by_domain: dict[str, list[Event]] = defaultdict(list)
    for event in explicit:
        by_domain[event.registrable_domain or event.name].append(event)
    index = {at: number for number, at in enumerate(done.snapshots)}
    rows: dict[str, list[str]] = defaultdict(list)
    for name, letters in done.letters.items():
        rows[domain_of(name) or name].append("".join(letters))
    right, late, extra, false = [], [], [], []
    for domain, some in sorted(by_domain.items()):
        first = some[0]
        if domain in wanted:
            (right if len(some) == 1 else false).append(domain)
            began = datetime.fromisoformat(wanted[domain]).replace(tzinfo=first.at.tzinfo)
            snapshot = next(at for at in done.snapshots if at >= began)
            late.append((first.at - snapshot).total_seconds() / _HOUR)
        else:
            kind = _judged(rows[domain], index[first.at])
            (extra if kind else false).append(domain)
    missed = sorted(set(wanted) - by_domain.keys())
    days = (done.snapshots[-1] - done.snapshots[0]).total_seconds() / 86_400
    naive_domains = {domain_of(name) or name for _, name in done.naive}
    implicit = [event for event in told if event.after.get("basis") == Basis.IMPLICIT_MX]
    pages = [event for event in done.events if event.kind in _PAGES]
    return {
        "snapshots": len(done.snapshots),
        "days": round(days, 1),
        "names": len(done.letters),
        "looks": done.looks,
        "gains": len(wanted),
        "told": sorted(by_domain),
        "right": right,
        "missed": missed,
        "false": false,
        "real_but_not_listed": {domain: _judged(rows[domain], index[by_domain[domain][0].at]) for domain in extra},
        "precision": _share(len(right), len(right) + len(false)),
        "precision_against_the_list_alone": _share(len(right), len(by_domain)),
        "recall": _share(len(wanted) - len(missed), len(wanted)),
        "implicit_gains": sorted({event.registrable_domain or event.name for event in implicit}),
        "alerts_a_day": round(len(explicit) / days, 3),
        "implicit_alerts_a_day": round(len(implicit) / days, 3),
        "all_page_kinds_a_day": round(len(pages) / days, 3),
        "median_hours_after_first_sight": round(statistics.median(late), 1) if late else None,
        "naive": {
            "alerts": len(done.naive),
            "alerts_a_day": round(len(done.naive) / days, 3),
            "domains": len(naive_domains),
            "precision": _share(len(set(wanted) & naive_domains), len(done.naive)),
            "median_hours_after_first_sight": 0.0,
        },
        "events": dict(sorted(Counter(event.kind.value for event in done.events).items())),
    }


_PAGES = frozenset({EventKind.MAIL_BECAME_ABLE, EventKind.MAIL_BECAME_UNABLE, EventKind.EXCHANGES_CHANGED})


def _judged(rows: list[str], told_at: int) -> str:
    """Why an alert that GAINS does not list was right by the log, or "" where it was not.

    Hindsight over the whole log, apart from the watch: an exchange in at least two snapshots running, after snapshots
    without one. Such a gain is not listed when within a week of it the log begins, lookups failed, or it ended.
    """
    for row in rows:
        start = row.rfind("M", 0, told_at + 1)
        if start < 0:
            continue
        while start and row[start - 1] == "M":
            start -= 1
        lasted = len(row[start:]) - len(row[start:].lstrip("M"))
        recent = "M" in row[max(0, start - WINDOW) : start]
        if lasted < STEADY or recent:
            continue
        if start < WINDOW:
            return f"gained in snapshot {start}: the log begins too late to list it"
        if lasted < WINDOW - 1:
            return f"able in {lasted} snapshots, then lost again within the week"
        if "?" in row[start - WINDOW : start]:
            return "lookups failed in the week before: it cannot be listed"
    return ""


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def show(result: dict[str, Any]) -> None:
    """The score for people to read."""
    naive = result["naive"]
    print(
        f"{result['snapshots']} snapshots over {result['days']:.0f} days, {result['names']} names, "
        f"{result['looks']} looks\n"
        f"real gains of an exchange, by registrable domain: {result['gains']}; told once each: {len(result['right'])}; "
        f"missed: {', '.join(result['missed']) or 'none'}; "
        f"told without ground: {', '.join(result['false']) or 'none'}\n"
        f"precision {result['precision']:.3f}, recall {result['recall']:.3f} "
        f"(precision against the list alone: {result['precision_against_the_list_alone']:.3f})"
    )
    for domain, why in result["real_but_not_listed"].items():
        print(f"  not in the list, yet right: {domain}: {why}")
    print(f"gains by an address alone (implicit MX): {len(result['implicit_gains'])}")
    print(f"{'':34}{'watcher':>12}{'naive diff':>12}")
    print(f"{'alerts of a gained exchange a day':34}{result['alerts_a_day']:12.2f}{naive['alerts_a_day']:12.2f}")
    print(f"{'share of them that is right':34}{result['precision']:12.2f}{naive['precision']:12.2f}")
    ours = result["median_hours_after_first_sight"]
    print(f"{'hours after the first snapshot':34}{ours or 0.0:12.1f}{naive['median_hours_after_first_sight']:12.1f}")
    print("(the log has one reading a day, so the confirming one comes a day later; the service takes it after 60 s)")
    print(", ".join(f"{kind} {count}" for kind, count in result["events"].items()))


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
