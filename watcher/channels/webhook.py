"""A webhook of your own: each event as one signed POST, by the rules of Standard Webhooks (version 1.0.0).

`webhook-id` is the event's id, the same on every try, by which a receiver knows what it already has.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Self

from aiohttp.abc import AbstractResolver
from pydantic import Field, SecretStr, model_validator

from watcher.channels.form import Means, Proxy, Setting
from watcher.channels.posting import Poster, Reply, reason_of
from watcher.checks import VOCABULARY
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from watcher.core.shapes.hooks import HookMessage, hook_messages
from watcher.core.telling.alerts import Alert
from watcher.core.telling.hook_progress import TURN_SECONDS, HookProgress
from watcher.sections import Section, secret_text

NAME = "webhook"


class WebhookSettings(Section):
    """A webhook of your own: signed events as JSON (Standard Webhooks)."""

    url: SecretStr | None = Field(default=None, description="Where events are posted, `https://...`")
    secret: SecretStr | None = Field(default=None, description="Signs them: `whsec_` and 24 to 64 bytes in Base64")
    previous_secret: SecretStr | None = Field(
        default=None, description="The old secret, which signs too while receivers change over"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.url) != bool(self.secret):
            raise ValueError("url and secret go together; `openssl rand -base64 32` makes one, put whsec_ before it")
        if self.previous_secret and not self.secret:
            raise ValueError("previous_secret needs secret")
        return self

    @property
    def configured(self) -> bool:
        """Return whether there is anything to send to."""
        return self.url is not None


_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_PERMANENT = frozenset({400, 410, 413, 415, 422})
"""Said about the message or by a receiver that is gone for good. What a proxy, a login or a deployment may say is
tried again: it must not cost an alert."""


class Webhook:
    """A receiver at `url`. `secrets` sign, the current one first; while they change over there are two.

    `timeout` is the time limit of one POST in seconds; a try goes on to the next event for `turn` seconds.
    Raises ConfigurationError for what cannot be used.
    """

    name = NAME
    every_event = True

    def __init__(
        self,
        *,
        url: str,
        secrets: Sequence[str],
        timeout: float = 15.0,
        proxy: Proxy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        system: AbstractResolver | None = None,
        turn: float = TURN_SECONDS,
    ) -> None:
        if not secrets:
            raise ConfigurationError("alerts.webhook.secret", "without a secret nobody can tell our events from others")
        self._keys = tuple(key_of(secret) for secret in secrets)
        self._poster = Poster(
            NAME,
            url,
            setting="alerts.webhook.url",
            example="https://soc.army.mil/hooks/watcher",
            timeout=timeout,
            proxy=proxy,
            system=system,
        )
        self._now = now
        self._turn = turn
        self._progress = HookProgress()

    def __repr__(self) -> str:
        return "Webhook()"

    async def send(self, alert: Alert) -> None:
        """Return when every event was accepted with a status of 200 to 299. Raises DeliveryFailed, DeliveryRejected.

        Events are posted one after another, oldest first; the next try goes on with the first that was not accepted.
        """
        time = asyncio.get_running_loop().time
        end, went = time() + self._turn, False
        for message in hook_messages(alert, VOCABULARY):
            if self._progress.has(alert, message.id):
                continue
            if went and time() > end:
                raise DeliveryFailed(f"{NAME}: accepted so far, the rest follows", progressed=True)
            timestamp = int(self._now().timestamp())
            headers = {
                "Content-Type": "application/json",
                "webhook-id": message.id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": " ".join(signature(key, message, timestamp) for key in self._keys),
                "watcher-alert": alert.id,
            }
            _judge(await self._poster.post(message.body, headers))
            self._progress.accepted(alert, message.id)
            went = True
        self._progress.end(alert)


def _judge(reply: Reply) -> None:
    if reply.accepted:
        return
    if reply.status in _PERMANENT:
        gone = reply.status == 410  # noqa: PLR2004 (RFC 9110 15.5.11: the receiver is there no more)
        raise DeliveryRejected(
            f"webhook: the receiver refused it (status {reply.status})", mendable=gone, reason=reason_of(reply.status)
        )
    redirect = ", a redirect, which is not followed" if 300 <= reply.status < 400 else ""  # noqa: PLR2004
    raise DeliveryFailed(
        f"webhook: not accepted (status {reply.status}{redirect})", reply.retry_after, reason=reason_of(reply.status)
    )


def key_of(secret: str) -> bytes:
    """Return the key that `whsec_...` stands for. Raises ConfigurationError, which never repeats the secret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.strip().startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise ConfigurationError(
            "alerts.webhook.secret", "it is whsec_ and 24 to 64 bytes in Base64; `openssl rand -base64 32` makes them"
        )
    return key


def signature(key: bytes, message: HookMessage, timestamp: int) -> str:
    """`v1,` and the Base64 of the HMAC-SHA256 of id, time and body."""
    signed = f"{message.id}.{timestamp}.".encode() + message.body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


SETTING = Setting(WebhookSettings, WebhookSettings())


def make(settings: WebhookSettings, means: Means) -> Webhook | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    if settings.url is None:
        return None
    secrets = filter(None, map(secret_text, (settings.secret, settings.previous_secret)))
    return Webhook(url=settings.url.get_secret_value(), secrets=tuple(secrets), proxy=means.proxy)
