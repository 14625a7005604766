"""Apprise: the real library, over HTTP on loopback."""

import json
import logging

import pytest

from tests.fakes.alert_samples import ALERTS, page
from tests.fakes.hostile import HOSTILE, hostile_event
from tests.fakes.post_receiver import PostReceiver
from watcher.channels.apprise import Apprise
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from watcher.core.events import EventKind

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the many libraries that its plugins use

ALERT = ALERTS["mail_became_able"]


@pytest.fixture
async def receiver():
    async with PostReceiver() as receiver:
        yield receiver


def _url(receiver: PostReceiver, path: str) -> str:
    return f"json://127.0.0.1:{receiver.port}/{path}"


@pytest.mark.parametrize("name", ALERTS)
async def test_every_alert_is_told(receiver: PostReceiver, name: str) -> None:
    await Apprise(urls=[_url(receiver, "one")]).send(ALERTS[name])
    (post,) = receiver.accepted
    said = json.loads(post.body)
    assert said["title"].startswith("[watcher] ")
    assert ALERTS[name].id in said["message"]


async def test_only_those_that_failed_are_tried_again(receiver: PostReceiver) -> None:
    channel = Apprise(urls=[_url(receiver, "one"), _url(receiver, "two"), _url(receiver, "three")])
    receiver.next(200, 500, 200)
    with pytest.raises(
        DeliveryFailed, match=r"apprise: not accepted by number 2 of 3 in alerts\.apprise\.urls"
    ) as caught:
        await channel.send(ALERT)
    assert not isinstance(caught.value, DeliveryRejected)
    await channel.send(ALERT)
    assert [post.path for post in receiver.accepted] == ["/one", "/three", "/two"]


async def test_no_redirect_is_followed_and_nothing_secret_is_said(receiver: PostReceiver, caplog) -> None:
    receiver.next(302)
    receiver.headers = {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryFailed) as caught:
        await Apprise(urls=[_url(receiver, "very-secret")]).send(ALERT)
    assert len(receiver.tried) == 1
    assert "very-secret" not in str(caught.value) + repr(caught.value)
    ours = [record for record in caplog.records if record.name.startswith(("apprise", "watcher"))]
    assert ours == []


async def test_what_hangs_is_left_in_time(receiver: PostReceiver) -> None:
    receiver.next(0)
    with pytest.raises(DeliveryFailed):
        await Apprise(urls=[_url(receiver, "one") + "?rto=0.2&cto=0.2"], timeout=1).send(ALERT)


@pytest.mark.parametrize(
    "urls", [[], ["nonsense"], ["nothing-known://very-secret"], ["json://localhost", "very-secret"]]
)
def test_urls_that_cannot_be_used_are_not_repeated(urls: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Apprise(urls=urls)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("value", HOSTILE)
async def test_hostile_text_is_text(receiver: PostReceiver, value: str) -> None:
    await Apprise(urls=[_url(receiver, "one")]).send(page(hostile_event(EventKind.MAIL_BECAME_ABLE, value)))
    said = json.loads(receiver.accepted[0].body)
    text = said["title"] + "\n" + said["message"]
    assert "evil.com" not in text
    assert "://" not in text
    assert all(character.isprintable() or character == "\n" for character in text)
