"""Read every RDAP file of a folder: `tools/rdap_corpus.py DIR`.

Each JSON file below DIR (and each JSON body in a recorded `.yaml` exchange) is given to the RDAP reader, cards of their
own as a registrar's. Printed is a table of what became of each and which facts were found, never their values.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from watcher.core.errors import LookupFailed  # noqa: E402 (a tool runs from a checkout)
from watcher.core.registration.facts import RegistrationFacts  # noqa: E402
from watcher.lookups.registry import text as registry_text  # noqa: E402
from watcher.lookups.registry.rdap_reader import error_code, read_domain  # noqa: E402

COLUMNS = (
    "registrar", "registrar_iana_id", "created_at", "updated_at", "expires_at", "statuses", "nameservers",
    "registrant_organisation", "registrant_country", "abuse_email",
)  # fmt: skip


@dataclass
class Reading:
    """One document: its facts, or why it was refused."""

    file: str
    facts: RegistrationFacts | None
    refused: str = ""


def measure(folder: Path) -> list[Reading]:
    """The reading of every document; raises what the reader raises, since it may raise nothing but LookupFailed."""
    readings = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".json", ".yaml"}:
            continue
        for number, raw in enumerate(_documents(path)):
            name = str(path.relative_to(folder)) + (f" #{number}" if number else "")
            readings.append(_read(name, raw))
    return readings


def _documents(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        yield text
        return
    for match in re.finditer(r'body: ("(?:[^"\\]|\\.)*")', text):
        folded = re.sub(r"\\\n\s*", "", match[1])
        yield re.sub(r"\s*\n\s*", " ", folded)


def _read(name: str, raw: str) -> Reading:
    try:
        document = json.loads(raw)
        if isinstance(document, str):
            document = json.loads(document)
    except (ValueError, RecursionError):
        return Reading(name, None, "no JSON")
    if isinstance(document, list):  # a card alone
        document = {"objectClassName": "domain", "entities": [{"roles": ["registrar"], "vcardArray": document}]}
    domain = registry_text.host_name(document.get("ldhName")) if isinstance(document, dict) else None
    try:
        return Reading(name, read_domain(document, domain or "unnamed.invalid", datetime.now(UTC)))
    except LookupFailed as error:
        code = error_code(document)
        return Reading(name, None, error.cause if code is None else f"error {code}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args().folder
    if not folder.is_dir():
        print(f"{folder} is no folder", file=sys.stderr)
        return 2
    readings = measure(folder)
    for reading in readings:
        if reading.facts is None:
            print(f"{reading.file:60} refused: {reading.refused}")
        else:
            found = "".join("x" if getattr(reading.facts, column) else "." for column in COLUMNS)
            print(f"{reading.file:60} {reading.facts.status.value:12} {found}")
    print(f"{len(readings)} documents; columns: {', '.join(COLUMNS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
