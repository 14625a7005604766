"""Alertmanager: what it is posted fits its own description, fires until it ends, and ends under the same labels."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft4Validator, FormatChecker

from tests.fakes.alert_samples import ALERTS, AT, EVENTS, became_able, page, storm
from tests.fakes.hostile import HOSTILE, hostile_event
from tests.fakes.post_receiver import PostReceiver
from watcher.channels.alertmanager import Alertmanager
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.services.telling.memory import ShortMemory

ALERT = ALERTS["mail_became_able"]
UNABLE = replace(EVENTS["mail_became_unable"], id="0193-event-0009", severity=Severity.LOW, at=AT + timedelta(hours=9))


@pytest.fixture
async def receiver():
    async with PostReceiver() as receiver:
        yield receiver


def _channel(receiver: PostReceiver, memory: ShortMemory | None = None, **arguments) -> Alertmanager:
    return Alertmanager(url=f"http://127.0.0.1:{receiver.port}/", memory=memory or ShortMemory(), **arguments)


def _posted(receiver: PostReceiver, number: int = -1) -> list[dict]:
    assert receiver.accepted[number].path == "/api/v2/alerts"
    return json.loads(receiver.accepted[number].body)


async def test_a_lookalike_that_gains_mail_fires_until_it_loses_it(receiver: PostReceiver) -> None:
    channel = _channel(receiver)
    await channel.send(ALERT)
    (begun,) = _posted(receiver)
    assert begun["labels"] == {
        "alertname": "mail_became_able",
        "service": "watcher",
        "severity": "critical",
        "name": "army.ml",
        "registrable_domain": "army.ml",
        "protected": "army.mil",
    }
    assert begun["startsAt"] == "2026-11-23T12:46:00.000Z"
    assert begun["endsAt"] > "2035"
    assert "army[.]ml can receive mail now" in begun["annotations"]["summary"]
    await channel.send(page(UNABLE))
    (ended,) = _posted(receiver)
    assert ended["labels"] == begun["labels"], "though the severity is another by now"
    assert ended["endsAt"] == "2026-11-23T21:46:00.000Z"
    await channel.send(page(UNABLE, alert_id="a2"))
    (passing,) = _posted(receiver)
    assert passing["labels"]["alertname"] == "mail_became_unable", "what ends nothing is told for itself"


async def test_what_fires_is_known_after_a_restart(receiver: PostReceiver) -> None:
    memory = ShortMemory()
    await _channel(receiver, memory).send(ALERT)
    await _channel(receiver, memory).send(page(UNABLE))
    assert _posted(receiver)[0]["labels"] == _posted(receiver, 0)[0]["labels"]


async def test_a_graver_alert_takes_the_place_of_the_milder_also_after_a_failure(receiver: PostReceiver) -> None:
    channel = _channel(receiver)
    await channel.send(page(became_able(1, severity=Severity.MEDIUM)))
    receiver.next(500)
    graver = page(became_able(2, severity=Severity.CRITICAL), alert_id="a2")
    with pytest.raises(DeliveryFailed, match="500"):
        await channel.send(graver)
    await channel.send(graver)
    ends = {one["labels"]["severity"]: one["endsAt"] for one in _posted(receiver)}
    assert ends["medium"] == "2026-11-23T12:46:00.000Z"
    assert ends["critical"] > "2035"
    await channel.send(page(UNABLE, alert_id="a3"))
    assert [one["labels"]["severity"] for one in _posted(receiver)] == ["critical"]


async def test_the_watch_and_channels_end_too(receiver: PostReceiver) -> None:
    channel = _channel(receiver)
    for begin, end in (("watch_stale", "watch_recovered"), ("channel_failing", "channel_recovered")):
        await channel.send(ALERTS[begin])
        begun = _posted(receiver)[0]
        await channel.send(page(replace(EVENTS[end], id="e9", at=AT + timedelta(hours=1)), group="watch"))
        ended = _posted(receiver)[0]
        assert (begun["labels"]["alertname"], ended["labels"]) == (begin, begun["labels"])
        assert ended["endsAt"] == "2026-11-23T13:46:00.000Z"


async def test_what_merely_happened_passes(receiver: PostReceiver) -> None:
    await _channel(receiver).send(ALERTS["exchanges_changed"])
    (one,) = _posted(receiver)
    assert one["endsAt"] == "2026-11-30T12:46:00.000Z"


async def test_a_digest_is_one_alert(receiver: PostReceiver) -> None:
    await _channel(receiver).send(ALERTS["digest"])
    assert [one["labels"]["alertname"] for one in _posted(receiver)] == ["watcher_digest"]


async def test_a_storm_is_every_name_in_one_post(receiver: PostReceiver) -> None:
    await _channel(receiver).send(storm(12))
    assert len({one["labels"]["name"] for one in _posted(receiver)}) == 12


async def test_of_a_gain_and_a_loss_in_one_alert_the_loss_holds(receiver: PostReceiver) -> None:
    await _channel(receiver).send(page(became_able(1), UNABLE))
    (one,) = _posted(receiver)
    assert (one["labels"]["severity"], one["endsAt"]) == ("critical", "2026-11-23T21:46:00.000Z")


@pytest.mark.parametrize(
    ("status", "final"), [(400, True), (401, False), (404, False), (302, False), (500, False), (503, False)]
)
async def test_what_is_final(receiver: PostReceiver, status: int, final: bool) -> None:
    receiver.next(status)
    with pytest.raises(DeliveryFailed, match=str(status)) as caught:
        await _channel(receiver).send(ALERT)
    assert isinstance(caught.value, DeliveryRejected) == final


def test_urls_that_cannot_be_used() -> None:
    for url in ("localhost:9093", "ftp://very-secret/", "http://169.254.169.254"):
        with pytest.raises(ConfigurationError) as caught:
            Alertmanager(url=url, memory=ShortMemory())
        assert "very-secret" not in str(caught.value)


@pytest.fixture(scope="module")
def described(corpus: Path) -> Draft4Validator:
    """Alertmanager's own description of what `POST /api/v2/alerts` takes."""
    document = yaml.safe_load((corpus / "schemas/alertmanager/api_v2_openapi.yaml").read_text())
    (body,) = document["paths"]["/alerts"]["post"]["parameters"]
    schema = {**body["schema"], "definitions": document["definitions"]}
    return Draft4Validator(schema, format_checker=FormatChecker())


@pytest.mark.corpus
@pytest.mark.parametrize("name", ALERTS)
async def test_alertmanager_describes_it_so(receiver: PostReceiver, described: Draft4Validator, name: str) -> None:
    await _channel(receiver).send(ALERTS[name])
    posted = _posted(receiver)
    assert posted
    assert list(described.iter_errors(posted)) == []
    broken = [{**posted[0], "labels": None, "generatorURL": 7}]
    assert len(list(described.iter_errors(broken))) >= 1, "the description is not empty"


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("value", HOSTILE)
async def test_hostile_text_shows_as_one_harmless_line(receiver: PostReceiver, kind: EventKind, value: str) -> None:
    await _channel(receiver).send(page(hostile_event(kind, value)))
    body = receiver.accepted[0].body
    assert body.isascii()
    assert len(body) < 40_000
    for one in json.loads(body):
        for label in one["labels"].values():
            assert label.isprintable()
            assert len(label) <= 300
        said = "\n".join(one["annotations"].values())
        assert "evil.com" not in said
        assert "://" not in said
        assert all(character.isprintable() or character == "\n" for character in said)
