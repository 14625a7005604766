"""The outside world but the DNS: people's Slack and mailbox, and registries, in a thread so that a test may wait."""

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from tests.e2e.background import Background
from tests.fakes import mail_server, slack_receiver
from tests.fakes.mail_server import MailServer
from tests.fakes.post_receiver import Post, PostReceiver
from tests.fakes.rdap_server import RdapServer
from tests.fakes.registered import RegisteredDomains
from tests.fakes.slack_receiver import SlackReceiver
from tests.fakes.whois_server import WhoisServer

RDAP_SUFFIXES = ("ml", "com", "org", "net", "co", "cm")
WHOIS_SUFFIXES = ("il", "mil")
"""Registries that have no RDAP."""


MORE = {
    "teams": "WATCHER_ALERTS__TEAMS__URL",
    "mattermost": "WATCHER_ALERTS__MATTERMOST__URL",
    "ntfy": "WATCHER_ALERTS__NTFY__URL",
}
"""More channels that people read, with the setting of each."""

T = TypeVar("T")


class Outside(Background):
    """`slack`, `mail`, `rdap` and `whois` as the fakes are, listening while the context lasts.

    The registries misbehave now and then, as registries do. `faulty`: half of the messages are refused at first, too.
    `more`: people read Teams, Mattermost and ntfy as well, each as unreliable as the others (`posts`).
    """

    def __init__(self, *, faulty: bool = False, more: bool = False) -> None:
        self.registered = RegisteredDomains()
        self.faulty = faulty
        self.slack = SlackReceiver(faults=self._while_faulty(slack_receiver.half_of_the_time()))
        self.mail = MailServer(security="plain", login=False, faults=self._while_faulty(mail_server.half_of_the_time()))
        self.rdap = RdapServer(self.registered, faulty=True)
        self.whois = WhoisServer(self.registered, faulty=True)
        self.posts = {name: PostReceiver(self._refusal(name)) for name in MORE} if more else {}
        super().__init__(self.slack, self.mail, self.rdap, self.whois, *self.posts.values())

    def _refusal(self, name: str) -> Callable[[Post], int | None]:
        """Return a judge that refuses half of the posts while it is faulty, in a pattern of the channel's own."""
        dice = random.Random(name)
        return lambda _: dice.choice((429, 500, 503)) if self.faulty and dice.random() < 0.5 else None

    def _while_faulty(self, faults: Iterator[T]) -> Iterator[T | None]:
        """The faults, until `faulty` is taken back."""
        for fault in faults:
            yield fault if self.faulty else None

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
            **{MORE[name]: receiver.url for name, receiver in self.posts.items()},
            **({"WATCHER_ALERTS__NTFY__TOPIC": "mail"} if "ntfy" in self.posts else {}),
        }

    def posted(self, channel: str, name: str) -> list[str]:
        """The alert ids of the posts to `channel` that mention `name`, in the order they were taken."""
        texts = [json.dumps(json.loads(post.body), ensure_ascii=False) for post in list(self.posts[channel].accepted)]
        plain = [text.replace("\\", "") for text in texts]  # each has its own way to escape the dots and brackets
        return [re.findall(r"watcher alert ([0-9a-f-]{36})", text)[-1] for text in plain if mentions(text, name)]

    def pages(self, name: str) -> list[str]:
        """The alert ids of the Slack messages that mention `name`, in the order they were taken."""
        return [message.alert_id for message in list(self.slack.accepted) if mentions(message.text, name)]

    def mails(self, name: str) -> list[str]:
        """The alert ids of the mails that mention `name`."""
        return [delivered.alert_id for delivered in list(self.mail.accepted) if mentions(mail_text(delivered), name)]

    def texts(self, name: str) -> str:
        """Every Slack message about `name`, for a failure's report."""
        return "\n\n".join(message.text for message in list(self.slack.accepted) if mentions(message.text, name))


def mail_text(delivered: mail_server.Delivered) -> str:
    """Subject and plain text of a mail."""
    body = delivered.mail.get_body(("plain",))
    return fanged(f"{delivered.mail['Subject']}\n{body.get_content() if body else ''}")


def fanged(text: str) -> str:
    """Names as they are: messages show them so that nobody clicks on them (`army[.]ml`), the slip marked (`‹a›rmy.mil`)."""
    return text.replace("[.]", ".").replace("‹", "").replace("›", "")


def mentions(text: str, name: str) -> bool:
    """Whether `name` itself is in `text`, and not only as a part of another name."""
    return re.search(rf"(?<![a-z0-9-]){re.escape(name)}(?![a-z0-9-]|\.[a-z])", fanged(text)) is not None
