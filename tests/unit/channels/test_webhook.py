"""The webhook: what is signed, what is tried again, what never, and where it never connects."""

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.fakes.alert_samples import ALERTS, page, storm
from tests.fakes.post_receiver import Post, PostReceiver
from watcher.channels.webhook import Webhook
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from watcher.core.shapes.events import event_from_json

ALERT = ALERTS["mail_became_able"]
NOW = datetime(2026, 11, 23, 12, 47, tzinfo=UTC)
KEYS = (b"k" * 24, b"old" * 10)
SECRETS = tuple("whsec_" + base64.b64encode(key).decode() for key in KEYS)


@pytest.fixture
async def receiver():
    async with PostReceiver() as receiver:
        yield receiver


def _webhook(receiver: PostReceiver, **arguments) -> Webhook:
    return Webhook(**{"url": receiver.url, "secrets": SECRETS[:1], "now": lambda: NOW, **arguments})


def _signed_by(post: Post) -> list[bool]:
    """For each of our keys, whether a receiver that has it would believe the post."""
    text = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    given = post.headers["webhook-signature"].split(" ")
    made = ["v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode() for key in KEYS]
    return [one in given for one in made]


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks specification."""
    from watcher.channels.webhook import key_of, signature
    from watcher.core.shapes.hooks import HookMessage

    message = HookMessage("msg_p5jXN8AQM9LWM0D4loKWxJek", "test", b'{"test": 2432232314}')
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert signature(key, message, 1614265330) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_each_event_is_posted_signed(receiver: PostReceiver) -> None:
    await _webhook(receiver).send(ALERT)
    (post,) = receiver.accepted
    body = json.loads(post.body)
    assert body.keys() == {"type", "timestamp", "data"}
    assert (body["type"], body["timestamp"]) == ("mail_became_able", "2026-11-23T12:46:00Z")
    assert event_from_json(body["data"]) == ALERT.events[0]
    assert post.headers["webhook-id"] == ALERT.events[0].id
    assert post.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert post.headers["content-type"] == "application/json"
    assert _signed_by(post) == [True, False]


async def test_while_secrets_change_over_both_sign(receiver: PostReceiver) -> None:
    await _webhook(receiver, secrets=SECRETS).send(ALERT)
    assert _signed_by(receiver.accepted[0]) == [True, True]


@pytest.mark.parametrize("name", ALERTS)
async def test_every_alert_is_posted(receiver: PostReceiver, name: str) -> None:
    await _webhook(receiver).send(ALERTS[name])
    ids = [post.headers["webhook-id"] for post in receiver.accepted]
    assert ids == (sorted(event.id for event in ALERTS[name].events) or [ALERTS[name].id])


async def test_a_try_that_ends_in_the_middle_goes_on_from_there(receiver: PostReceiver) -> None:
    alert, webhook = storm(12), _webhook(receiver)
    receiver.next(200, 200, 200, 503)
    with pytest.raises(DeliveryFailed, match="503"):
        await webhook.send(alert)
    await webhook.send(alert)
    ids = [json.loads(post.body)["data"]["id"] for post in receiver.accepted]
    assert ids == sorted(event.id for event in alert.events)
    await _webhook(receiver).send(alert)  # after a restart: all of it again, under the same ids
    assert len(receiver.accepted) == 24
    assert {post.headers["webhook-id"] for post in receiver.accepted} == set(ids)


@pytest.mark.parametrize("status", [400, 410, 413, 415, 422])
async def test_what_is_refused_for_good(receiver: PostReceiver, status: int) -> None:
    receiver.next(status)
    with pytest.raises(DeliveryRejected, match=str(status)):
        await _webhook(receiver).send(ALERT)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 405, 408, 409, 425, 429, 500, 502, 503, 504])
async def test_what_is_tried_again(receiver: PostReceiver, status: int) -> None:
    receiver.next(status)
    receiver.headers = {"Location": receiver.url, "Retry-After": "7"}
    with pytest.raises(DeliveryFailed, match=str(status)) as caught:
        await _webhook(receiver).send(ALERT)
    assert not isinstance(caught.value, DeliveryRejected)
    assert caught.value.retry_after == timedelta(seconds=7)
    assert len(receiver.tried) == 1, "no redirect is followed"


@pytest.mark.parametrize(
    "waiting", ["Mon, 01 Jan 2024 00:00:00 +9999999999999999999", f"Mon, 01 Jan 2024 {'9' * 50}:00:00 GMT"]
)
async def test_a_wait_that_is_no_time_is_none(receiver: PostReceiver, waiting: str) -> None:
    receiver.next(503)
    receiver.headers = {"Retry-After": waiting}
    with pytest.raises(DeliveryFailed, match="503") as caught:
        await _webhook(receiver).send(ALERT)
    assert caught.value.retry_after is None


async def test_a_try_has_its_turn_and_the_next_goes_on(receiver: PostReceiver) -> None:
    webhook, many = _webhook(receiver, turn=0.0), storm(12)
    tries = 0
    while len(receiver.accepted) < 12:
        tries += 1
        try:
            await webhook.send(many)
        except DeliveryFailed as error:
            assert error.progressed  # noqa: PT017 (it may end well, too)
    assert tries > 1
    ids = [post.headers["webhook-id"] for post in receiver.accepted]
    assert ids == sorted(set(ids)), "each once, in order"


async def test_no_answer_is_a_failure_in_time(receiver: PostReceiver) -> None:
    receiver.next(0)
    with pytest.raises(DeliveryFailed, match="no answer"):
        await _webhook(receiver, timeout=0.2).send(ALERT)


class Resolving(AbstractResolver):
    """Every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        sort = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            ResolveResult(
                hostname=host, host=one, port=port, family=sort[":" in one], proto=0, flags=socket.AI_NUMERICHOST
            )
            for one in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "100.100.100.200", "0.0.0.0"]
)
async def test_a_name_that_leads_to_the_metadata_service_is_said_and_can_be_mended(address: str) -> None:
    webhook = Webhook(url="https://hooks.army.mil/very-secret", secrets=SECRETS, system=Resolving(address))
    with pytest.raises(DeliveryFailed) as caught:
        await webhook.send(ALERT)
    assert not isinstance(caught.value, DeliveryRejected), "the DNS may be mended: it is tried again"
    assert str(caught.value) == (
        f"webhook: the server's name leads to {address}, where nothing is posted; mend its DNS or alerts.webhook.url"
    )


async def test_of_several_addresses_only_those_that_may_be_are_used(receiver: PostReceiver) -> None:
    url = f"http://hooks.army.mil:{receiver.port}/"
    await Webhook(url=url, secrets=SECRETS, system=Resolving("169.254.169.254", "127.0.0.1")).send(ALERT)
    assert len(receiver.accepted) == 1


async def test_nobody_there_and_no_such_name_say_nothing_secret() -> None:
    for url in ("http://127.0.0.1:1/very-secret", "http://user:very-secret@nothing.invalid/very-secret"):
        with pytest.raises(DeliveryFailed) as caught:
            await Webhook(url=url, secrets=SECRETS).send(ALERT)
        assert "very-secret" not in str(caught.value) + repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://host/very-secret"}, {"url": "https:///very-secret"}, {"url": "http://169.254.169.254/very-secret"},
        {"url": "http://[fe80::1]/very-secret"}, {"url": "http://2852039166/very-secret"}, {"secrets": ()},
        {"secrets": ("very-secret",)}, {"secrets": ("whsec_very-secret",)}, {"secrets": ("whsec_c2hvcnQ=",)},
        {"secrets": (SECRETS[0], "whsec_" + base64.b64encode(b"x" * 65).decode())},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_named_without_their_secret(change) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Webhook(**{"url": "https://host/", "secrets": SECRETS, **change})
    assert caught.value.setting.startswith("alerts.webhook.")
    assert "very-secret" not in str(caught.value)


HOSTILE = "\r\nX: y\x00\x1b[31m\u202e\u2028</script><!channel>=cmd|' /C calc'!A0\ud800"


async def test_hostile_text_is_ascii_json_on_one_line(receiver: PostReceiver) -> None:
    event = replace(
        ALERT.events[0], name=HOSTILE, registrable_domain=HOSTILE, severity_reasons=(HOSTILE,), after={HOSTILE: HOSTILE}
    )
    await _webhook(receiver).send(page(event))
    (post,) = receiver.accepted
    assert all(32 <= byte < 127 for byte in post.body)
    assert json.loads(post.body)["data"]["name"] == HOSTILE
    assert "x" not in post.headers
