"""The policy protocol over real sockets: what is judged, what is DUNNO, and that nothing wears it out."""

import asyncio
import contextlib
import random
from contextlib import asynccontextmanager

import pytest

from tests.fakes.policy_client import PolicyClient, bench, connected, request
from watcher.core.blocking.answer import PASS, Action, PolicyRules
from watcher.core.errors import ConfigurationError, WatcherError
from watcher.core.names.names import Fqdn
from watcher.listeners.policy import PolicyListener, listen_address
from watcher.services.names.triage import Triage, decide

REFUSED = "550 5.1.2 army.ml is a lookalike of army.mil. Did you mean bob@army.mil?"


@asynccontextmanager
async def listening(folder, rules=None, *, most=4000):
    async with bench(folder, rules or PolicyRules(mode=Action.REJECT)) as made:
        await made.see("army.ml", "army.mil")
        await decide(made.world.store, [Fqdn("army.ml")], Triage.BLOCKED, note=None, now=made.world.clock.now())
        await made.held.refresh()
        seen: list[str] = []
        listener = PolicyListener(made.policy, observe=lambda kind, seconds: seen.append(kind), most=most)
        await listener.listen("127.0.0.1:0")
        try:
            yield listener, seen
        finally:
            await listener.close()


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("bob@army.ml", REFUSED),
        ("bob@ARMY.ML", REFUSED),
        ("bob@army.ml.", REFUSED),
        ("bob%army.ml@relay.example", REFUSED),
        ("army.ml!bob", REFUSED),
        ("@relay.example:bob@army.ml", REFUSED),
        ("bob@mail.army.ml", "550 5.1.2 mail.army.ml is a lookalike of mail.army.mil. Did you mean bob@mail.army.mil?"),
        ('"bob b"@army.ml', "550 5.1.2 army.ml is a lookalike of army.mil. Did you mean army.mil?"),
        ("grüße@army.ml", "550 5.1.2 army.ml is a lookalike of army.mil. Did you mean army.mil?"),
        ("bob@army.mil", "DUNNO"),
        ("bob@example.org", "DUNNO"),
        ("bob@[93.184.215.14]", "DUNNO"),
        ("postmaster", "DUNNO"),
        ("x" * 2000 + "@example.org", "DUNNO"),
        ("bob@bücher.example", "DUNNO"),
        ("bob@a_b.example", "DUNNO"),
    ],
)
async def test_recipients(tmp_path, recipient, reply):
    async with listening(tmp_path) as (listener, seen), connected(listener.port) as client:
        assert await client.ask(recipient) == reply
        assert seen == ["judged"]


@pytest.mark.parametrize("state", ["CONNECT", "EHLO", "HELO", "MAIL", "DATA", "END-OF-MESSAGE", "VRFY", "ETRN", ""])
async def test_only_the_state_rcpt_is_judged(tmp_path, state):
    async with listening(tmp_path) as (listener, _), connected(listener.port) as client:
        assert await client.ask("bob@army.ml", protocol_state=state) == "DUNNO"
        assert await client.ask("bob@army.ml") == REFUSED


@pytest.mark.parametrize(
    "data",
    [
        b"\n\n",
        b"x\n\n",
        b"=\n\n",
        b"request=other\nprotocol_state=RCPT\nrecipient=bob@army.ml\n\n",
        b"request=smtpd_access_policy\nprotocol_state=RCPT\n\n",
        b"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=bob@\xff\xfe\n\n",
        b"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=\0\n\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\0" * 1000 + b"\n\n",
    ],
)
async def test_what_is_malformed_is_dunno_and_the_next_request_is_answered(tmp_path, data):
    async with listening(tmp_path) as (listener, _), connected(listener.port) as client:
        assert await client.send(data) == "DUNNO"
        assert await client.ask("bob@army.ml") == REFUSED


async def test_requests_may_come_in_pieces_or_many_at_once(tmp_path):
    async with listening(tmp_path) as (listener, _), connected(listener.port) as client:
        for byte in request("bob@army.ml"):
            client.writer.write(bytes([byte]))
            await client.writer.drain()
        assert await client.reply() == REFUSED
        client.writer.write(request("bob@army.ml") * 50 + request("x@example.org"))
        assert [await client.reply() for _ in range(51)] == [REFUSED] * 50 + ["DUNNO"]


async def test_a_request_that_never_ends_gets_dunno_and_is_closed(tmp_path):
    async with listening(tmp_path) as (listener, seen), connected(listener.port) as client:
        client.writer.write(b"a=" + b"x" * 200_000)
        assert await client.reply() == "DUNNO"
        with contextlib.suppress(ConnectionError):  # what was not read yet makes a reset of it
            assert await client.reader.read() == b""
        assert seen == ["malformed"]


async def test_asking_keeps_the_order_of_answers(tmp_path):
    async with listening(tmp_path, PolicyRules(ask=True)) as (listener, _), connected(listener.port) as client:
        client.writer.write(
            request("a@nothing-like-it.example") + request("bob@army.ml") + request("b@nothing.example")
        )
        assert [await client.reply() for _ in range(3)] == ["DUNNO", REFUSED, "DUNNO"]


async def test_a_client_that_asks_once_and_ends_its_side_gets_its_answer(tmp_path):
    async with listening(tmp_path, PolicyRules(ask=True)) as (listener, _):
        for recipient, reply in (("bob@army.ml", REFUSED), ("a@nothing-like-it.example", "DUNNO")):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(request(recipient))
            writer.write_eof()
            assert await reader.read() == f"action={reply}\n\n".encode()
            await PolicyClient(reader, writer).close()


async def test_a_fault_inside_lets_mail_pass(tmp_path):
    async with listening(tmp_path) as (listener, _), connected(listener.port) as client:
        listener.policy._held.standings = None
        listener.policy.forget()
        assert await client.ask("bob@army.ml") == "DUNNO"
        assert listener.policy.at_once(None) is PASS


async def test_the_connection_that_was_idle_longest_makes_room(tmp_path):
    async with listening(tmp_path, most=5) as (listener, _):
        clients = []
        for _ in range(5):
            clients.append(PolicyClient(*await asyncio.open_connection("127.0.0.1", listener.port)))
            assert await clients[-1].ask("bob@army.ml") == REFUSED
        assert await clients[0].ask("bob@army.ml") == REFUSED  # now the second is idle longest
        async with connected(listener.port) as new:
            assert await new.ask("bob@army.ml") == REFUSED
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await clients[1].ask("bob@army.ml")
            assert await clients[0].ask("bob@army.ml") == REFUSED
        for client in clients:
            await client.close()


async def test_two_thousand_half_open_connections_hinder_nobody(tmp_path):
    async with listening(tmp_path) as (listener, _):
        idle = []
        for _ in range(2000):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"request=smtpd_access_policy\n")
            idle.append((reader, writer))
        async with connected(listener.port) as client:
            assert await client.ask("bob@army.ml") == REFUSED
        for reader, writer in idle:
            await PolicyClient(reader, writer).close()


async def test_a_flood_of_noise_hinders_nobody(tmp_path):
    noise = random.Random(7)
    async with listening(tmp_path) as (listener, _):
        for _ in range(200):
            async with connected(listener.port) as client:
                client.writer.write(noise.randbytes(noise.randrange(2000)))
                await client.writer.drain()
        async with connected(listener.port) as client:
            assert await client.ask("bob@army.ml") == REFUSED


async def test_a_unix_socket_is_made_and_taken_over_when_stale(tmp_path):
    path = tmp_path / "policy"
    async with listening(tmp_path) as (listener, _):
        for _ in range(2):
            other = PolicyListener(listener.policy)
            await other.listen(f"unix:{path}")
            client = PolicyClient(*await asyncio.open_unix_connection(str(path)))
            assert await client.ask("bob@army.ml") == REFUSED
            with pytest.raises(WatcherError, match="in use"):
                await PolicyListener(listener.policy).listen(f"unix:{path}")
            await client.close()
            other._path = None  # as a killed process: its socket stays
            await other.close()
            assert path.is_socket()


async def test_a_taken_port_is_said(tmp_path):
    async with listening(tmp_path) as (listener, _):
        with pytest.raises(WatcherError, match="cannot listen on"):
            await PolicyListener(listener.policy).listen(f"127.0.0.1:{listener.port}")


@pytest.mark.parametrize("text", ["", "127.0.0.1", ":10040", "127.0.0.1:x", "127.0.0.1:70000"])
def test_what_is_no_address(text):
    with pytest.raises(ConfigurationError, match=r"policy\.listen"):
        listen_address(text)
