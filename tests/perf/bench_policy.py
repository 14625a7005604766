"""Measure the policy service beside a 25-line asyncio echo: rate, waiting times, idle connections, memory.

python tests/perf/bench_policy.py [seconds]

The service, the echo and the clients are three processes; clients send requests of real size, 10 connections in turn with
500 idle ones. The list holds 100,000 blocked names; the protected names are 10,000.
"""

import asyncio
import multiprocessing
import os
import resource
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fakes.policy_client import request
from watcher.core.blocking.answer import PolicyRules
from watcher.core.blocking.friends import Friends, ListedName
from watcher.core.blocking.standing import StandingEntry, Standings
from watcher.core.events import Grade
from watcher.data import load_tables
from watcher.data.popular import load_popular_names
from watcher.listeners.policy import PolicyListener
from watcher.services.blocking.recipient_policy import RecipientPolicy

BLOCKED, PROTECTED, CONNECTIONS, IDLE = 100_000, 10_000, 10, 500
PADDING = {f"attribute_{number}": "x" * 20 for number in range(5)}


class Echo(asyncio.Protocol):
    """The 25-line server beside which the service is measured: it finds the end of a request and answers DUNNO."""

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\n\n")) >= 0:
            self.buffer = self.buffer[end + 2 :]
            self.transport.write(b"action=DUNNO\n\n")


class Held:
    """A list in memory."""

    loaded = True
    protected = ()

    def __init__(self):
        listed = [ListedName(f"agency{number}.example{number % 50}.com") for number in range(PROTECTED)]
        friends = Friends(listed, load_tables(), load_popular_names())
        self.standings = Standings(friends)
        before = resident()
        for number in range(BLOCKED):
            name = f"agencyy{number}.example{number % 50}.net"
            entry = StandingEntry(
                "blocked",
                True,
                Grade.BLOCK,
                f"agency{number % PROTECTED}.example{number % 50}.com",
                ("suffix_swap",),
                "",
            )
            self.standings.entries[name] = entry
        self.grown = resident() - before


class NoComparing:
    def matching(self, names):
        return iter(())


def resident():
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1_048_576


async def serve(pipe: Connection, kind: str) -> None:
    loop = asyncio.get_running_loop()
    note = {}
    if kind == "echo":
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    else:
        load_tables()
        bare = resident()
        held = Held()
        policy = RecipientPolicy(held, NoComparing(), PolicyRules())
        listener = PolicyListener(policy)
        await listener.listen("127.0.0.1:0")
        port = listener.port
        note = {"blocked": held.grown, "all": resident() - bare}
    pipe.send((port, note))
    while await loop.run_in_executor(None, pipe.recv):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send((usage.ru_utime + usage.ru_stime, resident()))


def serving(pipe: Connection, kind: str) -> None:
    asyncio.run(serve(pipe, kind))


class Client(asyncio.Protocol):
    def __init__(self, requests, waits, stop):
        self.requests, self.waits, self.stop = requests, waits, stop
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.at = 0
        self.ask()

    def ask(self):
        self.sent = time.perf_counter()
        self.transport.write(self.requests[self.at % len(self.requests)])
        self.at += 1

    def data_received(self, data):
        now = time.perf_counter()
        if data.endswith(b"\n\n"):
            self.waits.append(now - self.sent)
            if now >= self.stop:
                self.transport.close()
                if not self.done.done():
                    self.done.set_result(None)
            else:
                self.ask()


async def measure(port: int, seconds: float) -> tuple[float, list[float]]:
    loop = asyncio.get_running_loop()
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(IDLE)]
    requests = [request(f"user{number}@{domain}", **PADDING) for number, domain in enumerate(domains())]
    waits: list[float] = []
    started = time.perf_counter()
    clients = [Client(requests, waits, started + seconds) for _ in range(CONNECTIONS)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - started
    for _, writer in idle:
        writer.close()
    return len(waits) / took, sorted(waits)


def domains() -> list[str]:
    """Of twenty recipients one is blocked; the rest are five hundred other domains, as a site writes to."""
    return [
        f"agencyy{number}.example{number % 50}.net" if number % 20 == 0 else f"partner{number % 500}.example.org"
        for number in range(2000)
    ]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    running = {}
    for kind in ("echo", "policy"):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=serving, args=(theirs, kind), daemon=True)
        process.start()
        running[kind] = (process, ours, *ours.recv())
    print(f"load {os.getloadavg()[0]:.1f}, {len(request('user1@partner1.example.org', **PADDING))} bytes a request")
    for _ in range(3):  # in turns, so that what else runs here touches both
        for kind, (_, pipe, port, _) in running.items():
            pipe.send(True)
            before, _ = pipe.recv()
            rate, waits = asyncio.run(measure(port, seconds))
            pipe.send(True)
            after, memory = pipe.recv()
            cpu = (after - before) / (rate * seconds) * 1e6
            print(
                f"{kind:6} {rate:8.0f} requests/s  p50 {waits[len(waits) // 2] * 1000:.2f} ms  "
                f"p99 {waits[int(len(waits) * 0.99)] * 1000:.2f} ms  {cpu:.0f} us CPU each  {memory:.0f} MiB"
            )
    note = running["policy"][3]
    print(
        f"memory: {BLOCKED} blocked names {note['blocked']:.0f} MiB; with the friends of {PROTECTED} protected names {note['all']:.0f} MiB"
    )
    for process, pipe, _, _ in running.values():
        pipe.send(False)
        process.terminate()


if __name__ == "__main__":
    main()
