"""The SMTP probe hears what a server says, is kept by none of them, and says nothing about who asks."""

import asyncio
import re
import ssl

import pytest
import trustme

from tests.fakes import smtp_dialogue as dialogue
from tests.fakes.smtp_dialogue import SmtpDialogue
from watcher.core.mail.probing import Probed, ProbeOutcome
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.lookups.smtp_probe import SmtpProbe

_NAME = parse("army.ml")


async def _probed(server: SmtpDialogue, *, seconds: float = 10.0) -> Probed:
    probe = SmtpProbe(lambda address: address == "127.0.0.1", port=server.port, timeout=seconds)
    async with asyncio.timeout(seconds + 30):
        return await probe.probe(_NAME, "mx.army.ml", "127.0.0.1")


@pytest.mark.parametrize(
    ("replies", "outcome", "reply"),
    [
        ({}, ProbeOutcome.ACCEPTS_ANY, "250 2.1.5 Ok"),
        ({"RCPT": "550 5.1.1 User unknown"}, ProbeOutcome.REJECTS_UNKNOWN, "550 5.1.1 User unknown"),
        ({"RCPT": ["250 2.1.5 Ok", "550 no such user"]}, ProbeOutcome.REJECTS_UNKNOWN, "550 no such user"),
        ({"RCPT": "554 5.7.1 Relay access denied"}, ProbeOutcome.REFUSES, "554 5.7.1 Relay access denied"),
        ({"RCPT": "550 5.7.1 Relaying denied"}, ProbeOutcome.REFUSES, "550 5.7.1 Relaying denied"),
        ({"RCPT": "556 5.1.10 null MX"}, ProbeOutcome.REFUSES, "556 5.1.10 null MX"),
        ({"": "521 5.3.2 no mail here"}, ProbeOutcome.REFUSES, "521 5.3.2 no mail here"),
        ({"": "554 blocked"}, ProbeOutcome.REFUSES, "554 blocked"),
        ({"MAIL": "521 go away"}, ProbeOutcome.REFUSES, "521 go away"),
        ({"RCPT": "451 4.7.1 later"}, ProbeOutcome.TIMEOUT, "451 4.7.1 later"),
        ({"": "421 busy"}, ProbeOutcome.TIMEOUT, "421 busy"),
        ({"MAIL": "452 full"}, ProbeOutcome.TIMEOUT, "452 full"),
        ({"RCPT": ["250 2.1.5 Ok", "452 enough"]}, ProbeOutcome.TIMEOUT, "452 enough"),
        ({"RCPT": dialogue.hang_up}, ProbeOutcome.CLOSED, "250 2.1.0 Ok"),
        ({"": dialogue.hang_up}, ProbeOutcome.CLOSED, ""),
        ({"": "HTTP/1.1 400 Bad Request"}, ProbeOutcome.TIMEOUT, ""),
        ({"EHLO": "502 what", "HELO": "250 hello"}, ProbeOutcome.ACCEPTS_ANY, "250 2.1.5 Ok"),
        ({"RSET": dialogue.hang_up}, ProbeOutcome.ACCEPTS_ANY, "250 2.1.5 Ok"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_a_server_says_becomes_one_outcome(replies, outcome: ProbeOutcome, reply: str):
    async with SmtpDialogue(replies) as server:
        probed = await _probed(server)
    assert (probed.outcome, probed.reply) == (outcome, reply)
    assert (probed.host, probed.address) == ("mx.army.ml", "127.0.0.1")


@pytest.mark.parametrize(
    "replies",
    [
        {"": dialogue.silence},
        {"": dialogue.slow_drip},
        {"EHLO": dialogue.silence},
        {"RCPT": dialogue.silence},
        {"MAIL": "530 5.7.0 Must issue STARTTLS first", "STARTTLS": dialogue.promise_tls},
    ],
    ids=["silent", "slow drip", "silent at EHLO", "silent at RCPT", "STARTTLS that never starts"],
)
async def test_a_server_that_only_costs_time_is_left_when_the_time_is_over(replies):
    async with SmtpDialogue(replies) as server:
        started = asyncio.get_running_loop().time()
        probed = await _probed(server, seconds=0.5)
        took = asyncio.get_running_loop().time() - started
    assert probed.outcome is ProbeOutcome.TIMEOUT
    assert 0.4 < took < 15


@pytest.mark.parametrize("greeting", [dialogue.endless_banner, dialogue.endless_line])
async def test_a_greeting_without_an_end_is_not_waited_for(greeting):
    async with SmtpDialogue({"": greeting}) as server:
        probed = await _probed(server, seconds=30)
    assert probed.outcome is ProbeOutcome.TIMEOUT


async def test_a_server_that_hangs_at_the_parting_has_answered_all_the_same():
    async with SmtpDialogue({"RSET": dialogue.silence}) as server:
        probed = await _probed(server, seconds=1)
    assert probed.outcome is ProbeOutcome.ACCEPTS_ANY


async def test_starttls_is_used_where_the_server_demands_it():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("mx.army.ml").configure_cert(context)
    mail = ["530 5.7.0 Must issue STARTTLS first", "250 2.1.0 Ok"]
    async with SmtpDialogue({"MAIL": mail, "STARTTLS": "220 go on"}, certificate=context) as server:
        probed = await _probed(server)
    assert probed.outcome is ProbeOutcome.ACCEPTS_ANY
    assert probed.starttls is True
    assert [line.split(" ")[0] for line in server.heard] == [
        *("EHLO", "MAIL", "STARTTLS", "EHLO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"),
    ]


async def test_no_message_is_sent_and_nothing_says_who_asks():
    async with SmtpDialogue({}) as server:
        probed = await _probed(server)
    assert probed.starttls is True
    first, sender, *recipients, reset, leave = server.heard
    assert (first, sender, reset, leave) == ("EHLO [127.0.0.1]", "MAIL FROM:<>", "RSET", "QUIT")
    assert len(set(recipients)) == 2
    assert all(re.fullmatch(r"RCPT TO:<w[0-9a-f]{16}@army\.ml>", one) for one in recipients)


async def test_nothing_connects_to_an_address_that_is_not_global():
    async with SmtpDialogue({}) as server:
        probe = SmtpProbe(is_global, port=server.port)
        for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "localhost"):
            probed = await probe.probe(_NAME, "mx.army.ml", address)
            assert probed.outcome is ProbeOutcome.TIMEOUT
            assert "not global" in probed.reply
    assert server.heard == []


async def test_where_nobody_listens_the_outcome_is_closed():
    async with SmtpDialogue({}) as server:
        port = server.port
    probe = SmtpProbe(lambda _: True, port=port)
    assert (await probe.probe(_NAME, "mx.army.ml", "127.0.0.1")).outcome is ProbeOutcome.CLOSED


async def test_what_a_server_says_is_shown_on_one_short_harmless_line():
    async with SmtpDialogue({"RCPT": "550 \x1b[31m\u202e" + "a" * 900}) as server:
        probed = await _probed(server)
    assert len(probed.reply) <= 200
    assert probed.reply.isprintable()
