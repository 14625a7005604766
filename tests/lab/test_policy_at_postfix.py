"""Postfix asks the policy service: lookalikes are refused with the sentence, and mail goes on whatever breaks."""

import contextlib
import random
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.addresses import MAILBOX
from tests.lab.mailbox import Mailbox
from tests.lab.policy_service import BLOCKED, PORT, PROTECTED, PolicyService, locked
from tests.lab.postfix import Postfix
from tests.lab.processes import await_condition
from watcher.cli.main import run

SUBMISSION_PORT = 10026
SETTINGS = f"""\
default_transport = smtp:[{MAILBOX}]:25
smtputf8_enable = yes
smtpd_recipient_restrictions =
  check_policy_service {{ inet:127.0.0.1:{PORT}, timeout=2s, default_action=DUNNO }},
  permit_mynetworks, reject
"""
REFUSED = (
    f"5.1.2 <bob@{BLOCKED}>: Recipient address rejected: {BLOCKED} is a lookalike of {PROTECTED}. "
    f"Did you mean bob@{PROTECTED}?"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Postfix]:
    with Postfix(port=SUBMISSION_PORT, settings=SETTINGS, receives=False) as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PolicyService]:
    with PolicyService(tmp_path_factory.mktemp("policy")) as service:
        yield service


def send(*recipients: str, sender: str = "anna@corp.example") -> list[tuple[int, str]]:
    """Send one message as a mail client does; what the server said to each recipient."""
    with smtplib.SMTP("127.0.0.1", SUBMISSION_PORT, timeout=60) as client:
        client.ehlo("pc.corp.example")
        client.mail(sender, ["SMTPUTF8"] if any(not one.isascii() for one in recipients) else [])
        client.command_encoding = "utf-8"
        said = [client.docmd("RCPT", f"TO:<{recipient}>") for recipient in recipients]
        if any(code == 250 for code, _ in said):
            client.data("Subject: a message of the lab\r\n\r\nNothing.\r\n")
    return [(code, reply.decode()) for code, reply in said]


def delivered(mailbox: Mailbox, recipient: str) -> None:
    """A message to the recipient leaves and arrives."""
    assert send(recipient)[0][0] == 250
    mailbox.await_message(recipient)


@pytest.mark.parametrize(
    "recipient",
    [f"bob@{BLOCKED}", f"bob@{BLOCKED.upper()}", f"bob@{BLOCKED}.", f"@relay.example:bob@{BLOCKED}", f"bob%{BLOCKED}", f"{BLOCKED}!bob"],
)  # fmt: skip
def test_a_lookalike_is_refused_with_the_address_that_was_meant(
    server: Postfix, service: PolicyService, recipient: str
) -> None:
    ((code, reply),) = send(recipient)
    assert code == 550
    assert f"{BLOCKED} is a lookalike of {PROTECTED}. Did you mean bob@{PROTECTED}?" in reply


def test_the_reply_is_as_documented(server: Postfix, service: PolicyService) -> None:
    assert send(f"bob@{BLOCKED}") == [(550, REFUSED)]


def test_the_real_name_is_delivered_also_beside_a_refused_one(
    server: Postfix, service: PolicyService, mailbox: Mailbox
) -> None:
    (first, _), (second, _) = send(f"bob@{BLOCKED}", f"carol@{PROTECTED}")
    assert (first, second) == (550, 250)
    mailbox.await_message(f"carol@{PROTECTED}")
    assert mailbox.delivered_to(f"bob@{BLOCKED}") == []


@pytest.mark.parametrize("recipient", ['"dave d"@us.army.mil', "grüße@us.army.mil", "eve@xn--bcher-kva.example"])
def test_unusual_recipients_that_are_no_lookalikes_pass(
    server: Postfix, service: PolicyService, recipient: str
) -> None:
    assert send(recipient)[0][0] == 250


def test_mail_goes_on_while_the_service_is_dead_and_is_refused_again_when_it_lives(
    server: Postfix, service: PolicyService, mailbox: Mailbox
) -> None:
    service.kill()
    try:
        delivered(mailbox, "dead@us.army.mil")
    finally:
        service.start()
    assert send(f"bob@{BLOCKED}")[0][0] == 550


def test_mail_goes_on_while_the_service_hangs(server: Postfix, service: PolicyService, mailbox: Mailbox) -> None:
    service.hang()
    try:
        delivered(mailbox, "hung@us.army.mil")
    finally:
        service.kill()
        service.start()


def test_answers_go_on_while_the_database_is_locked(server: Postfix, service: PolicyService, mailbox: Mailbox) -> None:
    with locked(service.database):
        delivered(mailbox, "locked@us.army.mil")
        assert send(f"bob@{BLOCKED}")[0][0] == 550


def test_mail_goes_on_beside_two_thousand_half_open_connections(
    server: Postfix, service: PolicyService, mailbox: Mailbox
) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(2000):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", PORT), timeout=30))
            connection.sendall(b"request=smtpd_access_policy\n")
        delivered(mailbox, "crowd@us.army.mil")
        assert send(f"bob@{BLOCKED}")[0][0] == 550


def test_mail_goes_on_through_a_flood_of_malformed_requests(
    server: Postfix, service: PolicyService, mailbox: Mailbox
) -> None:
    noise = random.Random(3)
    for _ in range(500):
        with socket.create_connection(("127.0.0.1", PORT), timeout=30) as connection, contextlib.suppress(OSError):
            connection.sendall(noise.randbytes(noise.randrange(1, 5000)) + b"\n\n" * noise.randrange(3))
    delivered(mailbox, "flood@us.army.mil")
    assert send(f"bob@{BLOCKED}")[0][0] == 550


def test_a_sender_is_asked_and_confirms_by_sending_again(
    server: Postfix, service: PolicyService, mailbox: Mailbox, tmp_path: Path
) -> None:
    service.kill()
    try:
        with PolicyService(tmp_path, ask=True) as asking:
            domain = "us.army.il"
            recipient = f"bob@{domain}"
            await_condition(lambda: asking.answers(f"x@{domain}").startswith("550"), "it compares")
            ((code, reply),) = send(recipient)
            assert code == 550, reply
            assert "send the message again within 30 minutes" in reply
            assert send(recipient, f"carol@{domain}", sender="ben@corp.example")[1][0] == 550, (
                "the same message confirms nothing"
            )
            ((code, _),) = send(recipient)
            assert code == 250
            mailbox.await_message(recipient)
            assert send(f"bob@{BLOCKED}")[0][0] == 550
            assert send(f"bob@{BLOCKED}")[0][0] == 550, "what is blocked is never confirmed"
    finally:
        service.start()


def test_the_log_of_this_postfix_is_read(
    server: Postfix, service: PolicyService, mailbox: Mailbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.kill()
    try:
        delivered(mailbox, f"zoe@{BLOCKED}")
    finally:
        service.start()
    assert send(f"bob@{BLOCKED}")[0][0] == 550
    log = tmp_path / "mail.log"
    log.write_text(server.log())
    capsys.readouterr()
    code = run(
        [
            "--database-url",
            f"sqlite:///{service.database}",
            "mail-log",
            str(log),
            "--format",
            "csv",
            "--fail-on",
            "able",
        ]
    )
    out = capsys.readouterr()
    assert code == 0
    rows = [line.split(",") for line in out.out.splitlines()]
    row = dict(zip(rows[0], next(one for one in rows if one[0] == BLOCKED), strict=True))
    assert row["protected"] == PROTECTED
    assert (row["messages"], row["senders"], row["delivered"]) == ("1", "1", "1")
    assert int(row["refused"]) > 1
    assert "zoe" not in out.out + out.err
