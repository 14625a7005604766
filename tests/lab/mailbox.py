"""The mailbox: an aiosmtpd server on port 25 of the lab's exchange addresses that takes everything for anybody."""

import asyncio
import threading
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.lab.addresses import MAILBOX, MAILBOX_V6, SECOND_MAILBOX
from tests.lab.processes import await_condition


class Mailbox:
    """Keeps `(recipients, message)` of everything that was delivered; a context manager with a thread of its own."""

    def __init__(self, addresses: Sequence[str] = (MAILBOX, SECOND_MAILBOX, MAILBOX_V6), port: int = 25) -> None:
        self._addresses = addresses
        self._port = port
        self._received: list[tuple[tuple[str, ...], EmailMessage]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(60)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def delivered_to(self, recipient: str) -> list[EmailMessage]:
        """The messages delivered to this address so far, oldest first."""
        return [message for recipients, message in list(self._received) if recipient in recipients]

    def await_message(self, recipient: str, *, seconds: float = 120) -> EmailMessage:
        """The first message to this address; raises LabError when none comes."""
        await_condition(lambda: bool(self.delivered_to(recipient)), f"a message to {recipient}", seconds=seconds)
        return self.delivered_to(recipient)[0]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        """Called by aiosmtpd."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = message_from_bytes(content, policy=policy.default)
        self._received.append((tuple(envelope.rcpt_tos), message))
        return "250 taken"

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: SMTP(self, hostname="mailbox.lab", loop=self._loop), host=list(self._addresses), port=self._port
        )

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
