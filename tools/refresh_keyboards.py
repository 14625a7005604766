"""Compile `watcher/data/keyboards.txt` from the adjacency files of nlpaug (`res/char/keyboard/*.json`).

    python tools/refresh_keyboards.py FOLDER

Kept are keys that can stand in a name: digits, hyphen and lower-case letters. Same row means neighbours in the file's
own order of keys.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "keyboards.txt"
HEADER = """\
# Neighbouring keys of national keyboard layouts: layout, key, neighbours in its row, in other letter rows, digits.
# Date: 2022-07 (nlpaug 1.1.11)
# Source: https://github.com/makcedward/nlpaug (res/char/keyboard)
# Licence: MIT, Copyright (c) 2019 Edward Ma
# Refresh: python tools/refresh_keyboards.py FOLDER
"""


def usable(key: str) -> bool:
    return len(key) == 1 and (key.isdigit() or (key.isalpha() and key == key.lower()))


def lines(layout: str, table: dict[str, list[str] | str]) -> list[str]:
    order = {key: place for place, key in enumerate(key for key in table if usable(key))}
    made = []
    for key, place in order.items():
        near = sorted({other for other in table[key] if usable(other) and other != key})
        digits = [other for other in near if other.isdigit() and not key.isdigit()]
        same = [other for other in near if other not in digits and abs(order.get(other, -9) - place) == 1]
        rest = [other for other in near if other not in digits and other not in same]
        if near:
            made.append(" ".join([layout, key, *("".join(part) or "-" for part in (same, rest, digits))]))
    return made


def main(folder: str) -> None:
    files = sorted(Path(folder).glob("*.json"))
    if not files:
        sys.exit(f"no layouts in {folder}")
    body = [line for file in files for line in lines(file.stem, json.loads(file.read_text(encoding="utf-8")))]
    replace(TARGET, HEADER + "\n".join(body) + "\n", "utf-8")
    print(f"{TARGET.name}: {len(files)} layouts, {len(body)} keys")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
