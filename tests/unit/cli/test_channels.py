"""`watcher channels test`, as a process against receivers on loopback."""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.fakes.mail_server import RECIPIENT, SENDER, MailServer
from tests.fakes.slack_receiver import Fault, SlackReceiver


async def _watcher(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watcher", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=folder,
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[3]), **settings},
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_every_channel_gets_a_marked_test(tmp_path: Path) -> None:
    async with SlackReceiver() as slack, MailServer() as mail:
        code, out, err = await _watcher(
            tmp_path, "channels", "test",
            WATCHER_ALERTS__SLACK__WEBHOOK_URL=slack.webhook_url,
            WATCHER_ALERTS__EMAIL__SMTP_URL=mail.url,
            WATCHER_ALERTS__EMAIL__FROM=SENDER,
            WATCHER_ALERTS__EMAIL__TO=json.dumps([RECIPIENT]),
            SSL_CERT_FILE=mail.authority_file(tmp_path),
        )  # fmt: skip
    assert (code, out, err) == (0, "slack: accepted\nemail: accepted\n", "")
    assert slack.accepted[0].text.startswith("TEST: ")
    assert mail.accepted[0].mail["Subject"].startswith("[watcher] TEST: ")
    assert slack.accepted[0].alert_id == mail.accepted[0].alert_id
    for texts in ([message.text for message in slack.accepted], [str(sent.mail["Subject"]) for sent in mail.accepted]):
        assert len(texts) == 3
        assert all("TEST: " in text for text in texts)
        assert "CRITICAL" in texts[0]
        assert "30 lookalikes" in texts[1]
        assert "Digest" in texts[2]
    assert "nothing happened" in slack.accepted[0].text


async def test_programs_get_one_test_that_they_cannot_take_for_an_event(tmp_path: Path) -> None:
    program = tmp_path / "hook"
    program.write_text(f"#!/bin/sh\ncat >>{tmp_path}/seen\n")
    program.chmod(0o755)
    code, out, _ = await _watcher(tmp_path, "channels", "test", WATCHER_ALERTS__COMMAND=json.dumps([str(program)]))
    assert (code, out) == (0, "command: accepted\n")
    (line,) = (tmp_path / "seen").read_text().splitlines()
    assert json.loads(line)["type"] == "test"


async def test_a_channel_that_refuses_makes_it_exit_3_with_one_line(tmp_path: Path) -> None:
    async with SlackReceiver() as slack:
        slack.next(Fault.refused(404, "no_service"))
        code, out, err = await _watcher(
            tmp_path, "channels", "test", "slack", WATCHER_ALERTS__SLACK__WEBHOOK_URL=slack.webhook_url
        )
    assert (code, out, err) == (3, "", "watcher: slack: Slack said no_service (status 404)\n")


async def test_without_a_channel_it_says_what_to_set(tmp_path: Path) -> None:
    code, out, err = await _watcher(tmp_path, "channels", "test")
    assert (code, out) == (2, "")
    assert "alerts.slack.webhook_url" in err
    assert err.count("\n") == 1


async def test_a_channel_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    code, out, err = await _watcher(
        tmp_path, "channels", "test", "pager", WATCHER_ALERTS__SLACK__WEBHOOK_URL="https://hooks.slack.com/services/x"
    )
    assert (code, out) == (2, "")
    assert "'pager' is not configured; there is slack" in err
