"""E-mail: an alert as text and HTML, through one SMTP server with STARTTLS or TLS and login.

Every try of an alert carries the same Message-ID, and alerts of one group share a thread. Headers are made by the
standard library from cleaned one-line text, so that nothing from outside can add a header.
"""

import hashlib
import json
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from watcher.channels.form import Means, Setting, word
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected, FailureReason, WatcherError
from watcher.core.mail.risk import Severity
from watcher.core.ports import Memory
from watcher.core.telling.alerts import Alert, AlertKind
from watcher.core.telling.plain_text import text
from watcher.core.telling.wording import Wording
from watcher.sections import Section

NAME = "email"
FOR_PEOPLE = True


class EmailSettings(Section):
    """Mail to people."""

    smtp_url: SecretStr | None = Field(
        default=None, description="`smtp://user:pass@host:587?starttls=required`, or `smtps://...`"
    )
    sender: str | None = Field(default=None, alias="from", description="Envelope and header sender")
    to: tuple[str, ...] = Field(default=(), description="Recipients")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @field_validator("to", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.smtp_url and not (self.sender and self.to):
            raise ValueError("smtp_url needs from and to")
        return self

    @property
    def configured(self) -> bool:
        """Return whether there is anything to send to."""
        return self.smtp_url is not None


_SETTING = "alerts.email.smtp_url"
_SUBJECT = 200
_QUIT_SECONDS = 3.0
_LOGIN_CODES = frozenset({530, 534, 535, 538})  # RFC 4954 6


class Security(StrEnum):
    """The protection of the connection."""

    STARTTLS = "required"
    OPTIONAL = "optional"
    NONE = "never"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The server that takes our mail. The password is in no representation."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Return the server of `smtp://user:password@host:587?starttls=required` (or `optional`, `never`) or `smtps://...`.

    User and password are percent-encoded. Raises ConfigurationError, which never repeats the URL.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        options = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _unusable("not a URL; it looks like smtp://user:password@host:587?starttls=required") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"} or parts.fragment:
        raise _unusable("it looks like smtp://user:password@host:587?starttls=required; encode / ? # @ in the password")
    if options.keys() - {"starttls"}:
        raise _unusable("only ?starttls=required, optional or never is understood after the host")
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password is not None else None
    if (username is None) != (password is None):
        raise _unusable("user and password go together")
    if parts.scheme == "smtps":
        if options:
            raise _unusable("smtps:// is TLS from the start and takes no starttls")
        return SmtpServer(parts.hostname, port or 465, Security.TLS, username, password)
    try:
        security = Security(options.get("starttls", ["required"])[-1])
    except ValueError:
        raise _unusable("starttls is required, optional or never") from None
    if security is Security.TLS:
        raise _unusable("starttls is required, optional or never; for TLS from the start write smtps://")
    if security is Security.OPTIONAL and username is not None:
        raise _unusable("with a password, starttls is required (or never, inside a network you trust)")
    return SmtpServer(parts.hostname, port or 587, security, username, password)


def _unusable(why: str) -> ConfigurationError:
    return ConfigurationError(_SETTING, why)


class Email:
    """Mail to people, from `sender` to all of `to`; `tls` replaces the system's trust (a private authority).

    `timeout` is the time limit of each SMTP command in seconds. Raises ConfigurationError for what cannot be used.
    """

    name = NAME
    every_event = False

    def __init__(
        self,
        *,
        smtp_url: str,
        sender: str,
        to: Sequence[str],
        tls: ssl.SSLContext | None = None,
        timeout: float = 20.0,
        memory: Memory | None = None,
    ) -> None:
        self._server = parse_smtp_url(smtp_url)
        self._sender = _address(sender, "alerts.email.from")
        self._to = tuple(_address(address, "alerts.email.to") for address in to)
        if not self._to:
            raise ConfigurationError("alerts.email.to", "name at least one recipient")
        self._tls = tls
        self._timeout = timeout
        self._memory = memory

    def __repr__(self) -> str:
        return f"Email({self._server.host}:{self._server.port} to {len(self._to)})"

    async def send(self, alert: Alert) -> None:
        """Return when the server has taken the message for every recipient. Raises DeliveryFailed, DeliveryRejected.

        Recipients for whom the server took it are remembered and left out of the next try. Refused for some, and taken
        for the others, is DeliveryRejected: the operator has to know.
        """
        mail = message(alert, self._sender, self._to)
        everybody = [address.addr_spec for address in self._to]
        key = f"{NAME}:accepted:{alert.id}"
        have = set(json.loads(await self._memory.get(key) or "[]")) if self._memory is not None else set()
        recipients = [recipient for recipient in everybody if _digest(recipient) not in have]
        if not recipients:
            return
        try:
            refused = await self._hand_in(mail, recipients)
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((answer.code for answer in error.recipients), key=_is_temporary)
            if have:
                raise _judged(code, f"{len(recipients)} of {len(everybody)} recipients", partly=True) from None
            raise _judged(code, "every recipient", mendable=True) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error) from None
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            raise DeliveryFailed(
                f"email: no answer within {self._timeout:.0f} s", reason=FailureReason.TIMEOUT
            ) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(f"email: {_sort_of(error)}", reason=FailureReason.UNREACHABLE) from None
        if refused:
            codes = [code for code, _ in refused.values()]
            have |= {_digest(recipient) for recipient in recipients if recipient not in refused}
            with suppress(WatcherError):  # it is accepted for them: at worst they get it once more
                await self._remember(key, json.dumps(sorted(have)))
            what = f"{len(everybody) - len(have)} of {len(everybody)} recipients"
            raise _judged(max(codes, key=_is_temporary), what, partly=True)
        if have:
            with suppress(WatcherError):
                await self._remember(key, None)

    async def _remember(self, key: str, value: str | None) -> None:
        if self._memory is not None:
            await self._memory.put(key, value)

    async def _hand_in(self, mail: EmailMessage, recipients: list[str]) -> dict[str, tuple[int, str]]:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=self._sender.domain,  # never this machine's name, which is nobody's business
            timeout=self._timeout,
            use_tls=server.security is Security.TLS,
            start_tls={Security.STARTTLS: True, Security.OPTIONAL: None}.get(server.security, False),
            tls_context=self._tls or (None if server.security is Security.NONE else ssl.create_default_context()),
        )
        try:
            await client.connect()
            errors, _ = await client.send_message(mail, sender=self._sender.addr_spec, recipients=recipients)
            with suppress(aiosmtplib.SMTPException, OSError):  # it is accepted: nothing after that may fail the try
                await client.quit(timeout=_QUIT_SECONDS)
        finally:
            client.close()
        return {recipient: (response.code, response.message) for recipient, response in errors.items()}


def _judged(code: int, what: str, *, mendable: bool = False, partly: bool = False) -> DeliveryFailed:
    """Return the error that says what a reply code means; the server's words are left out, they may hold anything."""
    if _is_temporary(code):
        return DeliveryFailed(f"email: the server put off {what} ({code})", partly_accepted=partly)
    reason = FailureReason.AUTH if code in _LOGIN_CODES else FailureReason.CLIENT
    return DeliveryRejected(f"email: the server refused {what} ({code})", mendable=mendable, reason=reason)


def _is_temporary(code: int) -> bool:
    """RFC 5321 4.2.1: only 5yz is final. 503 and 421 are the connection's fault, not the message's."""
    return not 500 <= code <= 599 or code == 503  # noqa: PLR2004


def _answered(error: aiosmtplib.SMTPResponseException) -> DeliveryFailed:
    """Return the error that a reply means. One before the login is about the connection: it never drops an alert."""
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return _judged(error.code, "the login", mendable=True)
        case aiosmtplib.SMTPSenderRefused():
            return _judged(error.code, "the sender", mendable=True)
        case aiosmtplib.SMTPDataError():
            return _judged(error.code, "the message")
        case _:
            return DeliveryFailed(f"email: the server takes no mail now ({error.code})")


def _sort_of(error: Exception) -> str:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({cause.verify_message})"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed ({cause.reason or type(cause).__name__})"
    if isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in str(error):
        return "the server offers no STARTTLS; if it is TLS from the start, write smtps://"
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return "the server offers no login that we know"
    if isinstance(cause, OSError) and cause.strerror:
        return f"cannot connect ({cause.strerror})"
    return type(error).__name__.removeprefix("SMTP")


def message(alert: Alert, sender: Address, to: Sequence[Address]) -> EmailMessage:
    """Return the mail of `alert`, the same bytes on every try."""
    words = word(alert)
    domain = sender.domain
    thread = f"<group.{_digest(alert.group)}@{domain}>"
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = _subject(words)
    mail["Date"] = alert.created_at
    mail["Message-ID"] = f"<alert.{_identifier(alert.id)}@{domain}>"
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Watcher-Alert"] = _identifier(alert.id)
    mail["X-Watcher-Severity"] = alert.severity.value
    if alert.kind is AlertKind.PAGE and words.severity.at_least(Severity.HIGH):
        mail["Importance"] = "high"
    mail.set_content(text(words), cte="quoted-printable")
    mail.add_alternative(html(words), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_watcher_{_digest(alert.id)}")
    return mail


def _subject(words: Wording) -> str:
    subject = f"[watcher] {words.subject}"
    return subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1] + "…"


def _identifier(alert_id: str) -> str:
    """Return the id where it can stand in a Message-ID as it is, else a digest of it."""
    return alert_id if re.fullmatch(r"[A-Za-z0-9-]{1,64}", alert_id) else _digest(alert_id)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _with_commands(line: str) -> Markup:
    """`line` escaped, what stands between back-ticks as code."""
    parts = line.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )  # fmt: skip


_COLOURS = {
    Severity.CRITICAL: "#b00020",
    Severity.HIGH: "#c75300",
    Severity.MEDIUM: "#8a6d00",
    Severity.LOW: "#2b5d9b",
    Severity.INFO: "#555555",
}

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{{ words.subject }}</title></head>
<body style="font-family: sans-serif; line-height: 1.4; max-width: 44em; margin: 0 auto; padding: 1em">
<h1 style="font-size: 1.25em; border-left: 6px solid {{ colour }}; padding-left: .6em">{{ words.subject }}</h1>
{% if words.lead %}
<p>{{ words.lead | commands }}</p>
{% endif %}
{% for story in words.stories %}
{% if words.stories | length > 1 %}
<h2 style="font-size: 1.1em">{{ story.headline }}</h2>
{% endif %}
<table style="border-spacing: 0">
{% for fact in story.facts %}
<tr><th style="text-align: left; vertical-align: top; padding: .15em 1em .15em 0; white-space: nowrap">\
{{ fact.label }}</th><td style="padding: .15em 0">{{ fact.text }}</td></tr>
{% endfor %}
</table>
{% if story.evidence %}
<h3 style="font-size: 1em">Evidence</h3>
<pre style="white-space: pre-wrap; font-size: .85em">{{ story.evidence | join("\\n") }}</pre>
{% endif %}
{% if story.actions %}
<h3 style="font-size: 1em">What to do now</h3>
<ol>
{% for action in story.actions %}
<li>{{ action | commands }}</li>
{% endfor %}
</ol>
{% endif %}
{% endfor %}
{% for listing in words.listings %}
<h3 style="font-size: 1em">{{ listing.title | commands }}</h3>
{% if listing.lines %}
<ul>
{% for line in listing.lines %}
<li>{{ line }}</li>
{% endfor %}
{% if listing.more %}
<li>and {{ listing.more }} more</li>
{% endif %}
</ul>
{% endif %}
{% endfor %}
{% if words.link %}
<p><a href="{{ words.link }}">Open in watcher</a></p>
{% endif %}
<p style="color: #777; font-size: .85em">{{ words.footer }}</p>
</body>
</html>
"""

_JINJA = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_JINJA.filters["commands"] = _with_commands
_TEMPLATE = _JINJA.from_string(_PAGE)


def html(words: Wording) -> str:
    """Return the HTML body, without anything fetched from elsewhere; all text escaped."""
    return _TEMPLATE.render(words=words, colour=_COLOURS[words.severity]) + "\n"


def _address(value: str, setting: str) -> Address:
    """Return the mailbox in `value`, with or without a name before it. Raises ConfigurationError."""
    found = re.fullmatch(r"\s*(?:(?P<name>[^<>\r\n]*?)\s*<(?P<angle>[^<>]+)>|(?P<bare>[^<>]+))\s*", value)
    if found is None:
        raise ConfigurationError(setting, "not a mailbox; it looks like watch@army.mil or Watch <watch@army.mil>")
    mailbox = (found["angle"] or found["bare"]).strip()
    try:
        address = Address((found["name"] or "").strip('" '), addr_spec=mailbox)
    except (HeaderParseError, MessageError, ValueError, IndexError) as error:
        raise ConfigurationError(setting, f"{mailbox[:80]!r} is not a mailbox") from error
    if not address.username or not re.fullmatch(r"[A-Za-z0-9.-]+", address.domain) or not mailbox.isascii():
        raise ConfigurationError(setting, f"{mailbox[:80]!r} is not a mailbox of plain ASCII with a domain")
    return address


SETTING = Setting(EmailSettings, EmailSettings())


def make(settings: EmailSettings, means: Means) -> Email | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    if settings.smtp_url is None:
        return None
    return Email(
        smtp_url=settings.smtp_url.get_secret_value(),
        sender=settings.sender or "",
        to=settings.to,
        memory=means.memory,
    )
