"""Compile `watcher/data/root_labels.txt` from a copy of the root zone (master-file text, gzip or not).

    python tools/refresh_root.py root.zone.gz

The zone is published at https://www.internic.net/domain/root.zone; its serial is kept as the date.
"""

import gzip
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "root_labels.txt"


def main(source: str) -> None:
    raw = Path(source).read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("ascii")
    serial = re.search(r"SOA\s+\S+\s+\S+\s+(\d{10})", text)
    if serial is None:
        sys.exit("no SOA in this file: is it the root zone?")
    rows = (line.split() for line in text.splitlines() if line and not line.startswith(";"))
    labels = {row[0].rstrip(".").lower() for row in rows if len(row) > 4 and row[3] == "NS"} - {""}
    if len(labels) < 1000:
        sys.exit(f"only {len(labels)} delegations: a part of the root zone?")
    header = [
        "# Top-level labels that are delegated in the root zone, as A-labels.",
        f"# Date: serial {serial[1]}",
        "# Source: https://www.internic.net/domain/root.zone (IANA)",
        "# Licence: published protocol-registry data (IANA licences its registries CC0)",
        "# Refresh: python tools/refresh_root.py root.zone",
    ]
    replace(TARGET, "\n".join([*header, *sorted(labels)]) + "\n", "ascii")
    print(f"{TARGET.name}: {len(labels)} labels, serial {serial[1]}")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
