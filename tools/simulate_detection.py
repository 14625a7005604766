"""How soon a change is seen: `tools/simulate_detection.py [--write]`, beside round robin with as many questions.

The order of work is simulated slice by slice as the sweep works it off: the best tier that is due first, in it the
first candidates of every name before the next ones, intervals as `core.budget` bends them. A change happens at any
moment, to a candidate as likely as people mistype it (the likelihoods of the bundled tables). It is seen by the first
question after it, and told `confirm.delay` later. Where there are more than MOST names, names and rate are scaled down
alike, which changes no time. `--write` renews docs/explanation/detection.md and its plot.
"""

import argparse
import bisect
import heapq
import math
import random
import statistics
import sys
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from watcher.bootstrap.command import build_enumeration  # noqa: E402 (a tool runs from a checkout)
from watcher.core.states.budget import QUESTIONS_A_CANDIDATE, first_sweep, needed, outlook, sizes, stretches  # noqa: E402
from watcher.settings.settings import Settings  # noqa: E402

PLAN = ((200, timedelta(hours=1)), (2_000, timedelta(hours=6)), (20_000, timedelta(hours=24)))
NAMES = ("army.mil", "mod.gov.uk", "canada.ca", "us.army.mil", "bundeswehr.de", "gouv.fr")
CASES = ((100, 200), (100, 5_000), (1_000, 200), (1_000, 5_000), (10_000, 200), (10_000, 5_000))
MOST, EVENTS, DELAY, SLICES = 40, 4_000, 60.0, (2, 6, 6)
SHARE_FOR_HALF = 0.5
"""Of what 100 names leave free of 200/s: with it the mean is below half of round robin's; a test holds it."""
DOCS = ROOT / "docs" / "explanation"


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a change to the event about it."""

    mean: float
    median: float
    ninety_five: float


def likelihoods() -> list[float]:
    """How likely the candidate of each rank is meant, over several names; sums to 1."""
    enumeration = build_enumeration()
    sums = [0.0] * PLAN[-1][0]
    for name in NAMES:
        found = [shape["likelihood"] for shape in enumeration.shapes(name, PLAN[-1][0])]
        whole = sum(found)
        for rank, one in enumerate(found):
            sums[rank] += one / whole / len(NAMES)
    return sums


Asked = tuple[float, int, int, int]
"""When, tier, name, slice."""


def work(names: int, rate: float, *, spare: float, cold: bool = False) -> Iterator[Asked]:
    """What is asked when, without end, as the sweep works it off (`services.agenda`).

    The best tier that is due first, in it one slice of each name before the next ones. `cold`: all is due at once, as
    after a start from nothing; otherwise the names' turns are spread.
    """
    stretched = stretches(PLAN, names, rate, spare=spare)
    waits = [interval.total_seconds() * one for (_, interval), one in zip(PLAN, stretched, strict=True)]
    cost = [size / count * QUESTIONS_A_CANDIDATE / rate for size, count in zip(sizes(PLAN), SLICES, strict=True)]
    due = [[(0.0 if cold else random.random() * wait, name) for name in range(names)] for wait in waits]
    queues: list[deque[tuple[int, int]]] = [deque() for _ in PLAN]
    for one in due:
        heapq.heapify(one)
    now = 0.0
    while True:
        for waiting, queue, wait in zip(due, queues, waits, strict=True):
            while waiting and waiting[0][0] <= now:
                _, name = heapq.heapreplace(waiting, (max(now, waiting[0][0]) + wait, waiting[0][1]))
                queue.append((0, name))
        place = next((place for place, queue in enumerate(queues) if queue), None)
        if place is None:
            now = min(waiting[0][0] for waiting in due)
            continue
        part, name = queues[place].popleft()
        now += cost[place]
        if part + 1 < SLICES[place]:
            queues[place].append((part + 1, name))
        yield now, place, name, part


def seen_from_nothing(
    names: int, rate: float, moments: Sequence[timedelta], *, spare: float = 0.0
) -> list[list[float]]:
    """The share of each tier that was asked about once at each of the rising `moments`, slice by slice."""
    seen = [[bytearray(count) for _ in range(names)] for count in SLICES]
    counts, shown, left = [0] * len(PLAN), [], [moment.total_seconds() for moment in moments]
    for now, place, name, part in work(names, rate, spare=spare, cold=True):
        while left and now > left[0]:
            shown.append([count / names / slices for count, slices in zip(counts, SLICES, strict=True)])
            left.pop(0)
        if not left:
            return shown
        if not seen[place][name][part]:
            seen[place][name][part] = 1
            counts[place] += 1
    return shown


def ours(names: int, rate: float, weights: Sequence[float], *, spare: float = 0.0) -> Latency:
    """Of the sweep's own order."""
    scale = max(1.0, names / MOST)
    few, slow = round(names / scale), rate / scale
    stretched = stretches(PLAN, few, slow, spare=spare)
    longest = max(interval.total_seconds() * one for (_, interval), one in zip(PLAN, stretched, strict=True))
    horizon = 4 * longest
    asked = [[[array("d") for _ in range(count)] for _ in range(few)] for count in SLICES]
    for now, place, name, part in work(few, slow, spare=spare):
        if now > horizon:
            break
        asked[place][name][part].append(now)
    firsts = [0, *(last for last, _ in PLAN)]
    found = []
    for rank in random.choices(range(len(weights)), weights, k=EVENTS):
        place = bisect.bisect_right(firsts, rank) - 1
        part = (rank - firsts[place]) * SLICES[place] // (firsts[place + 1] - firsts[place])
        times = asked[place][random.randrange(few)][part]
        at = longest + random.random() * longest
        after = bisect.bisect_right(times, at)
        found.append((times[after] if after < len(times) else horizon) - at + DELAY)
    return _latency(found)


def round_robin(names: int, rate: float) -> Latency:
    """Of asking about every candidate in turn: whatever its likelihood, a change is at any place of the round."""
    whole = names * PLAN[-1][0] * QUESTIONS_A_CANDIDATE / rate
    return _latency([random.random() * whole + DELAY for _ in range(EVENTS)])


def _latency(found: list[float]) -> Latency:
    return Latency(statistics.fmean(found), statistics.median(found), statistics.quantiles(found, n=20)[-1])


def least(names: int, asked: float, weights: Sequence[float]) -> float:
    """The least mean that any order reaches with so many questions a second: intervals as the root of 1/likelihood."""
    return names * QUESTIONS_A_CANDIDATE * sum(map(math.sqrt, weights)) ** 2 / (2 * asked) + DELAY


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table. `rate` is what may be asked, `asked` what is asked with default settings.

    `in_turn` asks at the whole rate, `as_many` as many questions as are asked; `frugal` and `eager` are ours with
    `spare` 0 and 1, `least` what no order can better with `asked`.
    """

    names: int
    rate: float
    asked: float
    ours: Latency
    in_turn: Latency
    as_many: Latency
    frugal: Latency
    eager: Latency
    least: float


def default_spare(rate: float) -> float:
    """As `settings.Settings.spare`."""
    return Settings(dns={"max_rate": rate}).spare  # type: ignore[arg-type]


def simulate(weights: Sequence[float], cases: Sequence[tuple[int, int]] = CASES) -> list[Case]:
    """Every case; the same figures each time."""
    random.seed(1)
    done = []
    for names, rate in cases:
        spare = default_spare(rate)
        bent = stretches(PLAN, names, rate, spare=spare)
        asked = min(rate, sum(need / one for need, one in zip(needed(PLAN, names), bent, strict=True)))
        frugal, eager = ours(names, rate, weights, spare=0.0), ours(names, rate, weights, spare=1.0)
        done.append(
            Case(
                names,
                rate,
                asked,
                eager if spare else frugal,
                round_robin(names, rate),
                round_robin(names, asked),
                frugal,
                eager,
                least(names, asked, weights),
            )
        )
    return done


# --- what is shown -----------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Short, for a table."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def table(cases: Sequence[Case]) -> str:
    """Markdown."""
    rows = [
        (
            "| names | rate | asked | mean (median, 95 %) | in turn at this rate | ratio | as many in turn | ratio "
            "| least possible | `spare` 0 | `spare` 1 |"
        ),
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows += [
        f"| {one.names:,} | {one.rate:,}/s | {one.asked:,.0f}/s | {duration(one.ours.mean)} "
        f"({duration(one.ours.median)}, {duration(one.ours.ninety_five)}) | {duration(one.in_turn.mean)} "
        f"| {one.ours.mean / one.in_turn.mean:.2f} | {duration(one.as_many.mean)} "
        f"| {one.ours.mean / one.as_many.mean:.2f} | {duration(one.least)} | {duration(one.frugal.mean)} "
        f"| {duration(one.eager.mean)} |"
        for one in cases
    ]
    return "\n".join(rows)


MOMENTS = (
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(minutes=84),
    timedelta(minutes=105),
    timedelta(days=1),
    timedelta(days=7),
)


def cold_start() -> str:
    """Markdown: what ten thousand names have seen of a start from nothing, as announced and as simulated."""
    names, rate = 10_000, 200
    rows = ["| after | | first 200 | to 2,000 | to 20,000 |", "|---|---|--:|--:|--:|"]
    announced, seen = outlook(PLAN, names, rate, MOMENTS), seen_from_nothing(names, rate, MOMENTS)
    for moment, *both in zip(MOMENTS, announced, seen, strict=True):
        for who, shares in zip(("announced", "simulated"), both, strict=True):
            row = " | ".join(f"{one:.1%}" for one in shares)
            rows.append(f"| {duration(moment.total_seconds())} | {who} | {row} |")
    return "\n".join(rows)


def plot(cases: Sequence[Case]) -> str:
    """The same as bars on a logarithmic scale, as SVG."""
    series = (
        ("watcher, default settings", "#2563eb", lambda one: one.ours.mean),
        ("round robin, the same rate", "#cbd5e1", lambda one: one.in_turn.mean),
        ("round robin, as many questions", "#94a3b8", lambda one: one.as_many.mean),
        ("watcher, spare = 1", "#0e7490", lambda one: one.eager.mean),
    )
    ticks = (
        (60, "1 min"),
        (600, "10 min"),
        (3600, "1 h"),
        (36_000, "10 h"),
        (86_400 * 4, "4 d"),
        (86_400 * 30, "30 d"),
    )
    left, top, height, group = 64, 20, 260, 110

    def y(seconds: float) -> float:
        share = _log(max(seconds, 60) / 60) / _log(86_400 * 30 / 60)
        return top + height * (1 - min(max(share, 0.0), 1.0))

    width = left + group * len(cases) + 10
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 100}" role="img"',
        ' font-family="sans-serif" font-size="11" aria-label="Mean time to detection, logarithmic">',
        f'<rect width="{width}" height="{height + 100}" fill="white"/>',
    ]
    for seconds, label in ticks:
        at = y(seconds)
        out.append(f'<line x1="{left}" x2="{width - 10}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e5e7eb"/>')
        out.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end" fill="#374151">{label}</text>')
    for number, one in enumerate(cases):
        x = left + group * number + 12
        for place, (_, colour, of) in enumerate(series):
            at = y(of(one))
            out.append(
                f'<rect x="{x + 22 * place}" y="{at:.1f}" width="19" height="{top + height - at:.1f}" fill="{colour}"/>'
            )
        label = f"{one.names:,} names, {one.rate:,}/s"
        out.append(f'<text x="{x + 42}" y="{top + height + 16}" text-anchor="middle" fill="#374151">{label}</text>')
    for place, (label, colour, _) in enumerate(series):
        x, at = left + 300 * (place % 2), top + height + 38 + 20 * (place // 2)
        out.append(f'<rect x="{x}" y="{at - 9}" width="12" height="10" fill="{colour}"/>')
        out.append(f'<text x="{x + 18}" y="{at}" fill="#374151">mean, {label}</text>')
    return "\n".join([*out, "</svg>", ""])


def _log(value: float) -> float:
    return math.log10(value)


PAGE = """# How soon a change is seen

Written by `tools/simulate_detection.py --write`; do not edit.

The plan (`sweep.tiers`) looks for the first 200 candidates of each name every hour, to 2,000 every six hours, for
the rest every day. By the likelihoods of the enumeration {head:.0%} of what people mistype stands in the first
tier, {middle:.0%} in the second, {tail:.0%} in the last. Where the plan asks for more than `dns.max_rate` allows
its intervals stretch, the tail first: a tier begins when the next one has stretched twice. Where it asks for less,
`sweep.spare` says which share of the rest is spent on looking sooner. Unset, that is all of it where `dns.max_rate` was
raised above 200, which says that the resolver is yours to use, and nothing where it may be somebody else's.

Simulated is the sweep's order of work, slice by slice, with 1.25 questions a candidate; a change happens at any
moment, to a candidate as likely as people mistype it, is seen by the next question about it and told a minute
later. Beside it stands a fixed round over all candidates: at the whole rate, and with as many questions as are really
asked. "Least possible" is what no order can better with as many: intervals that go as the root of a candidate's
likelihood. Negative caching is left out on all sides: a resolver that remembers "no such name" for an hour hides a
change for as long from any order (`sweep.existence = "suffix_servers"` asks past it).

{table}

![Mean time to detection, logarithmic](detection.svg)

The aim is a mean of at most half of round robin's at the same rate. {met}
The one that is not is 100 names at 200/s: there round robin asks 200 questions a second without end, and the plan
{asked:.0f}. With {asked:.0f} a second the least that any order can reach is {bound}, more than half of round robin's
{theirs}; in turn as many questions would take {as_many}. Reaching half takes {share:.0%} of what the plan leaves free
(`sweep.spare = {share:.1f}`), day and night, of a resolver that may be somebody else's and serve others. The plan
promises 30,000 questions a name and day, and `watcher doctor` does its sum with that. So the default keeps the
promise there, and one setting reaches the aim.

Names that exist already are looked at by `next_look_at`, apart from this: every five minutes while new, every
quarter of an hour when one change away, hourly otherwise.

Simulation says how soon; whether what is told is right was held against nine real months: see
[watching](watching.md#held-against-nine-real-months) and [what a real gain is](decisions/0004-what-a-real-gain-is.md).

## A start from nothing
What has been seen once of 10,000 names, 200 million candidates, at 200 questions a second: as `watcher doctor`
announces it for your names and rate before you start, and as the order of work does it in simulation, slice by slice:

{cold}

All of it has been seen once after {whole:.0f} days. The first 100 candidates of every name are through after 84
minutes without what exists, and after an hour and three quarters at 1.25 questions a candidate. Until the last tier
has been through once nothing in it is news: what is able at its first look is baseline, unless it was registered
since. The service's own order of work over a real database is held against the same announcement: for 100 names in
the tests, for 10,000 names and their first hour in `make soak`.
"""


def page(weights: Sequence[float], cases: Sequence[Case]) -> str:
    """docs/explanation/detection.md."""
    head, middle = sum(weights[:200]), sum(weights[200:2000])
    met = sum(one.ours.mean <= one.in_turn.mean / 2 for one in cases)
    small = cases[0]
    return PAGE.format(
        head=head,
        middle=middle,
        tail=1 - head - middle,
        table=table(cases),
        cold=cold_start(),
        met=f"{met} of {len(cases)} cells meet it with default settings.",
        asked=small.asked,
        bound=duration(small.least),
        theirs=duration(small.in_turn.mean),
        as_many=duration(small.as_many.mean),
        share=SHARE_FOR_HALF,
        whole=first_sweep(PLAN, 10_000, 200) / timedelta(days=1),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="renew the page and its plot")
    chosen = parser.parse_args()
    weights = likelihoods()
    cases = simulate(weights)
    print(table(cases))
    print()
    print(cold_start())
    if chosen.write:
        (DOCS / "detection.md").write_text(page(weights, cases), encoding="utf-8")
        (DOCS / "detection.svg").write_text(plot(cases), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
