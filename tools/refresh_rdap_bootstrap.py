"""Bring the bundled RDAP bootstrap up to date: `tools/refresh_rdap_bootstrap.py [FILE]`.

Without FILE it is fetched from IANA (https://data.iana.org/rdap/dns.json, public registry data under CC0). Only what
the reader accepts is kept, in a stable form: the description, the publication date, and suffixes by server.
"""

import json
import sys
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)
from watcher.core.errors import LookupFailed  # noqa: E402
from watcher.lookups.registry.rdap_bootstrap import read_bootstrap  # noqa: E402 (a tool runs from a checkout)

SOURCE = "https://data.iana.org/rdap/dns.json"
TARGET = ROOT / "watcher" / "data" / "rdap_bootstrap.json"


def compact(raw: bytes) -> str:
    """The bootstrap with what can be used, one service a line, sorted."""
    bootstrap = read_bootstrap(raw)
    by_server: dict[str, list[str]] = {}
    for suffix, url in sorted(bootstrap.servers.items()):
        by_server.setdefault(url, []).append(suffix)
    services = sorted(([suffixes, [url]] for url, suffixes in by_server.items()), key=lambda service: service[0])
    head = {
        "description": "RDAP bootstrap file for Domain Name System registrations (IANA, CC0)",
        "source": SOURCE,
        "publication": json.loads(raw)["publication"],
        "version": "1.0",
    }
    lines = ",\n".join(json.dumps(service) for service in services)
    return json.dumps(head)[:-1] + ', "services": [\n' + lines + "\n]}\n"


def main() -> int:
    if len(sys.argv) > 1:
        raw = Path(sys.argv[1]).read_bytes()
    else:
        with urlopen(SOURCE, timeout=30) as response:
            raw = response.read(5_000_000)
    try:
        text = compact(raw)
    except (LookupFailed, KeyError, TypeError) as error:
        why = error.cause if isinstance(error, LookupFailed) else f"it has no {error}"
        print(f"{TARGET.name}: the bootstrap cannot be used: {why}; nothing was written", file=sys.stderr)
        return 1
    replace(TARGET, text)
    print(f"{TARGET.relative_to(ROOT)}: published {json.loads(raw)['publication']}")
    print("Put that date into NOTICE.")
    return 0


if __name__ == "__main__":
    take_force()
    sys.exit(main())
