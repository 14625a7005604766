"""How many real slips the candidates hold, at several budgets, beside dnstwist's.

    python tools/recall.py FILE

FILE has a line for each slip: intended name, typed name, and how often it was seen (1 when left out), separated by
commas, tabs or spaces; `#` begins a comment. Printed are the share of distinct slips and of all that was seen, which
are among the first 100, 1,000, 10,000 and 20,000 candidates of the intended name. dnstwist has no order by likelihood
and no budget: its list is taken in the order in which it prints it.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import dnstwist

from watcher.core.errors import InvalidName
from watcher.core.names.names import Fqdn, parse
from watcher.core.names.protected import Kind, parse_protected
from watcher.core.slips.candidates import enumerate_candidates
from watcher.data import load_tables
from watcher.techniques import ALL

BUDGETS = (100, 1_000, 10_000, 20_000)
Slips = Mapping[tuple[Fqdn, Kind], Mapping[str, float]]
"""Protected name -> typed name -> how often."""
Ranks = Callable[[tuple[Fqdn, Kind], int], Iterable[str]]
"""Names for a protected one, the best first, at most so many."""


def ours(protected: tuple[Fqdn, Kind], limit: int) -> Iterable[str]:
    found = enumerate_candidates(protected, load_tables(), ALL, limit=limit)
    return (candidate.name for candidate in found)


def theirs(protected: tuple[Fqdn, Kind], limit: int) -> Iterable[str]:
    fuzzer = dnstwist.Fuzzer(protected[0])
    fuzzer.generate()
    return [made["domain"] for made in fuzzer.permutations() if made["fuzzer"] != "*original"][:limit]


def measure(slips: Slips, ranks: Ranks, budgets: Sequence[int] = BUDGETS) -> list[tuple[float, float]]:
    """For each budget the share of distinct slips and of all that were seen."""
    places: list[tuple[int | None, float]] = []
    for protected, typed in slips.items():
        missing = dict(typed)
        for rank, name in enumerate(ranks(protected, budgets[-1]), 1):
            weight = missing.pop(name, None)
            if weight is not None:
                places.append((rank, weight))
                if not missing:
                    break
        places += [(None, weight) for weight in missing.values()]
    mass = sum(weight for _, weight in places)
    shares = []
    for budget in budgets:
        held = [weight for rank, weight in places if rank is not None and rank <= budget]
        shares.append((len(held) / len(places), sum(held) / mass))
    return shares


def read(lines: Iterable[str]) -> tuple[Slips, list[str]]:
    """The slips of a file, and its lines that are none."""
    tables = load_tables()
    slips: dict[tuple[Fqdn, Kind], dict[str, float]] = {}
    refused = []
    for line in lines:
        parts = re.split(r"[,\s]+", line.partition("#")[0].strip())
        if parts == [""]:
            continue
        try:
            protected, typed = parse_protected(parts[0], tables.suffixes), parse(parts[1])
            weight = float(parts[2]) if len(parts) > 2 else 1.0
        except (InvalidName, IndexError, ValueError):
            refused.append(line.strip())
            continue
        if typed != protected[0] and tables.suffixes.is_delegated(typed):
            known = slips.setdefault(protected, {})
            known[typed] = known.get(typed, 0.0) + weight
    return slips, refused


def table(slips: Slips, budgets: Sequence[int] = BUDGETS) -> str:
    """Both enumerators side by side."""
    mine, other = measure(slips, ours, budgets), measure(slips, theirs, budgets)
    lines = ["candidates  watcher (seen)      dnstwist (seen)"]
    for budget, (distinct, seen), (their_distinct, their_seen) in zip(budgets, mine, other, strict=True):
        lines.append(f"{budget:>10,}  {distinct:7.1%} ({seen:6.1%})  {their_distinct:8.1%} ({their_seen:6.1%})")
    return "\n".join(lines)


def main(file: str) -> None:
    slips, refused = read(Path(file).read_text(encoding="utf-8").splitlines())
    for line in refused[:10]:
        print(f"no slip: {line}", file=sys.stderr)
    if not slips:
        sys.exit(f"{file} holds no slips to names that can exist")
    print(f"{sum(map(len, slips.values())):,} distinct slips of {len(slips):,} names; {len(refused)} lines left out")
    print(table(slips))


if __name__ == "__main__":
    main(*sys.argv[1:])
