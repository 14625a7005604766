"""The benchmark: interleaved rounds of every client on the same names, the client on one processor, servers on another.

It installs pycares and dnstwist from PyPI into an environment of its own; massdns is taken from `MASSDNS=path` or the
search path.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from tests.lab.addresses import in_lab
from tests.perf.sweep.servers import Servers, names

_ROOT = Path(__file__).parents[3]
_HERE = "tests.perf.sweep"
_CLIENT, _SERVERS = {0}, {max(os.sched_getaffinity(0))}
_DNSTWIST_NAME = "army.ml"
_TWO_STAGES = "watcher, suffix_servers, Unbound cold"


def main() -> None:
    """Build the peers' environment where there is a network, then run inside the lab's."""
    if sys.argv[1:2] == ["--inside"]:
        bench(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return
    count, rounds = (*sys.argv[1:], *("100000", "3")[len(sys.argv) - 1 :])[:2]
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "pycares>=5", "dnstwist", "dnspython"], check=True)
        inside = [sys.executable, "-m", _HERE, "--inside", folder, count, rounds]
        subprocess.run([_ROOT / "tools" / "in_lab", *inside], cwd=_ROOT, check=True)


def bench(peers: Path, count: int, rounds: int) -> None:
    """All rounds, and the medians."""
    if not in_lab():
        sys.exit("run it without --inside")
    wanted = names(count)
    truth = {name for name in wanted if name.startswith("x")}
    results: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        folder.chmod(0o755)
        file = folder / "names"
        file.write_text("\n".join(wanted) + "\n")
        os.sched_setaffinity(0, _SERVERS)
        with Servers(folder / "lab", count) as servers:
            print(f"{count} names, {len(truth)} exist; load {os.getloadavg()[0]:.1f}", flush=True)
            for _ in range(rounds):
                for name, command, cold in _clients(peers, file, folder):
                    if cold:
                        servers.unbound.flush()
                    row = _measure(name, command, truth, count, folder)
                    results.setdefault(name, []).append(row)
                    _show(name, row)
    print(f"medians; load {os.getloadavg()[0]:.1f}:")
    medians = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in results.items()
    }
    for name, row in medians.items():
        _show(name, row)
    _compare(medians)


def _compare(medians: dict[str, dict[str, float]]) -> None:
    """The two stages' speed beside the others', and our CPU beside massdns'."""
    best = max(
        (name for name in medians if name.endswith(", cold") and "dnstwist" not in name),
        key=lambda name: medians[name]["rate"],
    )
    for other in (best, "pycares, cold", "dnstwist, cold", "massdns, cold"):
        if other in medians:
            print(
                f"  suffix_servers is {medians[_TWO_STAGES]['rate'] / medians[other]['rate']:.1f} times as fast as {other}"
            )
    for name in medians:
        if name.startswith("watcher") and "massdns, warm" in medians:
            print(f"  {name}: {medians[name]['cpu'] / medians['massdns, warm']['cpu']:.2f} times massdns' CPU")


def _clients(peers: Path, file: Path, folder: Path) -> list[tuple[str, list[str], bool]]:
    ours = [sys.executable, "-m", f"{_HERE}.ours", str(file)]
    python = str(peers / "bin" / "python")
    pycares = [python, str(_ROOT / "tests/perf/sweep/with_pycares.py"), str(file)]
    clients = [
        (_TWO_STAGES, [*ours, "suffix_servers"], True),
        ("watcher, resolver, cold", [*ours, "resolver"], True),
        ("watcher, resolver, warm", [*ours, "resolver"], False),
        ("watcher, resolver, warm, portable", [*ours, "resolver", "portable"], False),
        ("pycares, cold", pycares, True),
        ("pycares, warm", pycares, False),
        (
            "dnstwist, cold",
            [python, "-m", "dnstwist", "-r", "-t", "64", "-f", "json", "--nameservers", "127.0.0.1", _DNSTWIST_NAME],
            True,
        ),
    ]
    if massdns := os.environ.get("MASSDNS") or shutil.which("massdns"):
        resolvers = folder / "resolvers"
        resolvers.write_text("127.0.0.1\n")
        line = [massdns, "-q", "-r", str(resolvers), "-t", "MX", "-s", "2000", "-o", "Sqr", "-w", str(folder / "out")]
        clients += [("massdns, cold", [*line, str(file)], True), ("massdns, warm", [*line, str(file)], False)]
    return clients


def _measure(name: str, command: list[str], truth: set[str], count: int, folder: Path) -> dict[str, float]:
    """One run: the client's own figures, or those of its whole process where it has none."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        ["taskset", "-c", ",".join(map(str, _CLIENT)), *command], cwd=_ROOT, check=True, capture_output=True, text=True
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if name.startswith("dnstwist"):
        made = subprocess.run(
            [*command[:3], "-f", "list", _DNSTWIST_NAME], cwd=_ROOT, check=True, capture_output=True, text=True
        )
        number = len(made.stdout.split())
        found = len(json.loads(done.stdout or "[]"))
        return {"rate": number / seconds, "cpu": cpu / number * 1e6, "names": number, "found": found}
    if name.startswith("massdns"):
        found_names = {
            line.split()[0].rstrip(".") for line in (folder / "out").read_text().splitlines() if " MX " in line
        }
        return _row(count, seconds, cpu, found_names, truth, {})
    said = json.loads(done.stdout)
    return _row(count, said["seconds"], said["cpu"], set(said["found"]), truth, said)


def _row(  # noqa: PLR0917 (a row has so many columns)
    count: int, seconds: float, cpu: float, found: set[str], truth: set[str], said: dict[str, float]
) -> dict[str, float]:
    row = {
        "rate": count / seconds,
        "cpu": cpu / count * 1e6,
        "missed": len(truth - found),
        "false": len(found - truth),
        "lost": said.get("lost", 0),
        "rss": said.get("rss", 0),
    }
    if said.get("questions"):
        row["questions"] = said["questions"] / count
    return row


def _show(name: str, row: dict[str, float]) -> None:
    units = {"rate": "{:,.0f} names/s", "cpu": "{:.1f} us CPU a name", "questions": "{:.3f} questions a name"}
    shown = [units.get(key, key + " {:g}").format(value) for key, value in row.items()]
    print(f"  {name:40} {', '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
