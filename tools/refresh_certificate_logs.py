"""Bring the bundled list of certificate logs up to date: `tools/refresh_certificate_logs.py [FILE]`.

Without FILE it is fetched from Google (https://www.gstatic.com/ct/log_list/v3/log_list.json). Only logs that are in use
and for certificates still valid are kept, with what the reader needs of them.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)
from watcher.core.errors import FeedFailed  # noqa: E402
from watcher.feeds.ct.feed import LIST_URL  # noqa: E402
from watcher.feeds.ct.log_list import MOST_LIST_BYTES, read_log_list  # noqa: E402

TARGET = ROOT / "watcher" / "data" / "certificate_logs.json"
KEPT = ("description", "log_id", "key", "url", "submission_url", "monitoring_url", "state", "temporal_interval")


def compact(raw: bytes, now: datetime) -> str:
    """The logs that are read now, by operator."""
    addresses = {log.url for log in read_log_list(raw, now)}
    document = json.loads(raw)
    operators = []
    for operator in document["operators"]:
        made = {"name": operator["name"]}
        for member, address in (("logs", "url"), ("tiled_logs", "monitoring_url")):
            logs = [log for log in operator.get(member) or [] if log[address].rstrip("/") + "/" in addresses]
            if logs:
                made[member] = [{key: log[key] for key in KEPT if key in log} for log in logs]
        if len(made) > 1:
            operators.append(made)
    head = {key: document[key] for key in ("version", "log_list_timestamp") if key in document}
    return json.dumps(head | {"operators": operators}, indent=1) + "\n"


def main() -> int:
    if len(sys.argv) > 1:
        raw = Path(sys.argv[1]).read_bytes()
    else:
        with urlopen(LIST_URL, timeout=30) as response:
            raw = response.read(MOST_LIST_BYTES)
    try:
        text = compact(raw, datetime.now(UTC))
    except (FeedFailed, KeyError, TypeError) as error:
        print(f"{TARGET.name}: the list cannot be used: {error}; nothing was written", file=sys.stderr)
        return 1
    replace(TARGET, text)
    print(f"{TARGET.relative_to(ROOT)}: {text.count('log_id')} logs; put the list's date into NOTICE.")
    return 0


if __name__ == "__main__":
    take_force()
    raise SystemExit(main())
