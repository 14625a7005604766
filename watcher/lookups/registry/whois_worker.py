"""The process that parses WHOIS replies: one JSON request a line on standard input, one JSON answer a line back.

Started by `whois_process` only. It limits its own memory, inherits no settings, and ends when its input does.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from watcher.lookups.registry.whois_parser import parse

_MEMORY = 1024 * 1024 * 1024


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415 (not on every platform)

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass


def answer(request: str) -> dict[str, Any]:
    """Return the answer to one request line: the fields, times as RFC 3339."""
    asked = json.loads(request)
    fields = asdict(parse(asked["domain"], asked["text"]))
    del fields["words"]
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in fields.items()}


def main() -> None:
    """Serve until standard input ends."""
    _limit_memory()
    for line in sys.stdin:
        try:
            reply = answer(line)
        except MemoryError:
            reply = {}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
