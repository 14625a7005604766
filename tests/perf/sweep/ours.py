"""Our client, in a process of its own: `python -m tests.perf.sweep.ours FILE resolver|suffix_servers [portable]`.

JSON at the end. `portable`: datagrams leave one by one, as on systems other than Linux.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from watcher.core.names.addresses import is_global
from watcher.core.names.names import Fqdn
from watcher.core.ports import Presence
from watcher.data import load_suffixes
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.suffix_servers import SuffixServers
from watcher.lookups.existence.sweepers import ResolverSweeper, SuffixSweeper

_NO_CEILING = 10_000_000  # it begins with a tenth of that
_NSD_HOLDS = 1000  # questions in its socket's buffer; more at once are lost


async def run(wanted: list[Fqdn], source: str, *, portable: bool) -> dict[str, object]:
    """One sweep."""
    suffixes = load_suffixes()
    suffixes.public_suffix("army.ml")
    careful = CarefulResolver([Server("127.0.0.1")], timeout=3, max_rate=_NO_CEILING, attempts=4)
    careful.lanes[0].udp.segments &= not portable
    servers = SuffixServers(careful, is_global=is_global, max_rate=_NO_CEILING, suffix_rate=_NO_CEILING, ports=16)
    plain = ResolverSweeper(careful, window=2000 if source == "resolver" else _NSD_HOLDS)
    sweeper = plain if source == "resolver" else SuffixSweeper(plain, servers, public_suffix=suffixes.public_suffix)
    found: list[str] = []
    lost = 0
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    async for existence in sweeper.sweep(iter(wanted)):
        if existence.presence is Presence.LOOK:
            found.append(existence.name)
        elif existence.presence is Presence.UNSETTLED:
            lost += 1
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    servers.close()
    careful.close()
    return {
        "seconds": seconds,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "questions": sweeper.progress.asked,
        "lost": lost,
        "found": found,
        "rss": after.ru_maxrss // 1024,
    }


if __name__ == "__main__":
    names = [Fqdn(name) for name in Path(sys.argv[1]).read_text().split()]
    print(json.dumps(asyncio.run(run(names, sys.argv[2], portable="portable" in sys.argv[3:]))))
