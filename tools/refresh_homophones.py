"""Compile `watcher/data/homophones.txt` from the homophone list of ail-typo-squatting.

    python tools/refresh_homophones.py homophones.txt

The list has a group a line, separated by commas. Words of one or two letters are left out: they stand in every label.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "homophones.txt"
HEADER = """\
# Words that sound alike: each line one group.
# Date: 2025-04-30
# Source: https://github.com/typosquatter/ail-typo-squatting (etc/homophones.txt), words of three letters and more
# Licence: BSD-2-Clause, Copyright (c) the ail-typo-squatting authors, CIRCL
# Refresh: python tools/refresh_homophones.py homophones.txt
"""


def main(source: str) -> None:
    groups = set()
    for line in Path(source).read_text(encoding="utf-8").splitlines():
        words = sorted({word.strip() for word in line.split(",") if re.fullmatch(r"[a-z]{3,}", word.strip())})
        if len(words) > 1:
            groups.add(" ".join(words))
    replace(TARGET, HEADER + "\n".join(sorted(groups)) + "\n", "utf-8")
    print(f"{TARGET.name}: {len(groups)} groups")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
