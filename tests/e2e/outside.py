"""The outside world but the DNS: people's Slack and mailbox, and registries, in a thread so that a test may wait."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Self

from tests.fakes import mail_server, slack_receiver
from tests.fakes.mail_server import MailServer
from tests.fakes.rdap_server import RdapServer
from tests.fakes.registered import RegisteredDomains
from tests.fakes.slack_receiver import SlackReceiver
from tests.fakes.whois_server import WhoisServer

RDAP_SUFFIXES = ("ml", "com", "org", "net", "co", "cm")
WHOIS_SUFFIXES = ("il", "mil")
"""Registries that have no RDAP."""


class Outside:
    """`slack`, `mail`, `rdap` and `whois` as the fakes are, listening while the context lasts.

    The registries misbehave now and then, as registries do. `faulty`: half of the messages are refused at first, too.
    """

    def __init__(self, *, faulty: bool = False) -> None:
        self.registered = RegisteredDomains()
        self._faulty = faulty
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.slack: SlackReceiver
        self.mail: MailServer
        self.rdap: RdapServer
        self.whois: WhoisServer

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def settings(self) -> dict[str, str]:
        """What the service is told about it."""
        rdap = ", ".join(f'"{suffix}": "{self.rdap.url}"' for suffix in RDAP_SUFFIXES)
        whois = ", ".join(f'"{suffix}": "{self.whois.address}"' for suffix in WHOIS_SUFFIXES)
        return {
            "WATCHER_ALERTS__SLACK__WEBHOOK_URL": self.slack.webhook_url,
            "WATCHER_ALERTS__EMAIL__SMTP_URL": self.mail.url,
            "WATCHER_ALERTS__EMAIL__FROM": "watcher@lab.invalid",
            "WATCHER_ALERTS__EMAIL__TO": '["defenders@lab.invalid"]',
            "WATCHER_REGISTRATION__RDAP_SERVERS": f"{{{rdap}}}",
            "WATCHER_REGISTRATION__WHOIS_SERVERS": f"{{{whois}}}",
            "WATCHER_REGISTRATION__MAX_RATE": "50",
        }

    def pages(self, name: str) -> list[str]:
        """The alert ids of the Slack messages that mention `name`, in the order they were taken."""
        return [message.alert_id for message in list(self.slack.accepted) if name in message.text]

    def mails(self, name: str) -> list[str]:
        """The alert ids of the mails that mention `name`."""
        return [delivered.alert_id for delivered in list(self.mail.accepted) if name in mail_text(delivered)]

    async def _start(self) -> None:
        slack_faults: Iterator[Any] | None = slack_receiver.half_of_the_time() if self._faulty else None
        mail_faults: Iterator[Any] | None = mail_server.half_of_the_time() if self._faulty else None
        self.slack = SlackReceiver(faults=slack_faults)
        self.mail = MailServer(security="plain", login=False, faults=mail_faults)
        self.rdap = RdapServer(self.registered, faulty=True)
        self.whois = WhoisServer(self.registered, faulty=True)
        for server in (self.slack, self.mail, self.rdap, self.whois):
            await server.start()

    async def _stop(self) -> None:
        for server in (self.slack, self.mail, self.rdap, self.whois):
            await server.stop()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(15)


def mail_text(delivered: mail_server.Delivered) -> str:
    """Subject and plain text of a mail."""
    body = delivered.mail.get_body(("plain",))
    return f"{delivered.mail['Subject']}\n{body.get_content() if body else ''}"
