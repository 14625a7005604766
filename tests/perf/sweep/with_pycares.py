"""The same with pycares, run by the benchmark's own environment: one MX question a name, 2,000 under way; JSON."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

import pycares

_UNDER_WAY = 2000


async def run(names: list[str]) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    found: list[str] = []
    waiting = iter(names)
    left = len(names)
    lost = 0

    def heard(name: str, error: int | None) -> None:
        nonlocal left, lost
        left -= 1
        if error is None or error == pycares.errno.ARES_ENODATA:
            found.append(name)
        elif error != pycares.errno.ARES_ENOTFOUND:
            lost += 1
        following = next(waiting, None)
        if following is not None:
            ask(following)
        if not left:
            done.set()

    channel = pycares.Channel(servers=["127.0.0.1"], timeout=3.0, tries=4, socket_receive_buffer_size=4 * 1024 * 1024)

    def ask(name: str) -> None:
        def callback(_result: object, error: int | None) -> None:
            loop.call_soon_threadsafe(heard, name, error)

        channel.query(name, pycares.QUERY_TYPE_MX, callback=callback)

    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for name in [next(waiting) for _ in range(min(_UNDER_WAY, len(names)))]:
        ask(name)
    await done.wait()
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": seconds,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "questions": None,
        "lost": lost,
        "found": found,
        "rss": after.ru_maxrss // 1024,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Path(sys.argv[1]).read_text().split()))))
