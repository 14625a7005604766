"""A zone in ICANN's form: seconds of CPU and memory for reading it, for the difference of two days, and for a sweep.

.venv/bin/python -m tests.perf.bench_zone_files [NAMES]
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from watcher.core.names.lists import ListTally
from watcher.feeds.lists import read_blocks
from watcher.feeds.names import read_existing
from watcher.feeds.zone_lines import zone_names
from watcher.services.feeding.zone_days import ZoneDays

COM_LINES, COM_NAMES = 341.5e6, 160e6
_DIGEST = "ABCDEF0123456789" * 4


def write_zone(file: Path, names: int) -> None:
    """Write a zone like .com: two nameservers a name, and a DS for every tenth."""
    with file.open("w") as out:
        out.write("com.\t900\tin\tsoa\ta. b. 1 1800 900 604800 86400\n")
        for number in range(names):
            name = f"{number * 2654435761 % 2**32:08x}{number:07x}.com."
            out.writelines(f"{name}\t172800\tin\tns\tns{host}.host{number % 999}.net.\n" for host in (1, 2))
            if number % 10 == 0:
                out.write(f"{name}\t86400\tin\tds\t12345 8 2 {_DIGEST}\n")


def peak() -> float:
    """The most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    names = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_zone(folder / "com.txt", names)
        print(f"{names} names, load {os.getloadavg()[0]:.1f}")

        def blocks() -> Iterator[list[str]]:
            yield from zone_names(read_blocks(folder / "com.txt"), set(), tally)

        tally, begun = ListTally(), time.process_time()
        for _ in blocks():
            pass
        took = time.process_time() - begun
        print(f"reading: {took:.1f} s of CPU; .com {COM_LINES * took / tally.lines:.0f} s; {peak():.0f} MiB")
        days = ZoneDays(folder / "kept.zone")
        for day in ("first", "second"):
            begun = time.process_time()
            found = days.take(blocks(), "com")  # type: ignore[arg-type]
            days.replace()
            days.drop()
            took = time.process_time() - begun
            print(f"{day} day: {found}; {took:.1f} s of CPU; .com {COM_NAMES * took / names:.0f} s; {peak():.0f} MiB")
        begun = time.process_time()
        existing = read_existing([folder / "kept.zone"])
        print(f"for the sweep: {time.process_time() - begun:.1f} s of CPU; {peak():.0f} MiB")
        begun = time.process_time()
        for _ in range(100_000):
            existing.denies("no-such-name.com")
        print(f"a question that it answers: {(time.process_time() - begun) * 10:.1f} µs")


if __name__ == "__main__":
    main()
