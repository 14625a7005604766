"""What arrives, byte for byte. After a wanted change: WATCHER_GOLDEN=write .venv/bin/pytest tests/golden, then read the diff."""

import json
import os
from email.headerregistry import Address
from pathlib import Path

import pytest

from tests.fakes.alert_samples import ALERTS
from tests.fakes.post_receiver import PostReceiver
from tests.fakes.slack_receiver import block_problems
from watcher import __version__, channels
from watcher.channels import jsm, mattermost, ntfy, pagerduty, syslog, teams
from watcher.channels.alertmanager import Alertmanager
from watcher.channels.apprise import Apprise
from watcher.channels.command import Command
from watcher.channels.email import html, message
from watcher.channels.form import word
from watcher.channels.slack import payload
from watcher.checks import VOCABULARY
from watcher.core.shapes.hooks import hook_messages
from watcher.core.telling.alerts import DEFAULT_KINDS
from watcher.core.telling.plain_text import text
from watcher.services.telling.memory import ShortMemory

HERE = Path(__file__).parent
SENDER = Address("Watch", "watcher", "army.mil")
FORMS = ("mail_became_able", "two_events", "storm", "digest", "mail_became_unable", "watch_stale", "watch_recovered")
"""A single event, a group, a storm, a digest, what resolves it, and trouble of the watch with its end."""
RECIPIENTS = (Address("", "soc", "army.mil"), Address("Mail team", "postmaster", "army.mil"))


def _same(path: Path, made: bytes) -> None:
    if os.environ.get("WATCHER_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
    assert path.read_bytes() == made


@pytest.mark.parametrize("name", ALERTS)
def test_slack(name: str) -> None:
    made = payload(ALERTS[name])
    assert block_problems(made) == []
    _same(HERE / "slack" / f"{name}.json", json.dumps(made, indent=1, ensure_ascii=False).encode() + b"\n")


@pytest.mark.parametrize("name", ALERTS)
def test_mail_text(name: str) -> None:
    _same(HERE / "email" / f"{name}.txt", text(word(ALERTS[name])).encode())


@pytest.mark.parametrize("name", ALERTS)
def test_mail_html(name: str) -> None:
    _same(HERE / "email" / f"{name}.html", html(word(ALERTS[name])).encode())


@pytest.mark.parametrize("name", ["mail_became_able", "storm", "digest", "test"])
def test_whole_mail(name: str) -> None:
    _same(HERE / "email" / f"{name}.eml", bytes(message(ALERTS[name], SENDER, RECIPIENTS)))


@pytest.mark.parametrize("name", [name for name in ALERTS if name not in {"storm_large", "baseline"}])
def test_webhook(name: str) -> None:
    made = b"".join(message.body + b"\n" for message in hook_messages(ALERTS[name], VOCABULARY))
    _same(HERE / "webhook" / f"{name}.jsonl", made)


@pytest.mark.parametrize("name", [name for name in ALERTS if name != "storm_large"])
async def test_alertmanager(name: str) -> None:
    async with PostReceiver() as receiver:
        await Alertmanager(url=f"http://127.0.0.1:{receiver.port}", memory=ShortMemory()).send(ALERTS[name])
    made = json.loads(receiver.accepted[0].body)
    _same(HERE / "alertmanager" / f"{name}.json", json.dumps(made, indent=1, ensure_ascii=False).encode() + b"\n")


@pytest.mark.parametrize("name", [*FORMS, "test"])
async def test_command(name: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    await Command(arguments=["tee", "-a", str(made)]).send(ALERTS[name])
    _same(HERE / "command" / f"{name}.jsonl", made.read_bytes())


@pytest.mark.parametrize("name", [*FORMS, "test"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the many libraries that its plugins use
async def test_apprise(name: str) -> None:
    async with PostReceiver() as receiver:
        await Apprise(urls=[f"json://127.0.0.1:{receiver.port}/"]).send(ALERTS[name])
    said = json.loads(receiver.accepted[0].body)
    _same(HERE / "apprise" / f"{name}.txt", f"{said['title']}\n\n{said['message']}\n".encode())


def _json(made: object) -> bytes:
    return json.dumps(made, indent=1, ensure_ascii=False).encode() + b"\n"


@pytest.mark.parametrize("name", ALERTS)
def test_teams(name: str) -> None:
    _same(HERE / "teams" / f"{name}.json", _json(teams.payload(word(ALERTS[name]))))


@pytest.mark.parametrize("name", ALERTS)
def test_mattermost(name: str) -> None:
    _same(HERE / "mattermost" / f"{name}.json", _json(mattermost.payload(word(ALERTS[name]))))


@pytest.mark.parametrize("name", ALERTS)
def test_ntfy(name: str) -> None:
    _same(HERE / "ntfy" / f"{name}.json", _json(ntfy.payload(word(ALERTS[name]))))


@pytest.mark.parametrize("name", [name for name in ALERTS if name not in {"digest", "baseline"}])
def test_pagerduty(name: str) -> None:
    _same(HERE / "pagerduty" / f"{name}.json", _json(pagerduty.payload(ALERTS[name])))


@pytest.mark.parametrize("name", [name for name in ALERTS if name not in {"digest", "baseline"}])
def test_jsm(name: str) -> None:
    _same(HERE / "jsm" / f"{name}.json", _json(jsm.payload(ALERTS[name])))


@pytest.mark.parametrize("name", FORMS)
def test_syslog(name: str) -> None:
    lines = [
        syslog.event_line(event, form, "https://watcher.army.mil").replace(f"|{__version__}|", "|VERSION|")
        for form in syslog.SyslogForm
        for event in ALERTS[name].events
    ]
    _same(HERE / "syslog" / f"{name}.txt", "\n".join(lines).replace(f'"{__version__}"', '"VERSION"').encode() + b"\n")


def test_every_channel_has_golden_payloads() -> None:
    assert {channel.NAME for channel in channels.ALL} <= {path.name for path in HERE.iterdir()}


def test_every_kind_that_is_told_at_once_has_a_golden_payload() -> None:
    assert {kind.value for kind in DEFAULT_KINDS} <= ALERTS.keys()


def test_every_channel_has_every_form_of_alert() -> None:
    without_digests = {"pagerduty", "jsm"}
    for channel in channels.ALL:
        found = {path.stem for path in (HERE / channel.NAME).glob("*.*")}
        wanted = set(FORMS) - ({"digest"} if channel.NAME in without_digests else set())
        assert wanted <= found, channel.NAME


def test_no_golden_file_is_left_over() -> None:
    found = {path.stem for channel in channels.ALL for path in (HERE / channel.NAME).glob("*.*")}
    assert found == set(ALERTS)


@pytest.mark.parametrize(
    "name", [name for name in ALERTS if "storm" not in name and name not in {"baseline", "two_events"}]
)
def test_one_screen(name: str) -> None:
    assert len(text(word(ALERTS[name])).splitlines()) <= 30
