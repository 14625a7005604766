"""Names a second through the sieve and through the careful path, and what building both costs.

Run it alone: `pytest -m perf -s tests/perf/bench_matching.py`.
"""

import random
import time
from itertools import islice

import pytest

from tests.property.test_sieve import invented
from watcher.core.names.protected import parse_protected
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.sieve import Sieve
from watcher.data import load_tables
from watcher.techniques import ALL

PROTECTED, STREAM, AT_ONCE = 1_000, 100_000, 8_192


@pytest.mark.perf
def test_names_a_second_by_both_paths() -> None:
    tables = load_tables()
    labels = random.Random(5).sample(sorted(tables.known.labels), PROTECTED)
    started = time.process_time()
    index = Index(tables, ALL)
    for label in labels:
        index.add(*parse_protected(f"{label}.gov", tables.suffixes))
    filed = time.process_time()
    sieve = Sieve(index.contents())
    built = time.process_time()
    print(
        f"\n{PROTECTED:,} names filed: {1000 * (filed - started) / PROTECTED:.1f} ms each; sieve {built - filed:.1f} s"
    )
    known = sorted(tables.known.labels)
    chance = random.Random(6)
    names = [f"{chance.choice(known)}{chance.choice(known)}"[:63].strip("-") + ".com" for _ in range(STREAM)]
    started, passed = time.process_time(), 0
    for first in range(0, STREAM, AT_ONCE):
        passed += len(sieve.passing(("\n".join(names[first : first + AT_ONCE]) + "\n").encode()))
    seconds = time.process_time() - started
    print(f"sieve: {STREAM / seconds:,.0f} names/s, {passed / STREAM:.2%} pass")
    some = list(islice(invented(1), 2_000))
    started = time.process_time()
    found = sum(1 for _ in index.matching(some))
    print(f"careful path: {len(some) / (time.process_time() - started):,.0f} names/s, {found} resemble something")
    assert passed < STREAM
