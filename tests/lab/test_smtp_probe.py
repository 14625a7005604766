"""The SMTP probe against real mail servers: Postfix in its ways of saying no, and a mailbox that takes everything."""

import asyncio

import pytest

from tests.lab.addresses import BLOCKING, MAILBOX, NOBODY, RECEIVING, RESOLVER, UNREACHABLE
from tests.lab.mailbox import Mailbox
from tests.lab.postfix import Postfix
from tests.lab.world import World
from watcher import checks
from watcher.core.mail.look import Look
from watcher.core.mail.probing import ProbeOutcome
from watcher.core.mail.risk import Severity, rate
from watcher.core.mail.verdict import Ability, Flag
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.resolver import CarefulResolver, parse_server
from watcher.lookups.smtp_probe import SmtpProbe
from watcher.services.looks.examine import Examiner, LookOptions


async def _look(name: str) -> Look:
    resolver = CarefulResolver([parse_server(RESOLVER)], timeout=5)
    prober = SmtpProbe(is_global, timeout=8)
    examiner = Examiner(
        resolver, SystemClock(), load_suffixes(), checks.ALL, lambda: "nobody-has-7c1f9e", prober=prober
    )
    try:
        return await examiner.look(parse(name), LookOptions(probe=True))
    finally:
        resolver.close()


@pytest.mark.parametrize(
    ("name", "address", "outcome", "flags", "severity"),
    [
        ("rejecting.com", RECEIVING, ProbeOutcome.REJECTS_UNKNOWN, {Flag.REJECTS_UNKNOWN}, Severity.HIGH),
        ("accepting.com", RECEIVING, ProbeOutcome.ACCEPTS_ANY, {Flag.ACCEPTS_ANY}, Severity.CRITICAL),
        ("relayed.com", RECEIVING, ProbeOutcome.REFUSES, {Flag.REFUSES}, Severity.MEDIUM),
        ("blocked.com", BLOCKING, ProbeOutcome.REFUSES, {Flag.REFUSES}, Severity.MEDIUM),
        ("open.com", MAILBOX, ProbeOutcome.ACCEPTS_ANY, {Flag.ACCEPTS_ANY}, Severity.CRITICAL),
        ("shut.com", NOBODY, ProbeOutcome.CLOSED, {Flag.CLOSED}, Severity.MEDIUM),
        ("far.com", UNREACHABLE, ProbeOutcome.TIMEOUT, set(), Severity.MEDIUM),
    ],
)
def test_what_a_mail_server_says_of_an_implicit_exchange_decides_how_bad_it_is(
    *,
    world: World,
    postfix: Postfix,
    mailbox: Mailbox,
    name: str,
    address: str,
    outcome: ProbeOutcome,
    flags: set[Flag],
    severity: Severity,
) -> None:
    world.host(name, f"@ A {address}\n")
    try:
        look = asyncio.run(_look(name))
    finally:
        world.remove(name)
    assert look.probed is not None
    assert look.probed.outcome is outcome, look.probed
    assert look.verdict.ability is Ability.ABLE
    assert set(look.verdict.flags) == flags
    assert rate(look.verdict, rank=None).severity is severity
    assert mailbox.delivered_to(f"anybody@{name}") == []
