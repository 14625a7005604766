"""A real rsyslog takes what the syslog channel sends: whole, in order, over TCP and TLS."""

import json
import ssl
from pathlib import Path

import pytest

from tests.fakes.alert_samples import ALERTS
from tests.lab.processes import await_condition
from tests.lab.rsyslog import Rsyslog
from watcher.channels.syslog import Syslog, SyslogForm
from watcher.core.errors import DeliveryFailed, FailureReason


def _trust(server: Rsyslog) -> ssl.SSLContext:
    context = ssl.create_default_context()
    server.trust.configure_trust(context)
    return context


@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("form", SyslogForm)
async def test_every_event_arrives_whole(tmp_path: Path, tls: bool, form: SyslogForm) -> None:
    with Rsyslog(tmp_path, tls=tls) as server:
        channel = Syslog(address=server.address, form=form, tls=_trust(server) if tls else None)
        await channel.send(ALERTS["two_events"])
        await_condition(lambda: len(server.lines()) == 2, "two lines arrived", seconds=30)
    for line, event in zip(
        server.lines(), sorted(ALERTS["two_events"].events, key=lambda event: event.id), strict=True
    ):
        priority, program, kind, at, message = line.split(" ", 4)
        assert program == "watcher"
        assert kind == event.kind.value
        assert at == "2026-11-23T12:46:00Z" or at.startswith("2026-11-23T12:46:00")
        assert int(priority) // 8 == 13
        assert event.id in message
        if form is not SyslogForm.CEF:
            assert json.loads(message)


async def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with Rsyslog(tmp_path, tls=True) as server:
        with pytest.raises(DeliveryFailed) as caught:
            await Syslog(address=server.address, form=SyslogForm.CEF).send(ALERTS["two_events"])
        assert caught.value.reason is FailureReason.UNREACHABLE
        assert server.lines() == []


async def test_a_receiver_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    with Rsyslog(tmp_path, tls=False) as server:
        address = server.address
    with pytest.raises(DeliveryFailed) as caught:
        await Syslog(address=address, form=SyslogForm.CEF).send(ALERTS["two_events"])
    assert caught.value.reason is FailureReason.UNREACHABLE


@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
async def test_lines_of_the_event_record_arrive_whole(tmp_path: Path, tls: bool) -> None:
    events = ALERTS["storm"].events
    with Rsyslog(tmp_path, tls=tls) as server:
        channel = Syslog(address=server.address, form=SyslogForm.ECS, tls=_trust(server) if tls else None)
        await channel.send_lines((event, json.dumps({"fate": "held", "id": event.id})) for event in events)
        await_condition(lambda: len(server.lines()) == len(events), "every line arrived", seconds=30)
    found = [json.loads(line.split(" ", 4)[4])["id"] for line in server.lines()]
    assert found == [event.id for event in events]
