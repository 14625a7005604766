"""Postfix as the relay that alerts are handed to: a message of ours arrives whole in a mailbox behind it."""

from email.message import EmailMessage

import pytest

from tests.fakes.alert_samples import ALERTS
from tests.lab.addresses import MAILBOX
from tests.lab.mailbox import Mailbox
from tests.lab.postfix import SUBMISSION, Postfix
from tests.lab.world import World
from watcher.channels.email import Email
from watcher.core.errors import DeliveryFailed, DeliveryRejected

HOST, PORT = SUBMISSION


def _email(to: str, starttls: str = "never") -> Email:
    return Email(smtp_url=f"smtp://{HOST}:{PORT}?starttls={starttls}", sender="Watch <watcher@army.mil>", to=[to])


async def test_an_alert_goes_through_postfix_into_a_mailbox(world: World, postfix: Postfix, mailbox: Mailbox) -> None:
    world.host("soc-mail.com", f"@ MX 10 mx\nmx A {MAILBOX}\n")
    alert = ALERTS["mail_became_able"]
    try:
        await _email("watch@soc-mail.com").send(alert)
        mail = mailbox.await_message("watch@soc-mail.com")
    finally:
        world.remove("soc-mail.com")
    assert isinstance(mail, EmailMessage)
    assert mail["Message-ID"] == f"<alert.{alert.id}@army.mil>"
    assert mail["X-Watcher-Alert"] == alert.id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "[watcher] CRITICAL: army[.]ml can receive mail now"
    body, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert body is not None
    assert page is not None
    assert "army.m‹i›l → army[.]ml" in body.get_content()
    assert "What to do now" in page.get_content()


async def test_a_relay_without_starttls_gets_nothing_unless_told_otherwise(postfix: Postfix) -> None:
    with pytest.raises(DeliveryFailed, match="offers no STARTTLS") as caught:
        await _email("watch@soc-mail.com", starttls="required").send(ALERTS["test"])
    assert not isinstance(caught.value, DeliveryRejected)
