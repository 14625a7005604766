"""A mail server's side of the policy protocol, and a policy over a real store."""

import asyncio
import contextlib
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.api_client import World, make_world
from watcher.core.blocking.answer import PolicyRules
from watcher.core.blocking.friends import Friends
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.data import load_suffixes, load_tables
from watcher.services.blocking.held import HeldList
from watcher.services.blocking.outgoing import Outgoing
from watcher.services.blocking.recipient_policy import RecipientPolicy
from watcher.services.looks.examine import LookOptions
from watcher.services.names.own import Ours
from watcher.services.sweeps.enumerate import Enumeration
from watcher.techniques import ALL


def request(recipient, *, sender="anna@corp.example", instance="1.1.0", **more):
    """A request as Postfix writes it."""
    given = {
        "request": "smtpd_access_policy",
        "protocol_state": "RCPT",
        "protocol_name": "ESMTP",
        "client_address": "10.0.0.9",
        "client_name": "pc.corp.example",
        "helo_name": "pc",
        "sender": sender,
        "recipient": recipient,
        "recipient_count": "0",
        "instance": instance,
        "size": "1234",
        "queue_id": "",
        **more,
    }
    return ("".join(f"{name}={value}\n" for name, value in given.items()) + "\n").encode()


class PolicyClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, recipient: str, **more: str) -> str:
        return await self.send(request(recipient, **more))

    async def send(self, data: bytes) -> str:
        self.writer.write(data)
        return await self.reply()

    async def reply(self) -> str:
        async with asyncio.timeout(30):
            reply = await self.reader.readuntil(b"\n\n")
        assert reply.startswith(b"action=")
        return reply[7:-2].decode()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def connected(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = PolicyClient(reader, writer)
    try:
        yield client
    finally:
        await client.close()


class PolicyBench:
    """A policy over a real database; `now` is the time of confirmations."""

    def __init__(self, world: World, rules: PolicyRules, *, known_after: int = 0, approval: bool = False) -> None:
        tables = load_tables()
        self.world = world
        self.now = 0.0
        self.actions: list[str] = []
        ours = Ours(world.store, load_suffixes())
        names = Enumeration(tables, ALL, "test", ours)
        self.outgoing = Outgoing(
            world.store,
            world.clock,
            load_suffixes(),
            known_after=known_after,
            observe=lambda action: self.actions.append(action.value),
        )
        self.held = HeldList(
            world.store,
            world.clock,
            lambda listed: Friends(listed, tables, ["popular.ml"]),
            ours=ours,
            changed=lambda: self.policy.forget(),  # noqa: PLW0108 (made below)
            approval=approval,
        )
        self.policy = RecipientPolicy(self.held, names, rules, outgoing=self.outgoing, monotonic=lambda: self.now)

    async def see(self, name: str, protected: str, grade: Grade = Grade.BLOCK) -> None:
        """A recorded look at a lookalike."""
        look = await self.world.examiner.look(Fqdn(name), LookOptions(fresh=True))
        alike = Resemblance(protected, ("suffix_edit",), 0.03, f"{protected} with the i of mil left out", 3, grade)
        await self.world.watch.record(look, resemblances=[alike])


@asynccontextmanager
async def bench(folder: Path, rules: PolicyRules | None = None, *, known_after: int = 0, approval: bool = False):
    world = await make_world(folder)
    await world.protect("army.mil")
    made = PolicyBench(world, rules or PolicyRules(), known_after=known_after, approval=approval)
    try:
        yield made
    finally:
        made.policy.close()
        await world.store.close()
