"""How soon a change is seen: `tools/simulate_detection.py [--write]`, beside round robin with as many questions.

The order of work is simulated slice by slice as the sweep works it off: the best tier that is due first, in it the
first candidates of every name before the next ones, intervals as `core.budget` bends them. A change happens at any
moment, to a candidate as likely as people mistype it (the likelihoods of the bundled tables). It is seen by the first
question after it, and told `confirm.delay` later. Where there are more than MOST names, names and rate are scaled down
alike, which changes no time. `--write` renews docs/explanation/detection.md and its plot.
"""

import argparse
import bisect
import math
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from watcher import bootstrap  # noqa: E402 (a tool runs from a checkout)
from watcher.core.budget import QUESTIONS_A_CANDIDATE, needed, outlook, stretches  # noqa: E402

PLAN = ((200, timedelta(hours=1)), (2_000, timedelta(hours=6)), (20_000, timedelta(hours=24)))
NAMES = ("army.mil", "mod.gov.uk", "canada.ca", "us.army.mil", "bundeswehr.de", "gouv.fr")
CASES = ((100, 200), (100, 5_000), (1_000, 200), (1_000, 5_000), (10_000, 200), (10_000, 5_000))
MOST, EVENTS, DELAY, SLICES = 40, 4_000, 60.0, (2, 6, 6)
DOCS = ROOT / "docs" / "explanation"


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a change to the event about it."""

    mean: float
    median: float
    ninety_five: float


def likelihoods() -> list[float]:
    """How likely the candidate of each rank is meant, over several names; sums to 1."""
    enumeration = bootstrap.enumeration()
    sums = [0.0] * PLAN[-1][0]
    for name in NAMES:
        found = [shape["likelihood"] for shape in enumeration.shapes(name, PLAN[-1][0])]
        whole = sum(found)
        for rank, one in enumerate(found):
            sums[rank] += one / whole / len(NAMES)
    return sums


def passes(names: int, rate: float, horizon: float, *, spare: float) -> list[list[list[list[float]]]]:
    """When each slice of each tier of each name is asked about, by name, tier, slice."""
    stretched = stretches(PLAN, names, rate, spare=spare)
    waits = [interval.total_seconds() * one for (_, interval), one in zip(PLAN, stretched, strict=True)]
    firsts = [0, *(last for last, _ in PLAN)]
    cost = [
        (last - first) / count * QUESTIONS_A_CANDIDATE / rate
        for first, (last, _), count in zip(firsts, PLAN, SLICES, strict=False)
    ]
    asked = [[[[] for _ in range(count)] for count in SLICES] for _ in range(names)]
    due = [[random.random() * wait for _ in range(names)] for wait in waits]
    queues: list[list[tuple[int, int]]] = [[] for _ in PLAN]  # (slice, name): first slices of all names first
    now = 0.0
    while now < horizon:
        soonest = horizon
        for place, queue in enumerate(queues):
            for name in range(names):
                if due[place][name] <= now:
                    bisect.insort(queue, (0, name))
                    due[place][name] = now + waits[place]
            soonest = min(soonest, *due[place])
        place = next((place for place, queue in enumerate(queues) if queue), None)
        if place is None:
            now = soonest
            continue
        part, name = queues[place].pop(0)
        now += cost[place]
        asked[name][place][part].append(now)
        if part + 1 < SLICES[place]:
            bisect.insort(queues[place], (part + 1, name))
    return asked


def ours(names: int, rate: float, weights: Sequence[float], *, spare: float = 0.0) -> Latency:
    """Of the sweep's own order."""
    scale = max(1.0, names / MOST)
    few, slow = round(names / scale), rate / scale
    stretched = stretches(PLAN, few, slow, spare=spare)
    longest = max(interval.total_seconds() * one for (_, interval), one in zip(PLAN, stretched, strict=True))
    horizon = 4 * longest
    asked = passes(few, slow, horizon, spare=spare)
    firsts = [0, *(last for last, _ in PLAN)]
    found = []
    for rank in random.choices(range(len(weights)), weights, k=EVENTS):
        place = bisect.bisect_right(firsts, rank) - 1
        part = (rank - firsts[place]) * SLICES[place] // (firsts[place + 1] - firsts[place])
        times = asked[random.randrange(few)][place][part]
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


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table. `rate` is what may be asked, `asked` what the plan asks."""

    names: int
    rate: float
    asked: float
    plan: Latency
    as_many: Latency
    sooner: Latency
    whole: Latency


def simulate(weights: Sequence[float], cases: Sequence[tuple[int, int]] = CASES) -> list[Case]:
    """Every case; the same figures each time."""
    random.seed(1)
    done = []
    for names, rate in cases:
        asked = min(rate, sum(needed(PLAN, names)))
        done.append(
            Case(
                names,
                rate,
                asked,
                ours(names, rate, weights),
                round_robin(names, asked),
                ours(names, rate, weights, spare=1.0),
                round_robin(names, rate),
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
        "| names | rate | asked | mean (median, 95%) | the same in turn | ratio | `spare = 1` | in turn | ratio |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows += [
        f"| {one.names:,} | {one.rate:,}/s | {one.asked:,.0f}/s | {duration(one.plan.mean)} "
        f"({duration(one.plan.median)}, {duration(one.plan.ninety_five)}) | {duration(one.as_many.mean)} "
        f"| {one.plan.mean / one.as_many.mean:.2f} | {duration(one.sooner.mean)} | {duration(one.whole.mean)} "
        f"| {one.sooner.mean / one.whole.mean:.2f} |"
        for one in cases
    ]
    return "\n".join(rows)


def cold_start() -> str:
    """Markdown: what ten thousand names have seen of a start from nothing."""
    moments = [timedelta(minutes=1), timedelta(hours=1), timedelta(hours=1.75), timedelta(days=1)]
    rows = ["| after | first 200 | to 2,000 | to 20,000 |", "|---|--:|--:|--:|"]
    for moment, shares in zip(moments, outlook(PLAN, 10_000, 200, moments), strict=True):
        rows.append(f"| {duration(moment.total_seconds())} | " + " | ".join(f"{one:.1%}" for one in shares) + " |")
    return "\n".join(rows)


def plot(cases: Sequence[Case]) -> str:
    """The same as bars on a logarithmic scale, as SVG."""
    series = (
        ("watcher, the plan", "#2563eb", lambda one: one.plan.mean),
        ("round robin, as many questions", "#94a3b8", lambda one: one.as_many.mean),
        ("watcher, spare = 1", "#0e7490", lambda one: one.sooner.mean),
        ("round robin, whole rate", "#cbd5e1", lambda one: one.whole.mean),
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
`sweep.spare` lets the rest of the rate be spent on looking sooner (0, the default: the resolvers are left in
peace).

Simulated is the sweep's order of work, slice by slice, with 1.25 questions a candidate; a change happens at any
moment, to a candidate as likely as people mistype it, is seen by the next question about it and told a minute
later. Beside it stands a fixed round over all candidates, once with as many questions as the plan asks, once with
the whole rate. Negative caching is left out on both sides: a resolver that remembers "no such name" for an hour
hides a change for as long from either (`sweep.existence = "suffix_servers"` asks past it).

{table}

![Mean time to detection, logarithmic](detection.svg)

Names that exist already are looked at by `next_look_at`, apart from this: every five minutes while new, every
quarter of an hour when one change away, hourly otherwise.

## A start from nothing
What has been seen once of 10,000 names at 200 questions a second; `watcher doctor` says the same for your names and
rate before you start:

{cold}

The first 100 candidates of every name are through after an hour and three quarters. Until the last tier has been
through once nothing in it is news: what is able at its first look is baseline, unless it was registered since.
"""


def page(weights: Sequence[float], cases: Sequence[Case]) -> str:
    """docs/explanation/detection.md."""
    head, middle = sum(weights[:200]), sum(weights[200:2000])
    return PAGE.format(head=head, middle=middle, tail=1 - head - middle, table=table(cases), cold=cold_start())


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
