"""Mail, over real SMTP on loopback: TLS, login, certificates, what is tried again and what never."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.headerregistry import Address

import pytest

from tests.fakes.alert_samples import ALERTS, became_able, page
from tests.fakes.mail_server import ENCODED_PASSWORD, RECIPIENT, SENDER, USER, MailServer, half_of_the_time
from watcher.channels.email import Email, Security, SmtpServer, message, parse_smtp_url
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from watcher.services.telling.memory import ShortMemory

ALERT = ALERTS["mail_became_able"]


def _email(server: MailServer, **arguments) -> Email:
    given = {"smtp_url": server.url, "sender": f"Watch <{SENDER}>", "to": [RECIPIENT], "tls": server.trust}
    return Email(**{**given, **arguments})


@pytest.mark.parametrize("security", ["starttls", "tls", "plain"])
async def test_it_arrives_with_login(security: str) -> None:
    async with MailServer(security=security) as server:
        await _email(server).send(ALERT)
        (taken,) = server.accepted
    assert (taken.over_tls, taken.user) == (security != "plain", USER)
    assert (taken.envelope_from, taken.recipients) == (SENDER, (RECIPIENT,))
    assert taken.alert_id == ALERT.id
    mail = taken.mail
    assert mail["From"] == f"Watch <{SENDER}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    body, page_html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert body is not None
    assert page_html is not None
    assert "army[.]ml can receive mail now" in body.get_content()
    assert "army[.]ml can receive mail now" in page_html.get_content()


@pytest.mark.parametrize("name", ALERTS)
async def test_every_alert_is_taken(name: str) -> None:
    async with MailServer(security="plain") as server:
        await _email(server).send(ALERTS[name])
        content = server.accepted[0].content
    assert max(len(line) for line in content.splitlines()) <= 998
    assert content.isascii()


async def test_a_second_try_is_the_same_mail() -> None:
    async with MailServer() as server:
        channel = _email(server)
        await channel.send(ALERT)
        await channel.send(ALERT)
        first, second = server.accepted
    assert first.content == second.content
    assert first.mail["Message-ID"] == f"<alert.{ALERT.id}@army.mil>"


def test_alerts_of_one_group_share_a_thread_and_others_do_not() -> None:
    sender, to = Address("", "watcher", "army.mil"), (Address("", "soc", "army.mil"),)
    one, other = (message(replace(ALERT, id=number), sender, to) for number in ("a1", "a2"))
    apart = message(replace(ALERT, id="a3", group="domain:navy.ml"), sender, to)
    assert one["References"] == other["References"] == one["In-Reply-To"]
    assert one["Message-ID"] != other["Message-ID"]
    assert apart["References"] != one["References"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_name_is_refused_and_tried_again(security: str) -> None:
    async with MailServer(security=security, certificate_for="mail.elsewhere.net") as server:
        with pytest.raises(DeliveryFailed, match="certificate is not trusted") as caught:
            await _email(server).send(ALERT)
        assert server.tries == 0
    assert not isinstance(caught.value, DeliveryRejected)


async def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    async with MailServer() as server:
        with pytest.raises(DeliveryFailed, match="certificate is not trusted"):
            await _email(server, tls=ssl.create_default_context()).send(ALERT)
        with pytest.raises(DeliveryFailed, match="certificate is not trusted"):
            await _email(server, tls=None).send(ALERT)
        assert server.tries == 0


async def test_without_starttls_nothing_is_said_and_it_is_tried_again() -> None:
    """Somebody who strips STARTTLS gets neither the password nor the alert."""
    async with MailServer(security="plain") as server:
        url = f"smtp://{USER}:{ENCODED_PASSWORD}@localhost:{server.port}"
        with pytest.raises(DeliveryFailed, match="STARTTLS") as caught:
            await _email(server, smtp_url=url).send(ALERT)
        assert server.tries == 0
    assert not isinstance(caught.value, DeliveryRejected)


@pytest.mark.parametrize("security", ["starttls", "plain"])
async def test_optional_starttls_is_used_where_it_is_offered(security: str) -> None:
    async with MailServer(security=security, login=False) as server:
        await _email(server, smtp_url=f"smtp://localhost:{server.port}?starttls=optional").send(ALERT)
        assert server.accepted[0].over_tls is (security == "starttls")


async def test_a_wrong_password_is_final_and_not_repeated_anywhere() -> None:
    async with MailServer() as server:
        url = f"smtp://{USER}:wrong-secret@localhost:{server.port}"
        with pytest.raises(DeliveryRejected, match="refused the login \\(535\\)") as caught:
            await _email(server, smtp_url=url).send(ALERT)
    assert caught.value.mendable
    assert "wrong-secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("code", "final"),
    [(421, False), (450, False), (451, False), (452, False), (503, False), (550, True), (552, True), (554, True)],
)
async def test_what_the_server_says_to_the_message(code: int, final: bool) -> None:
    async with MailServer() as server:
        server.next(code)
        with pytest.raises(DeliveryFailed, match=str(code)) as caught:
            await _email(server).send(ALERT)
        assert isinstance(caught.value, DeliveryRejected) is final


@pytest.mark.parametrize(("code", "final"), [(450, False), (503, False), (550, True)])
async def test_every_recipient_refused(code: int, final: bool) -> None:
    async with MailServer(refused={RECIPIENT: code}) as server:
        with pytest.raises(DeliveryFailed, match=f"every recipient \\({code}\\)") as caught:
            await _email(server).send(ALERT)
        assert isinstance(caught.value, DeliveryRejected) is final
        assert not server.accepted


async def test_some_recipients_refused_is_told_and_the_others_get_it() -> None:
    async with MailServer(refused={"gone@army.mil": 550}) as server:
        with pytest.raises(DeliveryRejected, match="1 of 2 recipients \\(550\\)"):
            await _email(server, to=[RECIPIENT, "gone@army.mil"]).send(ALERT)
        assert server.accepted[0].recipients == (RECIPIENT,)


async def test_who_has_the_mail_does_not_get_it_again() -> None:
    """A deferred mailbox repeats nothing for the others, also when the process that tried first is gone."""
    memory = ShortMemory()
    async with MailServer(refused={"slow@army.mil": 450}) as server:
        for _ in range(3):
            with pytest.raises(DeliveryFailed, match="1 of 3 recipients \\(450\\)") as caught:
                await _email(server, to=[RECIPIENT, "slow@army.mil", "c@army.mil"], memory=memory).send(ALERT)
            assert caught.value.partly_accepted
            assert not isinstance(caught.value, DeliveryRejected)
        assert [mail.recipients for mail in server.accepted] == [(RECIPIENT, "c@army.mil")]
    async with MailServer() as mended:
        await _email(mended, to=[RECIPIENT, "slow@army.mil", "c@army.mil"], memory=memory).send(ALERT)
        assert [mail.recipients for mail in mended.accepted] == [("slow@army.mil",)]


async def test_one_recipient_put_off_outweighs_one_refused() -> None:
    async with MailServer(refused={"gone@army.mil": 550, "slow@army.mil": 450}) as server:
        with pytest.raises(DeliveryFailed, match="450") as caught:
            await _email(server, to=["gone@army.mil", "slow@army.mil"]).send(ALERT)
    assert not isinstance(caught.value, DeliveryRejected)


async def test_nobody_there_and_no_such_name() -> None:
    for host in ("127.0.0.1:1", "nothing.invalid:25"):
        channel = Email(smtp_url=f"smtp://u:secret@{host}", sender=SENDER, to=[RECIPIENT])
        with pytest.raises(DeliveryFailed) as caught:
            await channel.send(ALERT)
        assert "secret" not in str(caught.value)
        assert not isinstance(caught.value, DeliveryRejected)


async def test_a_silent_server_is_left_in_time() -> None:
    silence = asyncio.Event()

    async def hold(_reader, writer) -> None:
        await silence.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = Email(smtp_url=f"smtp://127.0.0.1:{port}", sender=SENDER, to=[RECIPIENT], timeout=0.2)
    async with asyncio.timeout(60):
        with pytest.raises(DeliveryFailed, match="no answer"):
            await channel.send(ALERT)
    silence.set()
    server.close()
    await server.wait_closed()


async def test_a_server_that_is_gone_after_it_accepted_has_accepted() -> None:
    """Once the message is taken nothing may make it look as if it were not: that would send it twice."""

    async def serve(reader, writer) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                break
            else:
                writer.write(b"250 OK\r\n")
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await Email(smtp_url=f"smtp://127.0.0.1:{port}?starttls=never", sender=SENDER, to=[RECIPIENT]).send(ALERT)
    server.close()
    await server.wait_closed()


async def test_half_of_the_tries_failing_still_gets_it_there() -> None:
    async with MailServer(security="plain", faults=half_of_the_time(3)) as server:
        channel = _email(server)
        while len(server.accepted) < 10:
            with suppress(DeliveryFailed):
                await channel.send(ALERT)
        assert server.tries > 12


@pytest.mark.parametrize("field", ["id", "group", "text"])
@pytest.mark.parametrize("value", ["a\r\nBcc: everybody@army.mil", "a\n\nbody", "<x@y>\x00", "\u202eä" * 500, "\ud800"])
def test_no_header_can_be_added(field: str, value: str) -> None:
    hostile = replace(page(became_able(name=value, severity_reasons=(value,))), **{field: value})
    made = bytes(message(hostile, Address("", "watcher", "army.mil"), (Address("", "soc", "army.mil"),)))
    parsed = message_from_bytes(made, policy=policy.default)
    plain = bytes(message(ALERT, Address("", "watcher", "army.mil"), (Address("", "soc", "army.mil"),)))
    assert parsed.keys() == message_from_bytes(plain, policy=policy.default).keys()
    assert parsed["To"] == "soc@army.mil"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.army.mil", SmtpServer("mail.army.mil", 587, Security.STARTTLS)),
        ("smtp://u:p%40%2F@mail.army.mil:25", SmtpServer("mail.army.mil", 25, Security.STARTTLS, "u", "p@/")),
        ("smtps://u%40x:p@mail.army.mil", SmtpServer("mail.army.mil", 465, Security.TLS, "u@x", "p")),
        ("smtp://127.0.0.1:25?starttls=never", SmtpServer("127.0.0.1", 25, Security.NONE)),
        ("smtp://[::1]:25?starttls=optional", SmtpServer("::1", 25, Security.OPTIONAL)),
    ],
)
def test_smtp_urls(url: str, server: SmtpServer) -> None:
    found = parse_smtp_url(url)
    assert found == server
    assert "p@/" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "", "mail.army.mil:587", "http://mail.army.mil", "smtp://", "smtp://u:secret@", "smtp://h:port",
        "smtp://u:secret@h?tls=1", "smtp://h?starttls=maybe", "smtp://h?starttls=tls", "smtps://h?starttls=required",
        "smtp://user@h", "smtp://u:secret@h?starttls=optional", "smtp://u:secret@h/path", "smtp://u:sec/ret@h",
    ],
)  # fmt: skip
def test_smtp_urls_that_cannot_be_used_are_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_smtp_url(url)
    assert caught.value.setting == "alerts.email.smtp_url"
    assert "u:sec" not in str(caught.value)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b\r\nBcc: x@y", "@army.mil", "a@", "a b@army.mil", "ä@army.mil", "a@b, c@d", "<a@b", "a@b>"],
)
def test_addresses_that_cannot_be_used(address: str) -> None:
    for arguments in ({"sender": address, "to": [RECIPIENT]}, {"sender": SENDER, "to": [address]}):
        with pytest.raises(ConfigurationError, match=r"alerts\.email\.(from|to)"):
            Email(smtp_url="smtp://mail.army.mil", **arguments)
    with pytest.raises(ConfigurationError, match="at least one"):
        Email(smtp_url="smtp://mail.army.mil", sender=SENDER, to=[])
