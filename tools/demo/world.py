"""The demo's world on loopback: DNS, registries, a Slack receiver and a mail server; and what changes in it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Self, TypeVar

from tests.fakes.dns_server import DnsServer
from tests.fakes.mail_server import Delivered, MailServer
from tests.fakes.rdap_server import RdapServer
from tests.fakes.registered import RegisteredDomains
from tests.fakes.slack_receiver import Message, SlackReceiver
from tests.fakes.whois_server import WhoisServer
from tools.demo.service import DemoError

PROTECTED = "army.mil"
LOOKALIKE = "army.ml"

SOA = "@ 1 SOA ns1.hosting.net. hostmaster.hosting.net. 1 3600 600 86400 1\n@ 1 NS ns1.hosting.net.\n"
"""Every zone begins so: one second of memory, so that a change is seen at once."""

SUFFIXES = ("com", "il", "mil", "ml", "net", "org")
EXISTING = {
    "army.mil": "@ 1 MX 10 mail\nmail 1 A 140.153.43.44\n",
    "hosting.net": "ns1 1 A 185.199.108.10\nmx 1 A 185.199.108.25\nweb 1 A 185.199.108.80\n",
    "army.com": "@ 1 MX 10 mx.hosting.net.\n",
    "army.org": "@ 1 A 185.199.108.80\n",
    "army.net": "@ 1 MX 0 .\n",
    "army.il": "@ 1 MX 10 localhost.\n",
}
"""Lookalikes that are there already: with an exchange, with an address only, with a null MX, pointing at the sender.
Nothing connects to these addresses."""

Taken = TypeVar("Taken")


class World:
    """`async with` starts everything on ports of the system's choice."""

    def __init__(self) -> None:
        zones = dict.fromkeys(SUFFIXES, SOA) | {name: SOA + records for name, records in EXISTING.items()}
        self.registered = RegisteredDomains()
        for name in EXISTING:
            self.registered.register(name)
        self.dns = DnsServer(zones)
        self.dns.logging = False
        self.rdap = RdapServer(self.registered)
        self.whois = WhoisServer(self.registered)
        self.slack = SlackReceiver()
        self.mail = MailServer(security="plain", login=False)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as running:
            for server in (self.dns, self.rdap, self.whois, self.slack, self.mail):
                await running.enter_async_context(server)
            self._running = running.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    def settings(self) -> dict[str, str]:
        """What the service is told: where this world is, and that its minutes are seconds."""
        return {
            "WATCHER_DNS__RESOLVERS": json.dumps([self.dns.address]),
            "WATCHER_DNS__MAX_RATE": "1000",
            "WATCHER_SWEEP__TIERS": '[[200, "2s"], [2000, "20s"]]',
            "WATCHER_CONFIRM__DELAY": "2s",
            "WATCHER_CONFIRM__LOSS_GAP": "2s",
            "WATCHER_ALERTS__GROUP_WAIT": "1s",
            "WATCHER_ALERTS__SLACK__WEBHOOK_URL": self.slack.webhook_url,
            "WATCHER_ALERTS__EMAIL__SMTP_URL": self.mail.url,
            "WATCHER_ALERTS__EMAIL__FROM": "watcher@defence.example",
            "WATCHER_ALERTS__EMAIL__TO": '["mail-watch@defence.example"]',
            "WATCHER_REGISTRATION__RDAP_SERVERS": json.dumps(dict.fromkeys(("com", "ml", "net", "org"), self.rdap.url)),
            "WATCHER_REGISTRATION__WHOIS_SERVERS": json.dumps({"il": self.whois.address, "mil": self.whois.address}),
            "WATCHER_REGISTRATION__MAX_RATE": "20",
        }

    def register(self, name: str) -> None:
        """`name` is registered today, with nameservers and nothing else."""
        self.registered.register(name, registrar="Quick Names Ltd", created=datetime.now(UTC))
        self.dns.load(name, SOA)

    def gain_exchange(self, name: str) -> None:
        """`name` gains an MX."""
        self.dns.load(name, SOA + "@ 1 MX 10 mx\nmx 1 A 185.199.108.66\n")

    async def await_slack(self, name: str, *, after: int) -> Message:
        """The first Slack message about `name` behind the first `after`; raises DemoError when none comes."""
        return await _first(
            self.slack.accepted, after, lambda message: name in _fanged(message.text), "a Slack message"
        )

    async def await_mail(self, name: str, *, after: int) -> Delivered:
        """The first mail about `name` behind the first `after`; raises DemoError when none comes."""
        return await _first(
            self.mail.accepted, after, lambda mail: name in _fanged(str(mail.mail["Subject"])), "a mail"
        )


def _fanged(text: str) -> str:
    """Names as they are: messages show them so that nobody clicks on them (`army[.]ml`)."""
    return text.replace("[.]", ".")


async def _first(
    taken: Sequence[Taken], after: int, fits: Callable[[Taken], bool], what: str, *, seconds: float = 30
) -> Taken:
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        for one in taken[after:]:
            if fits(one):
                return one
        await asyncio.sleep(0.05)
    raise DemoError(f"{what} did not come within {seconds:g} s")
