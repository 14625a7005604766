"""The owner of a lease: a name for this process, and whether a process that holds one is known to be dead.

A service that is killed and started again need not wait for its own old lease to run out. "Known to be dead" is said
only where it can be known: same boot, same process namespace, no such process.
"""

import os
import secrets
from pathlib import Path


def this_process() -> str:
    """A new owner's name: machine boot, process namespace, process id, and a random part."""
    return f"{_place()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_dead(owner: str, ours: str) -> bool:
    """Return whether `owner` is surely not running any more; `ours` is this process's own name."""
    place, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if owner == ours or place in {"", "unknown"} or place != _place() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return True  # an earlier process with our number
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _place() -> str:
    """Return the boot and namespace that a process id is unique in, on Linux; `unknown` elsewhere."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}@{Path('/proc/self/ns/pid').readlink().name}".replace(":", "")
    except (OSError, UnicodeError):
        return "unknown"
