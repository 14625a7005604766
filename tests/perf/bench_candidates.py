"""Candidates a second beside dnstwist and ail-typo-squatting, what the command costs, and what the reverse look-up does.

Run it alone: `pytest -m perf -s tests/perf/bench_candidates.py`. The peers are installed from PyPI into a temporary
environment.
"""

import json
import random
import resource
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from watcher.core.candidates import enumerate_candidates
from watcher.core.names import Fqdn, parse
from watcher.core.protected import parse_protected
from watcher.core.resemblance_index import Index
from watcher.data import load_tables
from watcher.techniques import ALL

NAMES = ("army.mil", "us.army.mil", "mod.gov.uk", "gmail.com", "bundeswehr.de", "homeoffice.gov.uk")
PEERS = """
import json, sys, time
names = json.loads(sys.argv[1])
import dnstwist
from ail_typo_squatting import runAll
def twist(name):
    fuzzer = dnstwist.Fuzzer(name)
    fuzzer.generate()
    return len(fuzzer.permutations())
def ail(name):
    return len(runAll(domain=name, limit=100_000_000, formatoutput="text", pathOutput=None, verbose=False))
for label, make in (("dnstwist", twist), ("ail-typo-squatting", ail)):
    made, started = 0, time.process_time()
    for name in names:
        made += make(name)
    print(json.dumps([label, made, time.process_time() - started]))
"""
COMMAND = """
import resource, sys
from watcher.cli.main import run
run(["candidates", "army.mil", "--limit", sys.argv[1]])
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


@pytest.mark.perf
def test_candidates_a_second_beside_the_peers(tmp_path: Path) -> None:
    tables = load_tables()
    protected = [parse_protected(name, tables.suffixes) for name in NAMES]
    list(enumerate_candidates(protected[0], tables, ALL))
    seconds = []
    made = 0
    for one in protected:
        started = time.process_time()
        made += sum(1 for _ in enumerate_candidates(one, tables, ALL))
        seconds.append(time.process_time() - started)
    print()
    show("watcher", made, sum(seconds))
    print(f"20,000 candidates of one name: {min(seconds) * 1000:.0f}-{max(seconds) * 1000:.0f} ms of CPU")
    venv.create(tmp_path / "peers", with_pip=True)
    python = str(tmp_path / "peers" / "bin" / "python")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "dnstwist", "idna", "ail-typo-squatting"],
        capture_output=True,
        check=False,
        timeout=600,
    )
    done = subprocess.run(
        [python, "-c", PEERS, json.dumps(NAMES)], capture_output=True, text=True, timeout=600, check=False
    )
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    for label, count, took in results:
        show(label, count, took)
    assert results, done.stderr
    assert made == 20_000 * len(NAMES)


@pytest.mark.perf
def test_the_command_from_start_to_end(tmp_path: Path) -> None:
    for limit in ("100", "20000"):
        runs = []
        for _ in range(5):
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", COMMAND, limit],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            runs.append(time.perf_counter() - started)
        print(f"\nwatcher candidates --limit {limit}: best {min(runs):.2f} s, {int(done.stderr) / 1024:.0f} MiB")
        assert len(done.stdout.splitlines()) == int(limit)


def many(count: int) -> Iterator[Fqdn]:
    """Registrable labels as they are registered: letters as frequent as in English, 7 to 14 of them."""
    letters, weights = "etaoinshrdlcumwfgypbvkjxqz", [13, 9, 8, 8, 7, 7, 6, 6, 6, 4, 4, 3, 3, 2, 2, 2, 2, 2, 2, 1.5, 1, 0.8, 0.2, 0.2, 0.1, 0.1]  # fmt: skip
    chance = random.Random(1)
    for _ in range(count):
        yield Fqdn("".join(chance.choices(letters, weights, k=chance.randint(7, 14))) + ".com")


@pytest.mark.perf
def test_the_reverse_look_up_among_ten_thousand_names() -> None:
    tables = load_tables()
    labels = tables.well_known["gov"]
    names = [
        parse_protected(f"{label}.{suffix}", tables.suffixes)
        for suffix in ("gov", "us")
        for label in labels
        if "." not in label
    ]
    names = list(dict.fromkeys(names))[:10_000]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = Index(tables, ALL)
    started = time.process_time()
    for name, kind in names:
        index.add(name, kind)
    built = time.process_time() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\n{len(index):,} protected names filed in {built:.1f} s of CPU, {grown:.0f} MiB more")
    started = time.process_time()
    index.add(*parse_protected("us.army.mil", tables.suffixes))
    print(f"one more: {(time.process_time() - started) * 1000:.1f} ms")
    stream = list(many(100_000))
    started = time.process_time()
    found = sum(1 for _ in index.matching(stream))
    took = time.process_time() - started
    print(f"{len(stream) / took:,.0f} names a second in a batch ({found} resembled something)")
    close = [
        candidate.name
        for one in names[::1000]
        for candidate in islice(enumerate_candidates(one, tables, ALL, limit=2000), 0, None, 40)
    ]
    started = time.process_time()
    hits = sum(bool(index.resembling(parse(name))) for name in close)
    took = time.process_time() - started
    print(f"a name that resembles one: {took / len(close) * 1000:.2f} ms with its explanation ({hits} of {len(close)})")
    assert hits == len(close)


def show(label: str, made: int, seconds: float) -> None:
    print(f"{label:20} {made:8,} candidates of {len(NAMES)} names, {made / seconds:10,.0f} a second of CPU")
