"""The words of an alert: for a tired reader, and whatever somebody puts into a name or a record."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.alert_samples import ABLE, ALERTS, AT, EVENTS, about_ours, became_able, event, page
from tests.fakes.hostile import HOSTILE, hostile_event
from tests.fakes.slack_receiver import block_problems
from watcher.channels.email import html
from watcher.channels.form import word
from watcher.channels.slack import payload
from watcher.checks import VOCABULARY
from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.names.clean import clean, defanged, defanged_text, shown_name, slip
from watcher.core.names.names import parse
from watcher.core.shapes.alerts import alert_from_json, alert_json
from watcher.core.telling.alerts import AlertKind, FirstSweep, gathered
from watcher.core.telling.kind_words import ability_words
from watcher.core.telling.plain_text import text
from watcher.core.telling.story import duration


def _everything(made) -> str:
    words = word(made)
    parts = [words.subject, words.lead, words.footer]
    for story in words.stories:
        parts += [story.headline, *story.evidence, *story.actions]
        parts += [line for fact in story.facts for line in (fact.label, fact.text)]
    for listing in words.listings:
        parts += [listing.title, *listing.lines]
    return "\n".join(parts)


@pytest.mark.parametrize("value", HOSTILE, ids=["slack", "html", "header", "direction", "control", "long", "links"])
@pytest.mark.parametrize("kind", EventKind)
def test_nothing_hostile_gets_through(kind: EventKind, value: str) -> None:
    one = hostile_event(kind, value)
    for made in (page(one), page(*(replace(one, id=f"e{n}") for n in range(60)), group=f"exchange:{value}:{kind}")):
        said = _everything(made)
        assert not any(ord(character) < 32 and character != "\n" for character in said)
        for unseen in "\x7f\x9b\u200b\u200d\u202e\u2066\ufeff\u061c\u2028\ud800":
            assert unseen not in said
        assert "evil.com" not in said
        assert "://" not in said
        assert len(said) < 40_000
        sent = payload(made)
        assert block_problems(sent) == []
        page_html = html(word(made))
        assert "<script" not in page_html
        assert "<img" not in page_html
        assert text(word(made)).encode("utf-8")


@given(st.text(max_size=400))
def test_whatever_text_is_one_bounded_line_that_shows(value: str) -> None:
    cleaned = clean(value, 100)
    assert len(cleaned) <= 100
    assert cleaned == "" or cleaned.isprintable() or cleaned.replace("\xad", "").isprintable()
    assert "`" not in cleaned
    cleaned.encode("utf-8")
    assert "\n" not in defanged_text(value, 100)


@given(st.text(alphabet="abcdefmil.-ü<>&*", max_size=60))
def test_slack_takes_whatever_stands_in_a_name(name: str) -> None:
    assert block_problems(payload(page(became_able(name=name)))) == []


def test_names_are_defanged_so_that_our_commands_take_them() -> None:
    assert defanged("us.army.ml") == "us[.]army[.]ml"
    assert parse("us[.]army[.]ml") == "us.army.ml"
    assert shown_name("xn--rmy-5cd.ml") == "xn--rmy-5cd[.]ml (аrmy[.]ml)"
    assert defanged_text("mx.evil.net for army.mil", keep=("army.mil",)) == "mx[.]evil[.]net for army.mil"
    assert defanged_text("https://evil.net/x") == "https[:]//evil[.]net/x"


@pytest.mark.parametrize(
    ("meant", "written", "shown"),
    [
        ("army.mil", "army.ml", ("army.m‹i›l", "army.ml")),
        ("army.mil", "armyy.mil", ("army.mil", "army‹y›.mil")),
        ("army.mil", "amry.mil", ("a‹rm›y.mil", "a‹mr›y.mil")),
        ("us.army.mil", "usarmy.mil", ("us‹.›army.mil", "usarmy.mil")),
        ("a.mil", "a.mil", ("a.mil", "a.mil")),
        ("aa.mil", "aaa.mil", ("aa.mil", "aa‹a›.mil")),
    ],
)
def test_where_the_slip_is(meant: str, written: str, shown: tuple[str, str]) -> None:
    assert slip(meant, written) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"), (1, "1 second"), (59.2, "60 seconds"), (61, "2 minutes"), (3600, "1 hour"),
        (7260, "2 hours 1 minute"), (86400, "1 day"), (90000, "1 day 1 hour"), (864000, "10 days"),
    ],
)  # fmt: skip
def test_durations_round_up(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_a_page_must_say() -> None:
    """What, which name, which of ours and where the slip is, since when, how sure, how bad and why, what to do."""
    words = word(ALERTS["mail_became_able"])
    (story,) = words.stories
    facts = {fact.label: fact.text for fact in story.facts}
    assert words.subject == "CRITICAL: army[.]ml can receive mail now"
    assert (
        facts["Resembles"]
        == "army.m‹i›l → army[.]ml (mil became ml: the i is left out; number 3 of its likeliest slips)"
    )
    assert facts["Mail goes to"].startswith("mx[.]army[.]ml (93.184.215.14")
    assert facts["Since"] == "2026-11-23 12:46 UTC, at most 4 minutes after it happened"
    assert facts["How sure"] == "2 resolvers say the same (9.9.9.10:53, 149.112.112.10:53); 4 answers"
    assert "it is among the 100 likeliest slips (number 3)" in facts["Why critical"]
    assert len(story.evidence) == 4
    assert story.actions[0].startswith("Block outgoing mail to army[.]ml")


def test_one_resolver_is_not_called_agreement() -> None:
    evidence = (EVENTS["mail_became_able"].evidence[0],)
    story = word(page(became_able(evidence=evidence))).stories[0]
    assert {fact.label: fact.text for fact in story.facts}["How sure"].startswith("one resolver each")


def test_a_name_that_was_able_by_its_address_prepares_for_mail() -> None:
    assert "prepares for mail" in word(ALERTS["mail_became_able_again"]).subject


def test_a_loss_of_ours_is_not_answered_with_blocking_ourselves() -> None:
    ours = event(EventKind.EXCHANGES_CHANGED, before={**ABLE, "flags": ["defensive"]}, after=ABLE)
    actions = word(page(ours)).stories[0].actions
    assert not any("Block" in action for action in actions)
    assert any("if not, treat it as an attack" in action for action in actions)


def test_a_storm_lists_names_and_counts_the_rest() -> None:
    words = word(ALERTS["storm_large"])
    assert words.subject == "CRITICAL: 400 lookalikes became able to receive mail"
    assert sum(len(listing.lines) for listing in words.listings) == 30
    assert words.listings[0].more == 20
    assert words.listings[1].title == "and 350 more, see `watcher events`"


@pytest.mark.parametrize(
    ("swept", "words"),
    [
        (FirstSweep(0), "no lookalike found"),
        (FirstSweep(1), "1 lookalike found"),
        (FirstSweep(5, 1), "5 lookalikes found, of which 1 was told already"),
        (FirstSweep(5, 2, ("navy.mil",)), "5 lookalikes found, of which 2 were told already for navy.mil"),
        (
            FirstSweep(9, 9, ("a.mil", "b.mil", "c.mil", "d.mil", "e.mil")),
            "9 lookalikes found, of which 9 were told already for a.mil, b.mil, c.mil and 2 more",
        ),
    ],
)
def test_a_baseline_says_how_many_lookalikes_there_are_and_which_were_told(swept: FirstSweep, words: str) -> None:
    told = replace(ALERTS["baseline"], first_sweep=swept)
    assert word(told).subject == f"First sweep of army.mil finished: {words}"
    assert alert_from_json(json.loads(json.dumps(alert_json(told)))) == told


def test_a_baseline_that_found_nothing_says_so() -> None:
    empty = replace(ALERTS["baseline"], events=(), total=0)
    assert word(empty).subject == "First sweep of army.mil finished: no lookalike found"


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1"])
def test_a_portfolio_has_its_host_in_common(address: str) -> None:
    words = word(replace(ALERTS["storm_large"], group=f"address:{address}:mail_became_able"))
    assert f"What they have in common: the host at {defanged(address)}." in words.lead


def test_everything_a_verdict_can_say_has_words() -> None:
    for said, words in ((Ability, ability_words), (Basis, VOCABULARY.words_of), (Flag, VOCABULARY.words_of)):
        for one in said:
            assert words(one.value) != one.value.replace("_", " "), f"{one.value} has no words of its own"


def page_of(*events):
    return gathered("1", AlertKind.PAGE, events, group="domain:army.ml", created_at=AT)


@pytest.mark.parametrize("kind", ["mail_became_unable", "watch_recovered", "channel_recovered"])
def test_an_end_is_headed_as_one_and_shown_as_none(kind):
    words = word(page_of(replace(EVENTS[kind], severity=Severity.CRITICAL)))
    assert words.subject.startswith("RESOLVED: ")
    assert words.severity is Severity.INFO


def test_an_end_beside_something_that_goes_on_is_headed_by_that():
    lost = replace(EVENTS["mail_became_unable"], severity=Severity.CRITICAL)
    words = word(page_of(lost, became_able(name="b.army.ml", severity=Severity.MEDIUM)))
    assert words.subject.startswith("MEDIUM: ")
    assert words.severity is Severity.MEDIUM


def test_a_loss_of_ours_stays_as_grave_as_it_is():
    words = word(page_of(about_ours(EventKind.MAIL_BECAME_UNABLE)))
    assert words.subject.startswith("HIGH: ")


@pytest.mark.parametrize(
    ("marks", "headline", "fact"),
    [
        ({"returned": True}, "can receive mail again", ""),
        ({"flapping": True}, "can receive mail now", "Back and forth: it keeps changing; further changes"),
        (
            {"flapping": True, "damped": True},
            "can receive mail now",
            "Back and forth: it keeps changing; that was told",
        ),
        ({"joined": True}, "can receive mail now", "Part of: what another host"),
        (
            {"unsettled_since": "2026-11-22T10:00:00Z", "unsettled_outcome": "SERVFAIL"},
            "can receive mail now",
            "Until now: no look at it had settled since 2026-11-22 10:00 UTC (SERVFAIL)",
        ),
    ],
)
def test_an_alert_says_which_story_it_belongs_to(marks, headline, fact):
    first = became_able()
    (story,) = word(page_of(replace(first, after={**first.after, **marks}))).stories
    assert headline in story.headline
    assert fact in "\n".join(f"{one.label}: {one.text}" for one in story.facts)
    assert "true" not in "\n".join(one.text for one in story.facts).lower()


def test_a_digest_never_says_that_nothing_was_urgent_above_something_grave():
    able = became_able(severity=Severity.HIGH)
    grave = gathered("1", AlertKind.DIGEST, [able], group="digest", created_at=AT)
    quiet = gathered("1", AlertKind.DIGEST, [EVENTS["lookalike_found"]], group="digest", created_at=AT)
    assert "Nothing here" not in word(grave).lead
    assert "Nothing here" in word(quiet).lead
