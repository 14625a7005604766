"""Measure the WHOIS classifier and parser on a folder of labelled replies: `tools/whois_corpus.py DIR [--list]`.

DIR holds `manifest.jsonl` (a row a reply: file, tld, label or null) with the replies it names. Beside a reply may stand
`NAME.expected` (assertions on fields, `#field` then `%s == value`) or `NAME.expected.json` (parsed values).
Printed are tables of counts; `--list` adds the file names that differ. Replies hold contact data and are never printed.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from watcher.lookups.registry import text as registry_text  # noqa: E402 (a tool runs from a checkout)
from watcher.lookups.registry.whois_classifier import ReplyKind, classify  # noqa: E402
from watcher.lookups.registry.whois_fields import WhoisFields, date  # noqa: E402
from watcher.lookups.registry.whois_lines import lines  # noqa: E402
from watcher.lookups.registry.whois_parser import parse  # noqa: E402
from watcher.lookups.registry.whois_text import decode  # noqa: E402

FIELDS = ("status", "created", "updated", "expires", "registrar", "nameservers")
REFUSALS = frozenset({"throttled", "unavailable"})


@dataclass
class Score:
    """What a folder gave."""

    labelled: int = 0
    right: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong_files: list[tuple[str, str, str]] = field(default_factory=list)
    refusals_called_unregistered: list[str] = field(default_factory=list)
    equal: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    unequal_files: list[tuple[str, str]] = field(default_factory=list)

    @property
    def share_right(self) -> float:
        return self.right / self.labelled if self.labelled else 1.0

    @property
    def share_equal(self) -> float:
        return sum(self.equal.values()) / max(1, sum(self.expected.values()))


def measure(folder: Path) -> Score:
    """The score of a folder; raises what reading or parsing raises, since neither may."""
    score = Score()
    for row in _manifest(folder):
        path = folder / row["file"]
        tld = str(row.get("tld") or "").strip(".").lower()
        text = decode(path.read_bytes(), "x." + tld)
        domain = str(row.get("domain") or _domain(path, tld, text))
        kind = classify(text, domain)
        _score_label(score, row["file"], row.get("label"), kind)
        wanted = dict(_wanted(path))
        if wanted:
            fields = parse(domain, text) if kind is ReplyKind.REGISTERED else WhoisFields()
            _score_fields(score, row["file"], wanted, kind, fields)
    return score


def _manifest(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "manifest.jsonl").open(encoding="utf-8") as rows:
        for row in rows:
            if row.strip():
                yield json.loads(row)


def _score_label(score: Score, file: str, label: str | None, kind: ReplyKind) -> None:
    if label is None:
        return
    score.labelled += 1
    score.confusion[label, kind.value] += 1
    if label == kind.value:
        score.right += 1
    else:
        score.wrong_files.append((file, label, kind.value))
    if label in REFUSALS and kind is ReplyKind.NOT_FOUND:
        score.refusals_called_unregistered.append(file)


def _domain(path: Path, tld: str, text: str) -> str:
    """The name that the reply is about, as it says itself; else any name under its suffix."""
    for line in lines(text):
        name = registry_text.host_name(line.value) if line.key in {"domain", "domain name", "domainname"} else None
        if name is not None and tld and name.endswith("." + tld):
            return name
    stem = path.name.removesuffix(".txt")
    return stem if "." in stem and stem.endswith("." + tld) else f"x.{tld}" if tld else "x.com"


def _wanted(path: Path) -> Iterator[tuple[str, object]]:
    plain, parsed = path.with_suffix(".expected"), path.with_suffix(".expected.json")
    if plain.exists():
        yield from _from_assertions(plain.read_text(encoding="utf-8", errors="replace"))
    elif parsed.exists():
        yield from _from_values(json.loads(parsed.read_text(encoding="utf-8")))


_ASSERTION = re.compile(r"\s+%s(?P<path>[\w.\[\]]*)\s+(?:== (?P<value>.+)|%TIME\{(?P<time>[^}]+)\})\s*$")
_TIMES = {"created_on": "created", "updated_on": "updated", "expires_on": "expires"}


def _from_assertions(text: str) -> Iterator[tuple[str, object]]:
    section, nameservers, states = "", [], {}
    for line in text.splitlines():
        if line.startswith("#"):
            section = line[1:].strip()
            continue
        match = _ASSERTION.match(line)
        if match is None:
            continue
        value = (match["value"] or "").strip()
        if section in _TIMES and match["time"]:
            yield _TIMES[section], match["time"]
        elif section == "registrar" and match["path"] == ".name" and value.startswith('"'):
            yield "registrar", json.loads(value)
        elif section == "nameservers" and re.fullmatch(r"\[\d+\]\.name", match["path"]) and value.startswith('"'):
            nameservers.append(json.loads(value))
        elif section in {"available?", "registered?"} and not match["path"]:
            states[section] = value == "true"
    if nameservers:
        yield "nameservers", nameservers
    if states:
        yield (
            "status",
            "not-found" if states.get("available?") else "registered" if states.get("registered?") else "other",
        )


def _from_values(values: dict[str, object]) -> Iterator[tuple[str, object]]:
    names = {"creation_date": "created", "updated_date": "updated", "expiration_date": "expires",
             "registrar": "registrar", "name_servers": "nameservers"}  # fmt: skip
    for key, name in names.items():
        if values.get(key):
            yield name, values[key]
    if values.get("domain_name"):
        yield "status", "registered"


def _score_fields(score: Score, file: str, wanted: dict[str, object], kind: ReplyKind, fields: WhoisFields) -> None:
    for name, value in wanted.items():
        score.expected[name] += 1
        if _equal(name, value, kind, fields):
            score.equal[name] += 1
        else:
            score.unequal_files.append((name, file))


def _equal(name: str, value: object, kind: ReplyKind, fields: WhoisFields) -> bool:
    match name:
        case "status":
            state = kind.value if kind in {ReplyKind.REGISTERED, ReplyKind.NOT_FOUND} else "other"
            return state == value
        case "created" | "updated" | "expires":
            found = getattr(fields, f"{name}_at")
            return any(_same_time(found, str(one)) for one in (value if isinstance(value, list) else [value]))
        case "registrar":
            return _plain(fields.registrar) == _plain(str(value))
        case _:
            listed = value if isinstance(value, list) else [value]
            return set(fields.nameservers) == {host for one in listed if (host := registry_text.host_name(one))}


def _same_time(found: datetime | None, text: str) -> bool:
    """Equal as instants; a value without zone may be one of the registry's local time."""
    wanted = date(text)
    if found is None or wanted is None:
        return False
    if found == wanted or (len(text) <= len("2009-03-24") and found.date() == wanted.date()):
        return True
    offset = found - wanted
    zoned = re.search(r"[A-Z+Z]|[+-]\d\d:?\d\d$", text[10:]) is not None
    return not zoned and abs(offset) <= timedelta(hours=14) and offset % timedelta(minutes=30) == timedelta(0)


def _plain(text: str | None) -> str:
    return " ".join(re.sub(r"\W+", " ", text or "").casefold().split())


def show(score: Score, *, files: bool) -> None:
    """Print the tables."""
    print(f"classified as labelled: {score.right} of {score.labelled} = {score.share_right:.1%}")
    for (label, kind), count in sorted(score.confusion.items()):
        print(f"  {label:12} -> {kind:12} {count:4}" + ("" if label == kind else "  *"))
    print(f"throttled or unavailable called unregistered: {len(score.refusals_called_unregistered)}")
    print(
        f"expected values equal: {sum(score.equal.values())} of {sum(score.expected.values())}"
        f" = {score.share_equal:.1%}"
    )
    for name in FIELDS:
        if score.expected[name]:
            share = score.equal[name] / score.expected[name]
            print(f"  {name:12} {score.equal[name]:4} of {score.expected[name]:4} = {share:6.1%}")
    if files:
        for file, label, kind in score.wrong_files:
            print(f"class  {label} -> {kind}: {file}")
        for name, file in score.unequal_files:
            print(f"field  {name}: {file}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--list", action="store_true", help="name the files that differ")
    arguments = parser.parse_args()
    if not (arguments.folder / "manifest.jsonl").is_file():
        print(f"{arguments.folder} has no manifest.jsonl", file=sys.stderr)
        return 2
    started = datetime.now(UTC)
    score = measure(arguments.folder)
    show(score, files=arguments.list)
    print(f"{(datetime.now(UTC) - started).total_seconds():.1f} s")
    return 0 if score.share_right >= 0.97 and not score.refusals_called_unregistered and score.share_equal >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
