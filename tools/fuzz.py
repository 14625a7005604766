"""Fuzz one parser of what comes from outside: `python tools/fuzz.py TARGET [--seconds N]`, or `--minimise` alone.

With atheris installed its coverage decides what is tried next; without it kept inputs are changed at random from a
fixed seed. An input that breaks a target is written to the folder and its traceback shown; exit status 1. What reached
new lines is kept in `.fuzz/TARGET`; `--minimise` brings the smallest inputs that reach every line into
`tests/fuzz/corpus/TARGET`, where the tests run them each time.
"""

import argparse
import hashlib
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).parents[1]
sys.path.insert(0, str(HERE))
KEPT = HERE / "tests" / "fuzz" / "corpus"
WORK = HERE / ".fuzz"
LONGEST = 4096
MOST_KEPT = 40

try:
    import atheris
except ImportError:
    atheris = None


def load_target(name: str) -> Callable[[bytes], None]:
    """Import the targets, instrumented where atheris is there."""
    if atheris is None:
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 (instrumented where it can be)
    else:
        with atheris.instrument_imports(include=["watcher"]):
            from tests.fuzz.targets import TARGETS  # noqa: PLC0415
    if name not in TARGETS:
        sys.exit(f"no such target: {name} (there are {', '.join(TARGETS)})")
    return TARGETS[name]


def inputs_of(*folders: Path) -> list[bytes]:
    """Return the inputs in folders, smallest first."""
    found = {path.read_bytes() for folder in folders if folder.is_dir() for path in folder.iterdir()}
    return sorted(found, key=lambda data: (len(data), data))


def write_input(folder: Path, data: bytes) -> Path:
    """Keep an input under its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def lines_reached(run: Callable[[bytes], None], data: bytes) -> set[tuple[str, int]]:
    """Return the lines of the package that an input reaches."""
    reached: set[tuple[str, int]] = set()
    package = str(HERE / "watcher")

    def trace(frame: FrameType, _event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(package):
            return None
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return reached


def minimise(name: str) -> int:
    """Keep the smallest inputs that together reach every line that any of them reaches; return their number."""
    run = load_target(name)
    known: set[tuple[str, int]] = set()
    kept = []
    for data in inputs_of(KEPT / name, WORK / name):
        found = lines_reached(run, data)
        if not found <= known:
            known |= found
            kept.append(data)
    folder = KEPT / name
    for path in folder.iterdir() if folder.is_dir() else ():
        path.unlink()
    for data in kept[:MOST_KEPT]:
        write_input(folder, data)
    print(f"{name}: {min(len(kept), MOST_KEPT)} inputs reach {len(known)} lines")
    return len(kept)


def changed(data: bytes, others: Iterable[bytes], chance: random.Random) -> bytes:
    """Return an input with something flipped, cut, doubled or taken from another one."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(made))
        match chance.randrange(5):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at : at + chance.randint(1, 16)]
            case 2:
                made[at:at] = made[at : at + chance.randint(1, 64)]
            case 3:
                other = chance.choice(list(others))
                start = chance.randint(0, len(other))
                made[at:at] = other[start : start + chance.randint(1, 64)]
            case _:
                made[at:at] = chance.choice([b"\0", b"\n", b",", b'"', b"..", b"\xff\xfe", b"xn--", b"=", b"\xc0\x0c"])
    return bytes(made[:LONGEST])


def run_at_random(name: str, seconds: float) -> int:
    """Run the target on changed inputs until the time is over; returns the exit status."""
    run = load_target(name)
    chance = random.Random(name)
    pool = inputs_of(KEPT / name, WORK / name) or [b""]
    known: set[tuple[str, int]] = set()
    for data in pool:
        known |= lines_reached(run, data)
    end = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < end:
        data = changed(chance.choice(pool), pool, chance)
        tried += 1
        try:
            found = lines_reached(run, data)
        except Exception:  # noqa: BLE001 (any is a fault of the parser)
            traceback.print_exc()
            print(f"{name}: broken by {write_input(WORK / 'broken' / name, data)}", file=sys.stderr)
            return 1
        if not found <= known:
            known |= found
            pool.append(data)
            write_input(WORK / name, data)
    print(f"{name}: {tried} inputs in {seconds:.0f} s, {len(known)} lines reached, nothing broken")
    return 0


def run_by_coverage(name: str, seconds: float) -> None:
    """Hand the target to atheris, which ends the process by itself."""
    run = load_target(name)
    work, broken = WORK / name, WORK / "broken" / name
    work.mkdir(parents=True, exist_ok=True)
    broken.mkdir(parents=True, exist_ok=True)
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds:.0f}", f"-max_len={LONGEST}", f"-artifact_prefix={broken}/", "-timeout=20"]
    atheris.Setup([sys.argv[0], str(work), str(KEPT / name), *options, "-print_final_stats=1"], run)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--minimise", action="store_true", help="bring what was found into the kept corpus")
    chosen = parser.parse_args()
    if chosen.minimise:
        return 0 if minimise(chosen.target) else 1
    if atheris is not None:
        run_by_coverage(chosen.target, chosen.seconds)
    return run_at_random(chosen.target, chosen.seconds)


if __name__ == "__main__":
    sys.exit(main())
