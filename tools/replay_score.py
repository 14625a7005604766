"""Score a replay: hold what was told against the list of gains, and against the log itself.

The log as letters, one a snapshot: M exchange, 0 null or localhost, A address only, n nothing of these, . absent,
? a lookup failed; any other letter is no exchange. What is a real gain is decided here from the letters alone, with
hindsight and apart from the watch; docs/explanation/decisions/0004-what-a-real-gain-is.md says why so.

An alert is a `mail_became_able` by explicit MX that was sent at once. One that says of itself that mail came back
(`returned`, M72) is right when it tells of a real gain, and no false alarm when it does not. What belongs to a story
that was told (`damped`, `joined`: M72, M73) is no alert; a gain that it tells of is not missed.
"""

import csv
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from watcher.core.events import Event, EventKind
from watcher.core.mail.verdict import Basis
from watcher.core.states.steadiness import Mark
from watcher.data import load_suffixes

WINDOW = 7
"""Snapshots without an exchange before a gain; in fewer, at the beginning of the log, one known one is enough."""
STEADY = 3
"""Snapshots with an exchange, no other letter but ? between them, that are no flicker. The watch is sure after two."""
LAPSE = 2
"""A lapse of one snapshot so soon after a gain began does not deny it, when STEADY snapshots follow in a row."""
PROMPT = 5
"""Snapshots after a gain of the list within which it must be told: a lapse, a first reading, and the confirming one."""
BASELINE = "baseline"
"""A message about what was there from the beginning: one for each protected name, once."""
_HOUR = 3600
_PAGES = frozenset({EventKind.MAIL_BECAME_ABLE, EventKind.MAIL_BECAME_UNABLE, EventKind.EXCHANGES_CHANGED})
_STRONGEST = "M?A0n."


@dataclass
class Replay:
    """What was told, and the log by name as one letter a snapshot."""

    snapshots: list[datetime] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    letters: dict[str, list[str]] = field(default_factory=dict)
    naive: list[tuple[int, str]] = field(default_factory=list)
    """(snapshot, name) of each difference from no MX to one between two snapshots, as a plain diff sees it."""
    naive_differences: int = 0
    """Of MX or of having an address, in any direction."""
    looks: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    """What arrived at the one channel, with the default settings, by the worst that the message tells."""


@dataclass(frozen=True, slots=True)
class Gain:
    """A run of snapshots with an exchange after none: from `start` to `end`, in `seen` of which it was read."""

    start: int
    end: int
    seen: int
    before: str
    """The letters of the WINDOW before it."""


def together(rows: Iterable[str]) -> str:
    """The rows of a domain's hosts as one: what the domain could do in each snapshot."""
    return "".join(min(column, key=_STRONGEST.index) for column in zip(*rows, strict=True))


def gains_in(row: str) -> list[Gain]:
    """Every real gain in a row.

    ? changes nothing: what was known before it goes on. An exchange that the first known letter shows was gained
    before the log began; one that was there within the WINDOW before is flicker, and so is one read in fewer than
    STEADY snapshots.
    """
    known = []
    for letter in row:
        known.append(letter if letter != "?" or not known else known[-1])
    read = "".join(known)
    found, start = [], 0
    while (start := read.find("M", start)) >= 0:
        end = _end(read, start)
        earlier = read[max(0, start - WINDOW) : start]
        seen = row[start:end].count("M")
        if seen >= STEADY and any(letter != "?" for letter in earlier) and "M" not in earlier:
            found.append(Gain(start, end - 1, seen, row[max(0, start - WINDOW) : start]))
        start = end
    return found


def _end(read: str, start: int) -> int:
    """The first snapshot after the run of exchanges that begins at `start`; one early lapse is part of the run."""
    end = _without(read, start)
    if end - start <= LAPSE and read[end + 1 : end + 1 + STEADY] == "M" * STEADY:
        return _without(read, end + 1)
    return end


def _without(read: str, start: int) -> int:
    return next((place for place in range(start, len(read)) if read[place] != "M"), len(read))


def judged(row: str, told_at: Sequence[int]) -> list[Gain | None]:
    """Of each alert about a row, in order of time: the gain that it tells of; None without one, or told already."""
    gains, done = gains_in(row), set()
    verdicts: list[Gain | None] = []
    for at in told_at:
        gain = next((one for one in gains if one.start <= at <= one.end and one not in done), None)
        done.add(gain)
        verdicts.append(gain)
    return verdicts


def unlisted(gain: Gain) -> str:
    """Why a real gain is not in a list that wants a week without an exchange before, and six days of seven after."""
    lasted = gain.end - gain.start + 1
    if len(gain.before) < WINDOW:
        return f"gained in snapshot {gain.start}, too soon for a week before; seen in {gain.seen}"
    if "?" in gain.before:
        return f"lookups failed in the week before; seen in {gain.seen}"
    return f"lasted {lasted} snapshots" if lasted < WINDOW - 1 else f"seen in {gain.seen} of {lasted}"


def rightly_lost(row: str, told_at: int, losses: int = 3) -> bool:
    """Whether a loss was told after so many known letters running that show no mail."""
    known = [one for one in row[: told_at + 1] if one != "?"][-losses:]
    return len(known) == losses and not {"M", "A"} & set(known)


def score(done: Replay, gains: Path) -> dict[str, Any]:
    """What was told, against GAINS and against the log itself, by registrable domain."""
    suffixes = load_suffixes()

    def domain_of(name: str) -> str:
        return suffixes.registrable_domain(name) or name

    wanted = sorted(
        {
            (domain_of(row["domain"]), _snapshot_of(row["date"], done.snapshots))
            for row in _rows(gains)
            if not _is_loop(row.get("mx", ""))
        }
    )
    index = {at: number for number, at in enumerate(done.snapshots)}
    hosts: dict[str, list[str]] = defaultdict(list)
    for name, letters in done.letters.items():
        hosts[domain_of(name)].append("".join(letters))
    rows = {domain: together(some) for domain, some in hosts.items()}
    told = [event for event in done.events if event.kind is EventKind.MAIL_BECAME_ABLE]
    by_exchange = [event for event in told if event.after.get("basis") == Basis.EXPLICIT_MX]
    explicit = _by_domain((event for event in by_exchange if not _in_story(event)), index)
    covered = _by_domain((event for event in by_exchange if _in_story(event)), index)
    returned = _by_domain((event for event in by_exchange if event.after.get(Mark.RETURNED)), index)
    naive = {domain: sorted(some) for domain, some in _naive(done, domain_of).items()}
    real = {domain: judged(rows[domain], numbers) for domain, numbers in explicit.items()}
    right, missed = _told_once(wanted, explicit, covered)
    late = [(done.snapshots[at] - done.snapshots[began]).total_seconds() / _HOUR for (_, began), at in right.items()]
    days = (done.snapshots[-1] - done.snapshots[0]).total_seconds() / 86_400
    false = [
        (domain, at)
        for domain, some in real.items()
        for gain, at in zip(some, explicit[domain], strict=True)
        if gain is None and at not in returned.get(domain, ())
    ]
    alerts = sum(map(len, explicit.values()))
    unexpected = sum(gain is None for some in real.values() for gain in some) - len(false)
    lasting = {domain: found for domain, row in rows.items() if (found := gains_in(row))}
    lost = [event for event in done.events if event.kind is EventKind.MAIL_BECAME_UNABLE]
    return {
        "snapshots": len(done.snapshots),
        "days": round(days, 1),
        "names": len(done.letters),
        "looks": done.looks,
        "gains": len(wanted),
        "told": sorted(domain for domain, numbers in explicit.items() if numbers),
        "right": sorted({domain for domain, _ in right} - {domain for domain, _ in missed}),
        "missed": sorted({domain for domain, _ in missed}),
        "false": sorted({domain for domain, _ in false}),
        "returns": unexpected,
        "real_but_not_listed": {
            domain: unlisted(some[0])
            for domain, some in sorted(real.items())
            if domain not in {name for name, _ in wanted} and some and some[0] is not None
        },
        "precision": _share(alerts - unexpected - len(false), alerts - unexpected),
        "precision_against_the_list_alone": _share(len(right), alerts),
        "recall": _share(len(right), len(wanted)),
        "gains_by_the_log": sum(map(len, lasting.values())),
        "recall_by_the_log": _share(
            sum(
                any(gain.start <= at <= gain.end for at in (*explicit.get(domain, ()), *covered.get(domain, ())))
                for domain, some in lasting.items()
                for gain in some
            ),
            sum(map(len, lasting.values())),
        ),
        "implicit_gains": sorted(
            {event.registrable_domain or event.name for event in told if event.after.get("basis") == Basis.IMPLICIT_MX}
        ),
        "alerts_a_day": round(alerts / days, 3),
        "implicit_alerts_a_day": round((len(told) - alerts) / days, 3),
        "all_page_kinds_a_day": round(sum(event.kind in _PAGES for event in done.events) / days, 3),
        "messages": dict(done.messages.most_common()),
        "messages_a_day": round(sum(count for what, count in done.messages.items() if what != BASELINE) / days, 3),
        "median_hours_after_first_sight": round(statistics.median(late), 1) if late else None,
        "losses": len(lost),
        "losses_without_ground": sorted(
            event.name for event in lost if not _lost_rightly(event, done.letters, rows, index[event.at])
        ),
        "naive": {
            "alerts": len(done.naive),
            "alerts_a_day": round(len(done.naive) / days, 3),
            "differences_a_day": round(done.naive_differences / days, 3),
            "domains": len(naive),
            "precision": _share(_real({one: judged(rows[one], some) for one, some in naive.items()}), len(done.naive)),
            "precision_against_the_list_alone": _share(
                len({domain for domain, _ in wanted} & naive.keys()), len(done.naive)
            ),
            "median_hours_after_first_sight": 0.0,
        },
        "events": dict(sorted(Counter(event.kind.value for event in done.events).items())),
    }


def _rows(gains: Path) -> list[dict[str, str]]:
    with gains.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _is_loop(host: str) -> bool:
    """Whether a listed gain is none: its exchange is the sender itself."""
    return host.rstrip(".").rpartition(".")[2] == "localhost"


def _in_story(event: Event) -> bool:
    return bool(event.after.get(Mark.DAMPED) or event.after.get(Mark.JOINED))


def _by_domain(events: Iterable[Event], index: Mapping[datetime, int]) -> dict[str, list[int]]:
    """The snapshots in which each domain was told of; several hosts in one snapshot are one alert."""
    found: dict[str, set[int]] = defaultdict(set)
    for event in events:
        found[event.registrable_domain or event.name].add(index[event.at])
    return {domain: sorted(some) for domain, some in found.items()}


def _naive(done: Replay, domain_of: Callable[[str], str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, name in done.naive:
        found[domain_of(name)].append(number)
    return found


Listed = tuple[str, int]
"""A gain of the list: the domain, and the snapshot in which it began."""


def _told_once(
    wanted: Sequence[Listed], explicit: Mapping[str, list[int]], covered: Mapping[str, list[int]]
) -> tuple[dict[Listed, int], list[Listed]]:
    """The gains of the list that were told exactly once in time, with when; and those that were not."""
    right, missed = {}, []
    for domain, began in wanted:
        told = [at for at in explicit.get(domain, ()) if 0 <= at - began <= PROMPT]
        along = [at for at in covered.get(domain, ()) if 0 <= at - began <= PROMPT]
        if len(told) == 1 or (not told and along):
            right[domain, began] = (told or along)[0]
        else:
            missed.append((domain, began))
    return right, missed


def _lost_rightly(event: Event, letters: dict[str, list[str]], rows: dict[str, str], at: int) -> bool:
    """By the host's own row, or where the parent's wildcard ended by that of the last one under it."""
    domain = event.registrable_domain or event.name
    own = letters.get(event.name)
    if own is not None:
        return rightly_lost("".join(own), at)
    under = ["".join(some) for name, some in letters.items() if name.endswith(f".{domain}")]
    return rightly_lost(rows[domain], at) or any(rightly_lost(row, at) for row in under)


def _snapshot_of(date: str, snapshots: Sequence[datetime]) -> int:
    began = datetime.fromisoformat(date).replace(tzinfo=snapshots[0].tzinfo)
    return next(number for number, at in enumerate(snapshots) if at >= began)


def _real(verdicts: dict[str, list[Gain | None]]) -> int:
    return sum(gain is not None for some in verdicts.values() for gain in some)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def show(result: dict[str, Any]) -> None:
    """The score for people to read."""
    naive = result["naive"]
    print(
        f"{result['snapshots']} snapshots over {result['days']:.0f} days, {result['names']} names, "
        f"{result['looks']} looks\n"
        f"listed gains of an exchange, by registrable domain: {result['gains']}; told exactly once each: "
        f"{len(result['right'])}; missed: {', '.join(result['missed']) or 'none'}\n"
        f"told without a real gain in the log: {', '.join(result['false']) or 'none'}; told as returns: "
        f"{result['returns']}\n"
        f"precision {result['precision']:.3f} by the log ({result['precision_against_the_list_alone']:.3f} by the list "
        f"alone), recall {result['recall']:.3f} of the list ({result['recall_by_the_log']:.3f} of the "
        f"{result['gains_by_the_log']} gains in the log)"
    )
    for domain, why in result["real_but_not_listed"].items():
        print(f"  real, and not in the list: {domain}: {why}")
    print(f"gains by an address alone (implicit MX): {len(result['implicit_gains'])}")
    print(f"losses told: {result['losses']}; without ground: {', '.join(result['losses_without_ground']) or 'none'}")
    print(f"{'':40}{'watcher':>12}{'naive diff':>12}")
    for what, ours, theirs in (
        ("alerts of a gained exchange a day", result["alerts_a_day"], naive["alerts_a_day"]),
        ("share of them that is real by the log", result["precision"], naive["precision"]),
        (
            "share of them that is in the list",
            result["precision_against_the_list_alone"],
            naive["precision_against_the_list_alone"],
        ),
        (
            "hours after the first snapshot",
            result["median_hours_after_first_sight"] or 0.0,
            naive["median_hours_after_first_sight"],
        ),
        ("messages a day, whatever they tell", result["messages_a_day"], naive["differences_a_day"]),
    ):
        print(f"{what:40}{ours:12.2f}{theirs:12.2f}")
    print("(the log has one reading a day, so the confirming one comes a day later; the service takes it after 60 s)")
    print("messages with default settings: " + ", ".join(f"{what} {n}" for what, n in result["messages"].items()))
    print("events: " + ", ".join(f"{kind} {count}" for kind, count in result["events"].items()))
