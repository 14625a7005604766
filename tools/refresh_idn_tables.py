"""Bring lines of `watcher/data/idn_tables.txt` up to date from the tables that registries publish.

    python tools/refresh_idn_tables.py LABELS=FILE[,FILE...] ...

LABELS are top-level labels joined by commas, FILE is one of their tables: as IANA keeps them
(https://www.iana.org/domains/idn-tables, text or HTML with `U+00E0` or `00E0;...` in front of each line, ranges with
`..`), label generation rules (RFC 7940, XML), or a JSON list of numbers. Several files of one registry are put
together, since a name need satisfy one of them only. Lines of labels that are not given stay as they are.

    python tools/refresh_idn_tables.py se=se_Latin_script.xml com,net,cc,tv,name=code-points.json
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from idna.idnadata import codepoint_classes  # noqa: E402
from idna.intranges import intranges_contain  # noqa: E402

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "idn_tables.txt"
LIKE_LATIN = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN")
OTHERS = "*"
MANY = 50_000
"""A registry that lists more takes other scripts too: they are not listed here one by one."""


def code_points(text: str) -> Iterator[int]:
    """Every code point of a table in any of its forms."""
    if text.lstrip().startswith("["):
        yield from json.loads(text)
    elif "urn:ietf:params:xml:ns:lgr-1.0" in text:
        for node in ET.fromstring(text).iter():
            if node.tag.endswith("}char") and " " not in node.get("cp", " "):
                yield int(node.get("cp", ""), 16)
            elif node.tag.endswith("}range"):
                yield from range(int(node.get("first-cp", ""), 16), int(node.get("last-cp", ""), 16) + 1)
    else:
        lines = re.sub(r"<[^>]*>", "\n", text).splitlines()
        one = r"(?:U\+)?([0-9A-Fa-f]{4,6})"
        for line in lines:
            # Of a line with variants the first code point counts; sequences of several are no single letters.
            if match := re.match(rf"\s*{one}(?:\.\.|-){one}\b", line):
                yield from range(int(match[1], 16), int(match[2], 16) + 1)
            elif (match := re.match(rf"\s*{one}(?=\s*(?:[;#|,(]|$)|\s+[^U0-9])", line)) is not None:
                yield int(match[1], 16)


def allowed(code: int) -> bool:
    """Whether IDNA 2008 allows it, alone or beside certain others."""
    classes = ("PVALID", "CONTEXTJ", "CONTEXTO")
    return code > 0x7F and any(intranges_contain(code, codepoint_classes[one]) for one in classes)


def repertoire(codes: Iterable[int]) -> str:
    """What a line holds: code points beyond ASCII, neighbours as ranges; `-` when there are none."""
    given = set(codes)
    characters = {chr(code) for code in given if allowed(code)}
    others = OTHERS if len(given) > MANY else ""
    if others:
        characters = {one for one in characters if unicodedata.name(one, "").startswith(LIKE_LATIN)}
    made, ordered = "", sorted(map(ord, characters))
    while ordered:
        size = next((at for at, code in enumerate(ordered) if code != ordered[0] + at), len(ordered))
        run, ordered = "".join(map(chr, ordered[:size])), ordered[size:]
        made += run if size < 4 else f"{run[0]}-{run[-1]}"
    return made + others or "-"


def main(*given: str, target: Path = TARGET) -> None:
    lines = target.read_text(encoding="utf-8").splitlines()
    for one in given:
        labels, _, files = one.partition("=")
        paths = [Path(file) for file in files.split(",")]
        found = repertoire(code for path in paths for code in code_points(path.read_text(encoding="utf-8-sig")))
        wanted = set(labels.split(","))
        kept = []
        for line in lines:
            before = line.split(maxsplit=1)[0] if line and not line.startswith("#") else ""
            left = [label for label in before.split(",") if label not in wanted]
            if not before or left:
                kept.append(line if not before else ",".join(left) + line[len(before) :])
        today = datetime.now(UTC).date()
        kept.append(f"{labels} {found} # {', '.join(path.name for path in paths)}, read {today}")
        lines = kept
        print(f"{labels}: {len(found)} characters in the line")
    header = [line for line in lines if line.startswith("#")]
    body = sorted(line for line in lines if line and not line.startswith("#"))
    replace(target, "\n".join(header + body) + "\n", "utf-8")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
