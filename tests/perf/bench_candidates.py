"""Candidates a second beside dnstwist and ail-typo-squatting, what the command costs, and what the reverse look-up does.

Run it alone: `pytest -m perf -s tests/perf/bench_candidates.py`. The peers are installed from PyPI into a temporary
environment.
"""

import json
import os
import random
import resource
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from watcher.core.errors import InvalidName
from watcher.core.names.names import Fqdn, parse
from watcher.core.names.protected import Kind, parse_protected
from watcher.core.slips.candidates import enumerate_candidates
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.tables import Tables
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


ONE_NAME = """
import json, resource, sys, time
from watcher.core.candidates import enumerate_candidates
from watcher.core.protected import parse_protected
from watcher.data import load_tables
from watcher.techniques import ALL
tables = load_tables()
protected = parse_protected(sys.argv[1], tables.suffixes)
started = time.process_time()
made = sum(1 for _ in enumerate_candidates(protected, tables, ALL))
print(json.dumps([time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, made]))
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


def many(count: int, seed: int) -> Iterator[Fqdn]:
    """Registrable labels as they are registered: letters as frequent as in English, 7 to 14 of them."""
    letters, weights = "etaoinshrdlcumwfgypbvkjxqz", [13, 9, 8, 8, 7, 7, 6, 6, 6, 4, 4, 3, 3, 2, 2, 2, 2, 2, 2, 1.5, 1, 0.8, 0.2, 0.2, 0.1, 0.1]  # fmt: skip
    chance = random.Random(seed)
    for _ in range(count):
        yield Fqdn("".join(chance.choices(letters, weights, k=chance.randint(7, 14))) + ".com")


def best(*seconds: float) -> float:
    """Of several runs the one that was disturbed least."""
    return min(seconds)


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


@pytest.mark.perf
def test_twenty_thousand_candidates_of_one_name_in_an_own_process() -> None:
    """CPU after the imports and the tables, and what stays resident, best of several."""
    for name in ("army.mil", "us.army.mil", "gmail.com", "mod.gov.uk"):
        runs = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-c", ONE_NAME, name], capture_output=True, text=True, timeout=60, check=True
                ).stdout
            )
            for _ in range(5)
        ]
        print(f"\n{name}: {best(*(run[0] for run in runs)) * 1000:.0f} ms of CPU, {runs[0][1] / 1024:.0f} MiB resident")
        assert all(run[2] == 20_000 for run in runs)


@pytest.mark.perf
def test_names_are_streamed_one_after_another_and_not_held() -> None:
    tables = load_tables()
    names = [(name, kind) for name, kind, _ in protected_names(tables)][::20]
    for one in names[:20]:
        list(enumerate_candidates(one, tables, ALL, limit=200))
    before, made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    started = time.process_time()
    for one in names:
        made += sum(1 for _ in enumerate_candidates(one, tables, ALL, limit=100))
    took = time.process_time() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"\nthe first 100 candidates of {len(names):,} names: {took / len(names) * 1000:.0f} ms of CPU each, {grown:.0f} MiB more"
    )
    assert made == 100 * len(names)


def protected_names(tables: Tables) -> list[tuple[Fqdn, Kind, tuple[str, ...]]]:
    """Ten thousand names, as a national authority protects them: those of .gov, half of them under .us as well."""
    labels = [label for label in tables.well_known["gov"] if "." not in label]
    names = dict.fromkeys(
        parse_protected(f"{label}.{suffix}", tables.suffixes) for suffix in ("gov", "us") for label in labels
    )
    return [(name, kind, ()) for name, kind in list(names)[:10_000]]


@pytest.mark.perf
def test_the_reverse_look_up_among_ten_thousand_names(corpus_or_none: Path | None) -> None:
    tables = load_tables()
    names = protected_names(tables)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = Index(tables, ALL)
    built = timed(lambda: [index.add(*one) for one in names])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\n{len(index):,} protected names filed in {built:.1f} s of CPU, {grown:.0f} MiB more")
    print(f"one more: {timed(lambda: index.add(*parse_protected('us.army.mil', tables.suffixes))) * 1000:.1f} ms")
    streams = [list(many(50_000, seed)) for seed in range(4)]
    took = best(*(timed(lambda stream=stream: list(index.matching(stream))) for stream in streams))
    print(f"{len(streams[0]) / took:,.0f} names a second in a batch of what gets registered, best of {len(streams)}")
    few = streams[0][:20_000]
    print(
        f"one look-up of a name that resembles nothing: {timed(lambda: [index.resembling(one) for one in few]) / len(few) * 1e6:.0f} µs"
    )
    for file in ("misp-cloudflare-top10k.json", "misp-cisco_top10k.json", "nrd-phishing-14day.txt"):
        if corpus_or_none is not None:
            listed = list(read(corpus_or_none / "names" / file))[:5000]
            found: list[object] = []
            took = timed(lambda listed=listed, found=found: found.extend(index.matching(listed)))
            print(f"{file}: {len(listed) / took:,.0f} names a second, {len(found)} of {len(listed)} resemble something")
    close = [
        candidate.name
        for name, kind, _ in names[::1000]
        for candidate in islice(enumerate_candidates((name, kind), tables, ALL, limit=2000), 0, None, 40)
    ]
    hits: list[bool] = []
    took = timed(lambda: hits.extend(bool(index.resembling(name)) for name in close))
    again = timed(lambda: [index.resembling(name) for name in close])
    print(
        f"a name that resembles one: {took / len(close) * 1000:.2f} ms with its explanation ({sum(hits)} of {len(close)}), "
        f"{again / len(close) * 1000:.2f} ms when the protected name was explained before"
    )
    assert all(hits)


def read(file: Path) -> Iterator[Fqdn]:
    text = file.read_text(encoding="utf-8", errors="replace")
    for line in json.loads(text)["list"] if file.suffix == ".json" else text.splitlines():
        with suppress(InvalidName):
            yield parse(line)


@pytest.fixture
def corpus_or_none() -> Path | None:
    """Real lists of names, where the folder is."""
    folder = Path(os.environ.get("WATCHER_CORPUS", Path(__file__).parents[3] / "shared" / "data"))
    return folder if folder.is_dir() else None


def show(label: str, made: int, seconds: float) -> None:
    print(f"{label:20} {made:8,} candidates of {len(NAMES)} names, {made / seconds:10,.0f} a second of CPU")
