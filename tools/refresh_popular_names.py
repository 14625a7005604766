"""Compile `watcher/data/blocking/popular_names.txt`: domains so much used that no block list may hold them by rule.

    python tools/refresh_popular_names.py DATE FREE_MAIL TOP_LIST TOP_LIST...

TOP_LIST are the top lists of https://github.com/MISP/misp-warninglists (`lists/cisco_top10k/list.json`,
`lists/cloudflare-top10k/list.json`, `lists/majestic_million/list.json`); FREE_MAIL is `free_email_domains.txt` of
https://github.com/fnando/email_data; DATE is that of the copies. A domain is taken when at least two top lists hold it
or a host below it: one list alone holds names that a single botnet asked for.
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

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "blocking" / "popular_names.txt"
HEADER = """\
# Domains that many people use: held by two of three top lists, and the domains of free mail providers.
# Date: {date}
# Source: https://github.com/MISP/misp-warninglists (cisco_top10k, cloudflare-top10k, majestic_million),
#   https://github.com/fnando/email_data (free_email_domains.txt)
# Licence: CC0 (the warning lists); MIT, Copyright (c) Nando Vieira (the free mail domains)
# Refresh: python tools/refresh_popular_names.py DATE FREE_MAIL TOP_LIST...
"""


def registrable(text: str) -> str | None:
    suffixes = load_suffixes()
    try:
        name = parse(text)
    except InvalidName:
        return None
    return suffixes.registrable_domain(name) if suffixes.is_delegated(name) else None


def main(date: str, free_mail: str, *top_lists: str) -> None:
    counted: Counter[str] = Counter()
    for top_list in top_lists:
        names = json.loads(Path(top_list).read_text(encoding="utf-8"))["list"]
        counted.update({name for name in map(registrable, names) if name})
    free = Path(free_mail).read_text(encoding="utf-8").split()
    popular = {name for name, lists in counted.items() if lists > 1} | {name for name in map(registrable, free) if name}
    if len(popular) < 2_000:
        sys.exit(f"only {len(popular)} names: are these the whole lists?")
    replace(TARGET, HEADER.format(date=date) + "\n".join(sorted(popular)) + "\n", "ascii")
    print(f"{TARGET.name}: {len(popular)} names")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
