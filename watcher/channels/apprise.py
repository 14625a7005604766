"""Apprise: the words of an alert through whatever Apprise can reach; an extra, `pip install 'mx-watcher[apprise]'`.

One message for each URL. Apprise says of a failure no more than that it failed, so all of them are tried again.
"""

import asyncio
import logging
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pydantic import Field, SecretStr, field_validator

from watcher.channels.form import Means, Setting, word
from watcher.core.errors import ConfigurationError, DeliveryFailed
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import Alert
from watcher.core.telling.hook_progress import HookProgress
from watcher.core.telling.plain_text import text
from watcher.sections import Section

NAME = "apprise"
FOR_PEOPLE = True


class AppriseSettings(Section):
    """Whatever Apprise can reach; needs the extra: `pip install 'mx-watcher[apprise]'`."""

    urls: tuple[SecretStr, ...] = Field(default=(), description="Apprise URLs, one message through each")

    @field_validator("urls", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return value.split() if isinstance(value, str) else value

    @property
    def configured(self) -> bool:
        """Return whether there is anything to send to."""
        return bool(self.urls)


_SETTING = "alerts.apprise.urls"
_TITLE = 200


class Apprise:
    """Everything in `urls`; `timeout` is the time limit of each in seconds.

    Raises ConfigurationError when Apprise is not installed or does not understand a URL; the URL is never repeated.
    """

    name = NAME
    every_event = False

    def __init__(self, *, urls: Sequence[str], timeout: float = 15.0) -> None:
        try:
            library: Any = import_module("apprise")
        except ImportError:
            raise ConfigurationError(_SETTING, "needs Apprise: pip install 'mx-watcher[apprise]'") from None
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines may hold the URL, which is the secret
        asset = library.AppriseAsset(
            app_id="watcher", app_desc="watcher", secure_logging=True, http_redirects=False, allow_templates=False
        )
        self._ways: list[Any] = []
        for number, url in enumerate(urls, start=1):
            way = library.Apprise(asset=asset)
            if not way.add(url):
                raise ConfigurationError(_SETTING, f"Apprise does not understand number {number}")
            self._ways.append(way)
        if not self._ways:
            raise ConfigurationError(_SETTING, "name at least one URL")
        self._timeout = timeout
        self._format = library.NotifyFormat.TEXT
        self._sorts = {
            Severity.CRITICAL: library.NotifyType.FAILURE,
            Severity.HIGH: library.NotifyType.FAILURE,
            Severity.MEDIUM: library.NotifyType.WARNING,
        }
        self._info = library.NotifyType.INFO
        self._progress = HookProgress()

    def __repr__(self) -> str:
        return f"Apprise({len(self._ways)})"

    async def send(self, alert: Alert) -> None:
        """Return when every URL took the message. Raises DeliveryFailed; the next try leaves out those that took it."""
        words = word(alert)
        title, body = f"[watcher] {words.subject}"[:_TITLE], text(words)
        failed = []
        for number, way in enumerate(self._ways, start=1):
            if not self._progress.has(alert, str(number)):
                if await self._through(way, title, body, self._sorts.get(words.severity, self._info)):
                    self._progress.accepted(alert, str(number))
                else:
                    failed.append(number)
        if failed:
            numbers = ", ".join(map(str, failed))
            raise DeliveryFailed(f"apprise: not accepted by number {numbers} of {len(self._ways)} in {_SETTING}")
        self._progress.end(alert)

    async def _through(self, way: Any, title: str, body: str, sort: Any) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                return bool(await way.async_notify(title=title, body=body, notify_type=sort, body_format=self._format))
        except Exception:  # noqa: BLE001 (a hundred services behind one library: whatever it raises is a failure)
            return False


SETTING = Setting(AppriseSettings, AppriseSettings())


def make(settings: AppriseSettings, means: Means) -> Apprise | None:  # noqa: ARG001 (every channel is made alike)
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    if not settings.urls:
        return None
    return Apprise(urls=[url.get_secret_value() for url in settings.urls])
