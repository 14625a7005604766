"""What every channel over HTTP does with what receivers do: accept, refuse for length, slow down, hang, redirect."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address

import pytest

from tests.fakes.alert_samples import ALERTS, AT, became_able, page
from tests.fakes.post_receiver import PostReceiver
from watcher.channels import alertmanager, jsm, mattermost, ntfy, pagerduty, slack, teams
from watcher.channels.email import message
from watcher.channels.form import word
from watcher.checks import VOCABULARY
from watcher.core.errors import DeliveryFailed, DeliveryRejected, FailureReason
from watcher.core.ports import Channel
from watcher.core.shapes.hooks import hook_messages
from watcher.core.telling.alerts import Alert, AlertKind, gathered
from watcher.services.telling.memory import ShortMemory

MAKERS: dict[str, Callable[[str], Channel]] = {
    "teams": lambda url: teams.Teams(url=url, timeout=0.5),
    "mattermost": lambda url: mattermost.Mattermost(url=url, timeout=0.5),
    "ntfy": lambda url: ntfy.Ntfy(url=url, topic="mail-watch", token="tk_secret", timeout=0.5),
    "pagerduty": lambda url: pagerduty.Pagerduty(routing_key="R0UTING", url=url, timeout=0.5),
    "jsm": lambda url: jsm.Jsm(url=url, key="k-secret", timeout=0.5),
}
each = pytest.mark.parametrize("name", MAKERS)


@each
@pytest.mark.parametrize("alert", ["mail_became_able", "storm_large", "watch_stale", "test"])
async def test_an_alert_is_posted_once_with_what_matters(name: str, alert: str) -> None:
    async with PostReceiver() as receiver:
        await MAKERS[name](receiver.url).send(ALERTS[alert])
    first = receiver.accepted[0].body.decode()
    assert json.loads(first)
    headline = word(ALERTS[alert]).subject.partition(":")[0]
    assert headline in first
    closing = name in {"pagerduty", "jsm"} and alert == "test"
    assert len(receiver.accepted) == (2 if closing else 1)


@each
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_is_refused_for_its_length_goes_out_short(name: str, status: int) -> None:
    alert = replace(ALERTS["mail_became_able"], public_url="https://watcher.army.mil")
    async with PostReceiver() as receiver:
        receiver.next(status)
        await MAKERS[name](receiver.url).send(alert)
    long, short = receiver.tried
    assert len(short.body) < len(long.body)
    assert "https://watcher.army.mil/names/army.ml" in json.dumps(json.loads(short.body)).replace("\\\\", "")


@each
async def test_what_is_refused_short_too_is_rejected(name: str) -> None:
    async with PostReceiver() as receiver:
        receiver.next(413, 413)
        with pytest.raises(DeliveryRejected) as caught:
            await MAKERS[name](receiver.url).send(ALERTS["mail_became_able"])
    assert caught.value.reason is FailureReason.CLIENT
    assert not caught.value.mendable
    assert len(receiver.tried) == 2


@each
@pytest.mark.parametrize(
    ("status", "reason", "final"),
    [
        (401, FailureReason.AUTH, True),
        (403, FailureReason.AUTH, True),
        (404, FailureReason.CLIENT, True),
        (302, FailureReason.SERVER, False),
        (500, FailureReason.SERVER, False),
        (503, FailureReason.SERVER, False),
    ],
)
async def test_every_refusal_has_a_reason(name: str, status: int, reason: FailureReason, final: bool) -> None:
    async with PostReceiver() as receiver:
        receiver.headers["Location"] = "http://127.0.0.1:9/elsewhere"
        receiver.next(status)
        with pytest.raises(DeliveryFailed) as caught:
            await MAKERS[name](receiver.url).send(ALERTS["mail_became_able"])
    assert len(receiver.tried) == 1, "no redirect is followed"
    assert caught.value.reason is reason
    assert isinstance(caught.value, DeliveryRejected) is final
    if isinstance(caught.value, DeliveryRejected):
        assert caught.value.mendable


@each
@pytest.mark.parametrize("header", ["120", "Mon, 23 Nov 2099 12:00:00 GMT"])
async def test_a_pause_that_is_asked_for_is_kept(name: str, header: str) -> None:
    async with PostReceiver() as receiver:
        receiver.headers["Retry-After"] = header
        receiver.next(429)
        with pytest.raises(DeliveryFailed) as caught:
            await MAKERS[name](receiver.url).send(ALERTS["mail_became_able"])
    assert caught.value.reason is FailureReason.RATE_LIMITED
    assert caught.value.retry_after == (timedelta(seconds=120) if header == "120" else timedelta(hours=1))


@each
async def test_a_receiver_that_hangs_or_is_not_there(name: str) -> None:
    async with PostReceiver() as receiver:
        receiver.next(0)
        with pytest.raises(DeliveryFailed) as hung:
            await MAKERS[name](receiver.url).send(ALERTS["mail_became_able"])
        url = receiver.url
    with pytest.raises(DeliveryFailed) as gone:
        await MAKERS[name](url).send(ALERTS["mail_became_able"])
    assert (hung.value.reason, gone.value.reason) == (FailureReason.TIMEOUT, FailureReason.UNREACHABLE)
    for error in (hung.value, gone.value):
        assert "secret" not in str(error)
        assert "127.0.0.1" not in str(error)


async def test_an_old_connector_that_hides_its_429_in_a_200() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(DeliveryFailed) as caught:
            await teams.Teams(url=url).send(ALERTS["mail_became_able"])
    assert caught.value.reason is FailureReason.RATE_LIMITED


@pytest.mark.parametrize("name", ["pagerduty", "jsm"])
async def test_trouble_ends_under_the_key_under_which_it_began(name: str) -> None:
    async with PostReceiver() as receiver:
        channel = MAKERS[name](receiver.url)
        await channel.send(ALERTS["mail_became_able"])
        await channel.send(ALERTS["mail_became_unable"])
    begun, ended = receiver.accepted
    if name == "pagerduty":
        assert json.loads(begun.body)["dedup_key"] == json.loads(ended.body)["dedup_key"]
        assert json.loads(ended.body)["event_action"] == "resolve"
    else:
        alias = json.loads(begun.body)["alias"]
        assert ended.path.endswith(f"/{alias}/close") or alias.replace(":", "%3A") in ended.path


@pytest.mark.parametrize("name", ["pagerduty", "jsm"])
async def test_digests_wake_nobody(name: str) -> None:
    async with PostReceiver() as receiver:
        await MAKERS[name](receiver.url).send(ALERTS["digest"])
    assert receiver.tried == []


def _huge(sort: AlertKind) -> Alert:
    """Ten thousand names of four labels of 63 characters each."""
    label = "w" * 63
    events = [
        became_able(
            number, f"{number:06}{'x' * 57}.{label}.{label}.{'m' * 50}.ml", evidence=became_able().evidence * 40
        )
        for number in range(10_000)
    ]
    group = f"exchange:{label}.{label}.{label}.ml:mail_became_able"
    made = gathered("0193-alert-0009", sort, events, group=group, created_at=AT)
    return replace(made, public_url="https://watcher.army.mil")


def _with_every_event(alert: Alert) -> Alert:
    """As the channels get it that take every event."""
    return replace(alert, events=tuple(replace(alert.events[0], id=f"{n:06}", name=f"{n}.ml") for n in range(10_000)))


@pytest.mark.parametrize("sort", [AlertKind.PAGE, AlertKind.DIGEST])
def test_ten_thousand_names_of_the_longest_labels_fit_every_channel(sort: AlertKind) -> None:
    alert = _huge(sort)
    words = word(alert)
    card = json.dumps(teams.payload(words), ensure_ascii=False, separators=(",", ":")).encode()
    assert len(card) <= 20_000
    assert len(json.dumps(mattermost.payload(words), ensure_ascii=False)) <= 16_383
    assert len(mattermost.payload(words)["attachments"][0]["text"]) <= 7_900
    assert len(ntfy.payload(words)["message"].encode()) <= 4_096
    assert len(json.dumps(pagerduty.payload(alert))) <= 512 * 1024
    assert len(pagerduty.payload(alert)["dedup_key"]) <= 255
    assert len(jsm.payload(alert)["description"]) <= 15_000
    assert len(jsm.payload(alert)["message"]) <= 130
    assert len(jsm.payload(alert)["alias"]) <= 512
    assert len(slack.payload(alert)["blocks"]) <= 50
    for made in (card, json.dumps(ntfy.payload(words)).encode(), json.dumps(mattermost.payload(words)).encode()):
        assert b"https://watcher.army.mil" in made, "the link stays"


def test_one_event_of_long_evidence_says_what_was_left_out() -> None:
    label = "w" * 63
    name = f"{label}.{label}.{label}.ml"
    rows = tuple({**row, "question": name, "records": [f"10 {name}"] * 4} for row in became_able().evidence)
    long = [became_able(number, name, evidence=rows * 3) for number in (1, 2)]
    words = word(replace(page(*long), public_url="https://watcher.army.mil"))
    made = ntfy.payload(words)["message"]
    assert len(made.encode()) <= 4_096
    assert "Left out for length" in made


def test_no_mention_and_no_link_comes_from_outside() -> None:
    hostile = became_able(1, severity_reasons=("@channel [click](https://evil.example) <at>all</at> **bold**",))
    words = word(page(hostile))
    post = json.dumps(mattermost.payload(words), ensure_ascii=False)
    assert "@channel" not in post
    assert "](https" not in post
    card = json.dumps(teams.payload(words), ensure_ascii=False)
    assert "](https" not in card.replace("\\\\]\\\\(", "")
    assert "<at>" not in card.replace("\\\\<", "")


async def test_alertmanager_takes_ten_thousand_events() -> None:
    async with PostReceiver() as receiver:
        channel = alertmanager.Alertmanager(url=receiver.url, memory=ShortMemory())
        await channel.send(_with_every_event(_huge(AlertKind.PAGE)))
    assert len(json.loads(receiver.accepted[0].body)) == 10_000


def test_hooks_and_mail_take_ten_thousand_events() -> None:
    alert = _huge(AlertKind.PAGE)
    assert sum(1 for _ in hook_messages(_with_every_event(alert), VOCABULARY)) == 10_000
    whole = message(alert, Address("", "watcher", "army.mil"), (Address("", "soc", "army.mil"),)).as_bytes()
    assert len(whole) < 5_000_000
    assert max(map(len, whole.split(b"\n"))) <= 998
