"""What arrives, byte for byte. After a wanted change: WATCHER_GOLDEN=write .venv/bin/pytest tests/golden, then read the diff."""

import json
import os
from email.headerregistry import Address
from pathlib import Path

import pytest

from tests.fakes.alert_samples import ALERTS
from tests.fakes.slack_receiver import block_problems
from watcher.channels.email import html, message
from watcher.channels.slack import payload
from watcher.core.alerts import DEFAULT_KINDS
from watcher.core.plain_text import text
from watcher.core.wording import word

HERE = Path(__file__).parent
SENDER = Address("Watch", "watcher", "army.mil")
RECIPIENTS = (Address("", "soc", "army.mil"), Address("Mail team", "postmaster", "army.mil"))


def _same(path: Path, made: bytes) -> None:
    if os.environ.get("WATCHER_GOLDEN") == "write":
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


def test_every_kind_that_is_told_at_once_has_a_golden_payload() -> None:
    assert {kind.value for kind in DEFAULT_KINDS} <= ALERTS.keys()


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in HERE.glob("*/*.*")} == set(ALERTS)


@pytest.mark.parametrize(
    "name", [name for name in ALERTS if "storm" not in name and name not in {"baseline", "two_events"}]
)
def test_one_screen(name: str) -> None:
    assert len(text(word(ALERTS[name])).splitlines()) <= 30
