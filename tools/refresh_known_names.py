"""Compile `watcher/data/known/known_names.txt`: domains in honest use, for telling a lookalike from a namesake.

    python tools/refresh_known_names.py DATE UNIVERSITIES MAJESTIC TOP_LIST...

All are lists of https://github.com/MISP/misp-warninglists (`lists/university_domains/list.json`,
`lists/majestic_million/list.json`; the top lists `lists/cisco_top10k/list.json` and
`lists/cloudflare-top10k/list.json`); DATE is that of the copies. The names under .gov are taken from `gov_labels.txt`.
A domain that stands in the top lists alone must stand in two of them: one list alone holds names that a single botnet
asked for. A list that looks cut is refused.
"""

import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)
from watcher.core.errors import InvalidName  # noqa: E402
from watcher.core.names.names import parse  # noqa: E402
from watcher.data import load_suffixes  # noqa: E402

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "known" / "known_names.txt"
HEADER = """\
# Registrable domains in honest use: universities, and domains that many people visit or link to.
# Date: {date}
# Source: https://github.com/MISP/misp-warninglists (university_domains, majestic_million, cisco_top10k,
#   cloudflare-top10k)
# Licence: CC0
# Refresh: python tools/refresh_known_names.py DATE UNIVERSITIES MAJESTIC TOP_LIST...
"""
FEWEST = 2_000


def domains(file: str) -> set[str]:
    suffixes = load_suffixes()
    found = set()
    for text in json.loads(Path(file).read_text(encoding="utf-8"))["list"]:
        try:
            name = parse(text)
        except InvalidName:
            continue
        domain = suffixes.registrable_domain(name) if suffixes.is_delegated(name) else None
        if domain:
            found.add(domain)
    if len(found) < FEWEST:
        sys.exit(f"{file} holds only {len(found)} domains: is it the whole list?")
    return found


def main(date: str, universities: str, majestic: str, *top_lists: str) -> None:
    linked = domains(majestic)
    counted = Counter(name for file in top_lists for name in domains(file))
    known = domains(universities) | linked | {name for name, lists in counted.items() if lists > 1}
    TARGET.parent.mkdir(exist_ok=True)
    replace(TARGET, HEADER.format(date=date) + "\n".join(sorted(known)) + "\n", "ascii")
    print(f"{TARGET.name}: {len(known)} names")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
