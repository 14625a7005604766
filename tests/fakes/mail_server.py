"""A mail server of our own on loopback: STARTTLS with a certificate made at run time, login, faults; records messages.

with MailServer() as mail:
    mail.next(450, 550)                              # replies to the next two messages, instead of taking them
    ... Email(smtp_url=mail.url, tls=mail.trust, ...) ...
    mail.accepted                                    # the messages it took, in order
"""

import asyncio
import logging
import random
import ssl
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER = "watcher"
PASSWORD = "correct horse/battery@staple"
ENCODED_PASSWORD = "correct%20horse%2Fbattery%40staple"
SENDER = "watcher@army.mil"
RECIPIENT = "soc@army.mil"


def half_of_the_time(seed: int = 1) -> Iterator[int | None]:
    """For ever: about half of the messages are put off, in a pattern that the seed decides."""
    dice = random.Random(seed)
    while True:
        yield dice.choice((421, 450, 451, 452)) if dice.random() < 0.5 else None


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message that was taken, with what the session was like."""

    envelope_from: str
    recipients: tuple[str, ...]
    content: bytes
    over_tls: bool
    user: str | None

    @property
    def mail(self) -> EmailMessage:
        """The message, parsed."""
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def alert_id(self) -> str:
        return str(self.mail["X-Watcher-Alert"])


class MailServer:
    """Starts with `async with`, or `start` and `stop`; listens on 127.0.0.1, on `port` or one of the system's choice.

    `security`: `starttls`, `tls`, or `plain`. `certificate_for` is the name in the certificate: another than localhost
    makes a wrong one. `refused` are recipients with the reply code they get.
    """

    def __init__(
        self,
        *,
        security: str = "starttls",
        certificate_for: str = "localhost",
        login: bool = True,
        port: int = 0,
        faults: Iterator[int | None] | None = None,
        refused: dict[str, int] | None = None,
    ) -> None:
        self.accepted: list[Delivered] = []
        self.tries = 0
        self._login = login
        self._security = security
        self._faults = faults
        self._refused = refused or {}
        self._next: deque[int] = deque()
        authority = trustme.CA()
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(certificate_for).configure_cert(served)
        self.trust = ssl.create_default_context()
        """What a client needs to trust this server."""
        authority.configure_trust(self.trust)
        self._authority = authority
        self._served = served
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: list[SMTP] = []

    def authority_file(self, folder: Any) -> str:
        """The authority's certificate as a file in `folder`, for `SSL_CERT_FILE`."""
        path = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(path)
        return str(path)

    def next(self, *codes: int) -> None:
        """The next messages get these replies, before the pattern of faults goes on."""
        self._next.extend(codes)

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """The `smtp_url` of this server, login and all."""
        who = f"{USER}:{ENCODED_PASSWORD}@" if self._login else ""
        if self._security == "tls":
            return f"smtps://{who}localhost:{self.port}"
        return f"smtp://{who}localhost:{self.port}?starttls={'never' if self._security == 'plain' else 'required'}"

    async def start(self) -> None:
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own deprecated field each time
        loop = asyncio.get_running_loop()
        tls = self._served if self._security == "tls" else None
        self._server = await loop.create_server(self._session, "127.0.0.1", self._port, ssl=tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for session in self._sessions:
            if session.transport is not None:
                session.transport.abort()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _session(self) -> SMTP:
        tls: dict[str, Any] = {"tls_context": self._served, "require_starttls": True}
        with warnings.catch_warnings():
            # "plain" takes a login without TLS on purpose, which aiosmtpd warns of
            warnings.simplefilter("ignore", UserWarning)
            session = SMTP(
                self,
                hostname="mail.test",
                authenticator=self._authenticate if self._login else None,
                auth_required=self._login,
                auth_require_tls=self._security == "starttls",
                **(tls if self._security == "starttls" else {}),
            )
        self._sessions.append(session)
        return session

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, auth_data=USER if right else None, handled=False)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        code = self._refused.get(address)
        if code is not None:
            return f"{code} not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tries += 1
        code = self._next.popleft() if self._next else next(self._faults, None) if self._faults else None
        if code is not None:
            return f"{code} not now\r\n" if code != 0 else "250 OK"
        self.accepted.append(
            Delivered(
                envelope.mail_from or "",
                tuple(envelope.rcpt_tos),
                bytes(envelope.content or b""),
                session.ssl is not None or self._security == "tls",
                session.auth_data,
            )
        )
        return "250 OK"
