"""Logs of lookalikes that flap, in the form of `tools/replay.py`, with the gains that they were made to hold.

Each sort of name is drawn from a seed: parking services whose wildcard answers with and without MX in turn, portfolios
that switch together, names that gain three times in a year, names that go back and forth, and quiet ones that a
resolver fails on. What is a gain is decided here, by construction: an exchange that stays for at least five days after
at least nine days without.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

START = datetime(2026, 1, 1, tzinfo=UTC)
PROTECTED = ("us.army.mil", "eu.army.mil", "navy.mil")
EXCHANGES = ("mx.hub.net", "mx.collect.net", "mail.bulk.org")


@dataclass
class Log:
    """The letters of each name, one a day, and the gains: (day, name)."""

    days: int
    letters: dict[str, str] = field(default_factory=dict)
    protected: dict[str, str] = field(default_factory=dict)
    exchange: dict[str, str] = field(default_factory=dict)
    gains: list[tuple[int, str]] = field(default_factory=list)

    def add(self, name: str, runs: str, gains: list[int], *, protected: str, exchange: str) -> None:
        self.letters[name] = runs[: self.days].ljust(self.days, runs[-1])
        self.protected[name], self.exchange[name] = protected, exchange
        self.gains += [(day, name) for day in gains if day + 5 < self.days]


def flapping_log(seed: int, days: int = 200, of_each: int = 6) -> Log:
    """A log of `of_each` names, or families of names, of each sort."""
    random, log = Random(seed), Log(days)
    for number in range(of_each):
        exchange = random.choice(EXCHANGES)
        _parking(log, random, f"parking{number}.net", exchange)
        _portfolio(log, random, number, exchange)
        for name, runs in (
            (f"thrice{number}.org", _thrice(random)),
            (f"forth{number}.org", _back_and_forth(random)),
            (f"quiet{number}.org", _quiet(random, days, "n")),
            (f"steady{number}.org", _quiet(random, days, "M")),
        ):
            text, gains = runs
            log.add(name, text, gains, protected=random.choice(PROTECTED), exchange=exchange)
    return log


def _parking(log: Log, random: Random, parent: str, exchange: str) -> None:
    """A wildcard whose service answers with and without MX in turn; each host sees a change a day late at most."""
    quiet = random.randint(10, 20)
    text, gains = "A" * quiet, [quiet]
    while len(text) < log.days:
        text += "M" * random.randint(5, 7) + "A" * random.randint(1, 5)
    for host, protected in (("us", PROTECTED[0]), ("eu", PROTECTED[1]), ("mail", PROTECTED[2])):
        late = random.randint(0, 1)
        log.add(f"{host}.{parent}", "A" * late + text, [], protected=protected, exchange=exchange)
    log.gains += [(day, f"us.{parent}") for day in gains]


def _portfolio(log: Log, random: Random, number: int, exchange: str) -> None:
    """Names of one holder that switch to an exchange on one day, and back on another."""
    first = random.randint(12, 60)
    text = "n" * first + "M" * random.randint(20, 60) + "n"
    for place in range(5):
        log.add(f"held{number}x{place}.com", text, [first], protected=random.choice(PROTECTED), exchange=exchange)


def _thrice(random: Random) -> tuple[str, list[int]]:
    """Three gains, weeks apart."""
    text, gains = "n" * random.randint(10, 20), []
    for _ in range(3):
        gains.append(len(text))
        text += "M" * random.randint(10, 25) + random.choice("nA0.") * random.randint(16, 25)
    return text, gains


def _back_and_forth(random: Random) -> tuple[str, list[int]]:
    """An exchange from the beginning that goes and comes back within days, again and again."""
    text = "M" * random.randint(5, 12)
    for _ in range(random.randint(4, 9)):
        text += random.choice("n0.A") * random.randint(1, 5) + "M" * random.randint(3, 6)
    return text + "M", []


def _quiet(random: Random, days: int, letter: str) -> tuple[str, list[int]]:
    """Always the same, but for what a resolver fails on, and single days on which it is not seen."""
    return "".join(random.choice("?.") if day and random.random() < 0.05 else letter for day in range(days)), []


def write(log: Log, folder: Path) -> tuple[Path, Path]:
    """The two files that `tools/replay.py` reads."""
    deltas, listed = folder / "flapping.deltas.jsonl.gz", folder / "flapping.gains.csv"
    with gzip.open(deltas, "wt") as lines:
        for row in _snapshots(log):
            lines.write(json.dumps(row) + "\n")
    rows = [f"{(START + timedelta(days=day)).date()},{name},{log.exchange[name]}\n" for day, name in sorted(log.gains)]
    listed.write_text("date,domain,mx\n" + "".join(rows))
    return deltas, listed


def _snapshots(log: Log) -> Iterator[dict[str, object]]:
    for day in range(log.days):
        changes = [
            _logged(name, log, letters[day])
            for name, letters in log.letters.items()
            if not day or letters[day] != letters[day - 1]
        ]
        yield {"time": (START + timedelta(days=day)).isoformat(), "changes": changes}


def _logged(name: str, log: Log, letter: str) -> dict[str, object]:
    row: dict[str, object] = {"protected": log.protected[name], "domain": name}
    if letter == ".":
        return row | {"absent": True}
    records: dict[str, object] = {"ns": ["ns1.host.net"], "a": ["93.184.215.14"], "aaaa": None, "mx": None}
    match letter:
        case "M":
            records["mx"] = [log.exchange[name]]
        case "0":
            records["mx"] = [""]
        case "n":
            records["a"] = None
        case "?":
            records |= {"a": ["!ServFail"], "mx": ["!ServFail"]}
    return row | records
