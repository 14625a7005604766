"""Slack, over HTTP on loopback: what is accepted, what is tried again, what never; and that no secret leaks."""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.alert_samples import ABLE, ALERTS, became_able, page, storm
from tests.fakes.hostile import HOSTILE, hostile_event
from tests.fakes.slack_receiver import CHANNEL, TOKEN, Fault, SlackReceiver, block_problems, half_of_the_time
from watcher.channels.slack import Slack, blocks, payload
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected, StoreError
from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.core.ports import Answering
from watcher.core.telling.alerts import Alert
from watcher.core.telling.story import Fact, Story
from watcher.core.telling.wording import Listing, Wording
from watcher.services.telling.memory import ShortMemory

ALERT = ALERTS["mail_became_able"]


@pytest.fixture
async def receiver():
    async with SlackReceiver() as slack:
        yield slack


def _webhook(receiver: SlackReceiver, **arguments) -> Slack:
    return Slack(webhook_url=receiver.webhook_url, **arguments)


def _bot(receiver: SlackReceiver, **arguments) -> Slack:
    return Slack(**{"token": TOKEN, "channel": CHANNEL, "api_url": receiver.api_url, **arguments})


@pytest.mark.parametrize("name", ALERTS)
async def test_every_alert_is_accepted_both_ways(receiver: SlackReceiver, name: str) -> None:
    await _webhook(receiver).send(ALERTS[name])
    await _bot(receiver).send(ALERTS[name])
    assert [message.via for message in receiver.accepted] == ["webhook", "chat.postMessage"]
    assert {message.alert_id for message in receiver.accepted} == {ALERTS[name].id}
    assert receiver.problems == []


_LONG = st.lists(st.sampled_from(["a", "&", "<", ">", "ä", " ", "&amp;", "xyz" * 40]), min_size=1, max_size=30)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")


@settings(max_examples=25, deadline=None)
@given(_LONG.map("".join), st.integers(0, 40))
def test_no_text_is_cut_inside_an_entity(text: str, shift: int) -> None:
    line = "x" * shift + text * (3200 // len(text) + 1)
    story = Story(line, (Fact("Seen", line), Fact("Also", line)), (line, line), (line,))
    words = Wording(line, Severity.HIGH, line, (story, story), (Listing(line, (line,), 3),), line, None)
    made = blocks(words)
    assert block_problems({"text": "Mail", "blocks": made}) == []
    texts = [block["text"]["text"] for block in made if block["type"] == "section"]
    assert any(text.endswith("…") for text in texts), "at least one was cut"
    assert [text[-12:] for text in texts if _ENTITY.search(text)] == []


async def test_a_bot_message_unfurls_nothing(receiver: SlackReceiver) -> None:
    await _bot(receiver).send(ALERT)
    sent = receiver.accepted[0].payload
    assert (sent["channel"], sent["unfurl_links"], sent["unfurl_media"]) == (CHANNEL, False, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, "invalid_payload"), (400, "invalid_blocks"), (403, "action_prohibited"), (403, "invalid_token"),
        (404, "no_service"), (404, "channel_not_found"), (410, "channel_is_archived"),
    ],
)  # fmt: skip
async def test_what_the_webhook_refuses_for_good(receiver: SlackReceiver, status: int, body: str) -> None:
    receiver.next(Fault.refused(status, body))
    with pytest.raises(DeliveryRejected, match=f"slack: Slack said {body} \\(status {status}\\)"):
        await _webhook(receiver).send(ALERT)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.server_error(), Fault.server_error(502, "<html>Bad Gateway</html>"), Fault.server_error(503, ""),
        Fault.refused(404, "<html>captive portal</html>"), Fault.refused(407, "Proxy Authentication Required"),
        Fault.refused(400, "a_word_nobody_knows"), Fault.refused(200, "<html>Welcome to the hotel</html>"),
        Fault.refused(200, ""), Fault.redirect("http://127.0.0.1:1/"), Fault.close(), Fault.not_ok("ratelimited"),
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_tried_again(receiver: SlackReceiver, fault: Fault) -> None:
    for channel in (_webhook(receiver), _bot(receiver)):
        receiver.next(fault)
        with pytest.raises(DeliveryFailed) as caught:
            await channel.send(ALERT)
        assert not isinstance(caught.value, DeliveryRejected)
    assert len(receiver.tries) == 2, "a redirect is not followed"


@pytest.mark.parametrize(
    "error", ["invalid_auth", "token_revoked", "not_in_channel", "channel_not_found", "is_archived", "missing_scope"]
)
async def test_what_the_web_api_refuses_for_good(receiver: SlackReceiver, error: str) -> None:
    receiver.next(Fault.not_ok(error))
    with pytest.raises(DeliveryRejected, match=error) as caught:
        await _bot(receiver).send(ALERT)
    assert caught.value.mendable, "by the settings, or in Slack"


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "no_text"])
async def test_what_is_wrong_with_a_message_no_setting_mends(receiver: SlackReceiver, error: str) -> None:
    receiver.next(Fault.not_ok(error))
    with pytest.raises(DeliveryRejected, match=error) as caught:
        await _bot(receiver).send(ALERT)
    assert not caught.value.mendable


@pytest.mark.parametrize(
    "error", ["ratelimited", "internal_error", "fatal_error", "service_unavailable", "new_trouble"]
)
async def test_what_the_web_api_may_accept_later(receiver: SlackReceiver, error: str) -> None:
    receiver.next(Fault.not_ok(error))
    with pytest.raises(DeliveryFailed, match=error) as caught:
        await _bot(receiver).send(ALERT)
    assert not isinstance(caught.value, DeliveryRejected)


async def test_a_wrong_token_and_a_wrong_channel(receiver: SlackReceiver) -> None:
    with pytest.raises(DeliveryRejected, match="invalid_auth"):
        await _bot(receiver, token="xoxb-wrong").send(ALERT)
    with pytest.raises(DeliveryRejected, match="channel_not_found"):
        await _bot(receiver, channel="#elsewhere").send(ALERT)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7), (0, 0, 0), ("99999999999999", 3600, 3600), (None, None, None), ("soon", None, None),
        ("-5", None, None), ("1.5", None, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
    ids=str,
)  # fmt: skip
async def test_retry_after_is_obeyed_and_bounded(receiver: SlackReceiver, value, least, most) -> None:
    receiver.next(Fault.too_many(value))
    with pytest.raises(DeliveryFailed, match="slow down") as caught:
        await _webhook(receiver).send(ALERT)
    wait = caught.value.retry_after
    if least is None:
        assert wait is None
    else:
        assert wait is not None
        assert timedelta(seconds=least) <= wait <= timedelta(seconds=most)


async def test_retry_after_may_be_a_date(receiver: SlackReceiver) -> None:
    receiver.next(Fault.too_many(format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)))
    with pytest.raises(DeliveryFailed, match="slow down") as caught:
        await _webhook(receiver).send(ALERT)
    wait = caught.value.retry_after
    assert wait is not None
    assert timedelta(seconds=100) <= wait <= timedelta(seconds=121)


async def test_no_answer_is_a_failure_in_time(receiver: SlackReceiver) -> None:
    receiver.next(Fault.hang())
    async with asyncio.timeout(60):
        with pytest.raises(DeliveryFailed, match="no answer"):
            await _webhook(receiver, timeout=0.2).send(ALERT)


async def test_nobody_there_and_no_such_name() -> None:
    for url in ("http://127.0.0.1:1/services/T/B/very-secret", "http://nothing.invalid/services/T/B/very-secret"):
        with pytest.raises(DeliveryFailed) as caught:
            await Slack(webhook_url=url).send(ALERT)
        assert "very-secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


async def test_an_answer_without_end_is_cut() -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"o" * 65536)
        except ConnectionError:
            return response

    app = web.Application()
    app.router.add_post("/", flood)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with asyncio.timeout(60):
            with pytest.raises(DeliveryFailed, match="unexpected answer"):
                await Slack(webhook_url=f"http://127.0.0.1:{runner.addresses[0][1]}/").send(ALERT)
    finally:
        await runner.cleanup()


async def test_half_of_the_tries_failing_still_gets_it_there() -> None:
    async with SlackReceiver(faults=half_of_the_time(7)) as receiver:
        channel, tries = _webhook(receiver), 0
        while len(receiver.accepted) < 20:
            tries += 1
            with suppress(DeliveryFailed):
                await channel.send(ALERT)
        assert 25 < tries < 60


def test_secrets_are_in_no_representation() -> None:
    assert "secret" not in repr(Slack(webhook_url="https://hooks.slack.com/services/T/B/secret"))
    assert "secret" not in repr(Slack(token="xoxb-secret", channel="#c"))


@pytest.mark.parametrize(
    "arguments",
    [
        {}, {"token": "t"}, {"channel": "#c"}, {"webhook_url": "hooks.slack.com/services/secret"},
        {"webhook_url": "ftp://hooks.slack.com/secret"}, {"webhook_url": "https:///secret"},
        {"webhook_url": "https://h:99999/secret"}, {"webhook_url": "https://h/sec ret"},
        {"webhook_url": "https://h/", "token": "t", "channel": "#c"}, {"token": "sec\r\nret", "channel": "#c"},
        {"token": "t", "channel": "#c", "api_url": "nonsense"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_named_without_their_secret(arguments) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Slack(**arguments)
    assert caught.value.setting.startswith("alerts.slack")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda p: p["blocks"].extend([{"type": "divider"}] * 50), "blocks must be 1 to 50"),
        (lambda p: p["blocks"][0]["text"].update(text="x" * 151), "longer than 150"),
        (lambda p: p["blocks"][1]["text"].update(text="x" * 3001), "longer than 3000"),
        (lambda p: p["blocks"][1]["text"].update(text=""), "empty text"),
        (lambda p: p["blocks"][1]["text"].update(text="<!channel>"), "control sequence"),
        (lambda p: p["blocks"][1]["text"].update(text="a & b"), "bare ampersand"),
        (lambda p: p.pop("text"), "text is missing"),
        (lambda p: p["blocks"].append({"type": "image"}), "unknown type"),
        (lambda p: p["blocks"][1].update(colour="red"), "unknown key"),
    ],
)
async def test_the_receiver_is_strict(receiver: SlackReceiver, change, problem: str) -> None:
    """A fake that takes everything would prove nothing."""
    made = json.loads(json.dumps(payload(ALERT)))
    assert block_problems(made) == []
    change(made)
    assert any(problem in one for one in block_problems(made))


async def test_updates_of_a_lookalike_are_one_thread_that_the_channel_sees(receiver: SlackReceiver) -> None:
    memory = ShortMemory()
    for alert_id in ("a1", "a2"):
        await _bot(receiver, memory=memory).send(replace(ALERT, id=alert_id))  # a new one each time: as after a restart
    await _bot(receiver, memory=memory).send(replace(ALERT, id="a3", group="domain:navy.ml"))
    await _bot(receiver, memory=memory).send(replace(ALERTS["digest"], id="a4"))
    threads = [(m.payload.get("thread_ts"), m.payload.get("reply_broadcast")) for m in receiver.accepted]
    assert threads == [(None, None), ("1.000001", True), (None, None), (None, None)]


async def test_when_the_first_message_is_gone_a_new_thread_begins(receiver: SlackReceiver) -> None:
    channel = _bot(receiver, memory=ShortMemory())
    await channel.send(ALERT)
    receiver.firsts.clear()
    await channel.send(replace(ALERT, id="a2"))
    await channel.send(replace(ALERT, id="a3"))
    assert [m.payload.get("thread_ts") for m in receiver.accepted] == [None, None, "1.000002"]


def _joined(number: int) -> Alert:
    """A later alert of the story that `storm(6)` began."""
    return page(
        became_able(100 + number, f"late{number}.ml"),
        group="exchange:mailhub.net:mail_became_able",
        alert_id=f"0193-alert-1{number:03}",
    )


async def test_the_first_message_grows_with_its_group_and_is_answered(receiver: SlackReceiver) -> None:
    memory = ShortMemory()
    first = storm(6)
    await _bot(receiver, memory=memory).send(first)
    for number in (1, 2):
        await _bot(receiver, memory=memory).send(_joined(number))
    shown = receiver.shown["1.000001"]
    assert shown.via == "chat.update"
    assert "8 lookalikes became able" in shown.text
    assert "late1[.]ml" in shown.text
    assert "late2[.]ml" in shown.text
    assert shown.alert_id == first.id
    assert [m.payload.get("thread_ts") for m in receiver.accepted] == [None, "1.000001", "1.000001"]
    assert receiver.problems == []


async def test_a_try_that_is_repeated_counts_no_name_twice(receiver: SlackReceiver) -> None:
    memory = ShortMemory()
    await _bot(receiver, memory=memory).send(storm(6))
    receiver.next(*[Fault.server_error(), Fault.server_error()])
    for _ in range(2):
        with pytest.raises(DeliveryFailed):
            await _bot(receiver, memory=memory).send(_joined(1))
    await _bot(receiver, memory=memory).send(_joined(1))
    await _bot(receiver, memory=memory).send(_joined(1))
    assert "7 lookalikes became able" in receiver.shown["1.000001"].text


@pytest.mark.parametrize("name", ["mail_became_unable", "exchanges_changed"])
async def test_a_loss_and_a_change_answer_in_the_thread_and_edit_nothing(receiver: SlackReceiver, name: str) -> None:
    memory = ShortMemory()
    await _bot(receiver, memory=memory).send(ALERT)
    await _bot(receiver, memory=memory).send(replace(ALERTS[name], id="a2"))
    assert receiver.accepted[1].payload["thread_ts"] == "1.000001"
    assert receiver.shown["1.000001"].via == "chat.postMessage"


async def test_a_return_answers_in_the_thread(receiver: SlackReceiver) -> None:
    memory = ShortMemory()
    await _bot(receiver, memory=memory).send(ALERT)
    back = became_able(9, "sub.army.ml", registrable_domain="army.ml", after={**ABLE, "returned": True})
    await _bot(receiver, memory=memory).send(page(back, alert_id="a2"))
    assert receiver.accepted[1].payload["thread_ts"] == "1.000001"
    assert receiver.shown["1.000001"].via == "chat.postMessage"


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_edited_is_answered_all_the_same(receiver: SlackReceiver, error: str) -> None:
    memory = ShortMemory()
    await _bot(receiver, memory=memory).send(storm(6))
    receiver.next(Fault.not_ok(error))
    await _bot(receiver, memory=memory).send(_joined(1))
    assert receiver.accepted[1].payload["thread_ts"] == "1.000001"


async def test_triage_is_answered_in_the_thread_and_nowhere_else(receiver: SlackReceiver) -> None:
    channel = _bot(receiver, memory=ShortMemory())
    assert isinstance(channel, Answering)
    assert await channel.answer("domain:army.ml", "army[.]ml is to be blocked") is False
    await channel.send(ALERT)
    assert await channel.answer("domain:army.ml", "army[.]ml is to be blocked: <!channel> & *now*") is True
    sent = receiver.accepted[1].payload
    assert (sent["thread_ts"], sent.get("reply_broadcast")) == ("1.000001", None)
    assert "&lt;!channel&gt; &amp; ∗now∗" in sent["text"]
    assert await _webhook(receiver).answer("domain:army.ml", "x") is False
    assert receiver.problems == []


async def test_what_an_older_version_remembered_is_a_thread_still(receiver: SlackReceiver) -> None:
    memory = ShortMemory()
    await _bot(receiver, memory=memory).send(ALERT)
    await memory.put(f"slack:{CHANNEL}:{ALERT.group}", "1.000001")
    await _bot(receiver, memory=memory).send(replace(ALERT, id="a2"))
    assert receiver.accepted[1].payload["thread_ts"] == "1.000001"


async def test_a_memory_that_fails_after_acceptance_costs_nothing(receiver: SlackReceiver) -> None:
    class Broken(ShortMemory):
        async def put(self, key, value):
            raise StoreError("database or disk is full")

    await _bot(receiver, memory=Broken()).send(ALERT)
    assert len(receiver.accepted) == 1


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("mail_became_able", "/names/army.ml"), ("two_events", "/names/army.ml"),
        ("storm", "/"), ("digest", "/"), ("watch_stale", "/"), ("test", "/"),
    ],
)  # fmt: skip
async def test_a_button_leads_to_what_is_known(receiver: SlackReceiver, name: str, path: str) -> None:
    alert = replace(ALERTS[name], public_url="https://watch.army.mil/")
    await _webhook(receiver).send(alert)
    assert receiver.problems == []
    blocks = receiver.accepted[0].payload["blocks"]
    (button,) = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
    assert button["url"] == f"https://watch.army.mil{path}"


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_button_leads_nowhere_else_whatever_the_name(receiver: SlackReceiver, value: str) -> None:
    alert = replace(page(hostile_event(EventKind.MAIL_BECAME_ABLE, value)), public_url="https://watch.army.mil")
    await _webhook(receiver).send(alert)
    assert receiver.problems == []
    text = json.dumps(receiver.accepted[0].payload["blocks"])
    assert text.count("https://") == 1
    assert '"https://watch.army.mil/names/' in text
