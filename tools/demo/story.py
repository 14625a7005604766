"""What the demo tells, and how it is shown: a timeline with the seconds it took."""

import os
import shutil
import sys
import textwrap
import time
from typing import Any

from tests.fakes.mail_server import Delivered
from tests.fakes.slack_receiver import Message
from tools.demo.service import DemoError, Service
from tools.demo.world import LOOKALIKE, PROTECTED, World

WIDTH = 88
_MARGIN = 11


class Narrator:
    """Prints what happens with the seconds since the start; colours on a terminal only."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._width = max(min(WIDTH, shutil.get_terminal_size((WIDTH + _MARGIN, 24)).columns - _MARGIN), 20)

    def step(self, text: str) -> None:
        """Something that happens."""
        lines = textwrap.wrap(text, self._width)
        print(f"{self._bold(f'{self.seconds:5.1f} s')}  {lines[0]}", flush=True)
        for line in lines[1:]:
            print(f"         {line}", flush=True)

    def box(self, title: str, text: str) -> None:
        """A message as it arrived."""
        print(f"\n         ┌─ {self._bold(title)}")
        for paragraph in text.strip().splitlines():
            for line in textwrap.wrap(paragraph, self._width) or [""]:
                print(f"         │ {line}")
        print("         └─\n", flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def _bold(self, text: str) -> str:
        return f"\033[1m{text}\033[0m" if self._colours else text


async def tell(world: World, service: Service, narrator: Narrator) -> None:
    """The whole story; raises DemoError where the service does not do its part."""
    baseline = await service.until(
        f"/api/v1/protected/{PROTECTED}", _finished_baseline, "the first sweep ends", seconds=60
    )
    known = await service.until("/api/v1/lookalikes?limit=100", lambda page: page["items"], "lookalikes are listed")
    able = sorted(row["name"] for row in known if row["mail"] and row["mail"]["ability"] == "able")
    await world.await_slack(PROTECTED, after=0)
    narrator.step(
        f"The first sweep is done: {baseline['total']} possible lookalikes of {PROTECTED}, {len(known)} exist, "
        f"{len(able)} can receive mail ({', '.join(able)}). That is the baseline: one digest, no alarm. "
        f"{LOOKALIKE} does not exist."
    )

    world.register(LOOKALIKE)
    narrator.step(f"Somebody registers {LOOKALIKE}: nameservers, nothing else.")
    found = await _event(service, "lookalike_found")
    narrator.step(f"watcher saw it: {found['kind']}, severity {found['severity']}. No alarm: it cannot receive mail.")

    pages, mails = len(world.slack.accepted), len(world.mail.accepted)
    world.gain_exchange(LOOKALIKE)
    changed_at = narrator.seconds
    narrator.step(f"{LOOKALIKE} gains an exchange (MX). From this moment a slip of one letter is delivered there.")
    slack = await world.await_slack(LOOKALIKE, after=pages)
    narrator.box(f"Slack, {narrator.seconds - changed_at:.1f} s after the change", _shown(slack))
    mail = await world.await_mail(LOOKALIKE, after=mails)
    narrator.box(f"Mail, {narrator.seconds - changed_at:.1f} s after the change", _read(mail))
    event = await _event(service, "mail_became_able")
    if slack.alert_id != mail.alert_id:
        raise DemoError("the two messages do not carry the same alert id")
    seen = len(event["evidence"])
    narrator.step(f"One event, one alert ({slack.alert_id}), two channels, {seen} answers kept as evidence.")


def _finished_baseline(row: Any) -> Any:
    return row["baseline"] if row["baseline"]["done"] else None


async def _event(service: Service, kind: str) -> Any:
    def found(page: Any) -> Any:
        return next((row for row in page["items"] if row["kind"] == kind and row["name"] == LOOKALIKE), None)

    return await service.until("/api/v1/events?limit=100", found, f"{kind} for {LOOKALIKE}", seconds=30)


def _shown(message: Message) -> str:
    """What Slack draws: the blocks, without the line that is only for notifications."""
    notification, _, blocks = message.text.partition("\n")
    return (blocks or notification).replace("```", "").replace("*", "")


def _read(delivered: Delivered) -> str:
    mail = delivered.mail
    body = mail.get_body(("plain",))
    heads = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject"))
    return f"{heads}\n\n{body.get_content() if body else ''}"
