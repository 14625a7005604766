"""The command: what it is given and what not, in what time, and what its exit status means."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.alert_samples import ALERTS, page, storm
from watcher.channels.command import Command
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected

ALERT = ALERTS["mail_became_able"]


def _program(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def _recorder(path: Path) -> str:
    return (
        "import json, os, sys; "
        f"open({str(path)!r}, 'a').write(json.dumps([sys.argv[1:], dict(os.environ), sys.stdin.read()]) + '\\n')"
    )


def _records(path: Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_it_is_given_the_event_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHER_ALERTS__WEBHOOK__SECRET", "very-secret")
    monkeypatch.setenv("HOME", "/very-secret")
    record = tmp_path / "record"
    arguments = ("$(touch /nowhere)", "; exit 1", "*", "a b")
    await Command(arguments=_program(_recorder(record), *arguments)).send(ALERT)
    ((given, environment, text),) = _records(record)
    assert tuple(given) == arguments, "no shell looks at them"
    assert "very-secret" not in json.dumps(environment)
    assert environment.keys() <= {"PATH", "LANG", "LC_CTYPE", "WATCHER_ALERT_ID", "WATCHER_EVENT_ID"}
    assert text.endswith("\n")
    body = json.loads(text)
    assert (body["type"], body["data"]["name"]) == ("mail_became_able", "army.ml")
    assert environment["WATCHER_EVENT_ID"] == body["data"]["id"]


async def test_each_event_is_one_run_in_order_and_a_failure_is_gone_on_from(tmp_path: Path) -> None:
    record, stop = tmp_path / "record", tmp_path / "stop"
    stop.touch()
    code = f"{_recorder(record)}; sys.exit(3 if os.path.exists({str(stop)!r}) and sum(1 for _ in open({str(record)!r})) == 3 else 0)"
    channel = Command(arguments=_program(code))
    with pytest.raises(DeliveryFailed, match=r"command: not accepted \(exit status 3\)"):
        await channel.send(storm(5))
    stop.unlink()
    await channel.send(storm(5))
    ids = [environment["WATCHER_EVENT_ID"] for _, environment, _ in _records(record)]
    assert ids == [f"0193-event-000{number}" for number in (0, 1, 2, 2, 3, 4)]


async def test_exit_65_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(DeliveryRejected, match="exit status 65"):
        await Command(arguments=_program("import sys; sys.exit(65)")).send(ALERT)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["/nowhere/at-all"], "cannot be run"),
        (["no-such-program-anywhere"], "cannot be run"),
        (["/"], "cannot be run"),
        (_program("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "killed by signal 9"),
        (_program("import sys; sys.stdin.close(); sys.exit(1)"), "exit status 1"),
    ],
)
async def test_what_is_tried_again(arguments: list[str], why: str) -> None:
    with pytest.raises(DeliveryFailed, match=why) as caught:
        await Command(arguments=arguments).send(ALERT)
    assert not isinstance(caught.value, DeliveryRejected)


async def test_a_program_that_reads_nothing_may_end_well() -> None:
    await Command(arguments=_program("import os; os.close(0)")).send(storm(3))


async def test_a_program_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time; child = subprocess.Popen(['sleep', '300']); "
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); time.sleep(300)"
    )
    with pytest.raises(DeliveryFailed, match="did not end within"):
        await Command(arguments=_program(code), timeout=1.5).send(ALERT)
    for pid in map(int, pids.read_text().split()):
        deadline = time.monotonic() + 5
        while _lives(pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_flood_of_output_goes_nowhere() -> None:
    await Command(
        arguments=_program("import os\nfor _ in range(200): os.write(1, b'x' * 65536); os.write(2, b'y' * 65536)")
    ).send(ALERT)


async def test_hostile_text_is_data(tmp_path: Path) -> None:
    hostile = "$(reboot)`id`\r\n\x00\u202e\ud800'\";|&"
    record = tmp_path / "record"
    event = replace(ALERT.events[0], name=hostile, registrable_domain=hostile, after={"reason": hostile})
    await Command(arguments=_program(_recorder(record))).send(page(event))
    ((given, _, text),) = _records(record)
    assert given == []
    assert text.isascii()
    assert json.loads(text)["data"]["name"] == hostile


@pytest.mark.parametrize("arguments", [[], [""], ["bin/relative"], ["./page-me"], ["a\0b"]])
def test_a_command_that_cannot_be_meant(arguments: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Command(arguments=arguments)
    assert caught.value.setting == "alerts.command"
