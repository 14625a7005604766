"""Exim asks the policy service as the how-to says, and its log is read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.addresses import MAILBOX
from tests.lab.exim import Exim
from tests.lab.mailbox import Mailbox
from tests.lab.policy_service import BLOCKED, PROTECTED, PolicyService
from tests.lab.processes import await_condition
from watcher.cli.main import run

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "refuse-at-the-mail-server.md"
PORT = 10041


def acl() -> str:
    """The ACL of the how-to, asking at this module's port."""
    part = HOW_TO.read_text().partition("## Exim\n")[2].partition("```\n")[2].partition("```")[0]
    assert "127.0.0.1:10040" in part
    return part.replace(":10040", f":{PORT}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PolicyService]:
    with PolicyService(tmp_path_factory.mktemp("policy"), port=PORT) as service:
        yield service


@pytest.fixture(scope="module")
def server() -> Iterator[Exim]:
    with Exim(acl(), port=10027, relay=MAILBOX) as server:
        yield server


def test_a_lookalike_is_refused_and_the_real_name_delivered(
    server: Exim, service: PolicyService, mailbox: Mailbox
) -> None:
    (refused,) = server.send(f"bob@{BLOCKED}")
    assert refused == (550, f"{BLOCKED} is a lookalike of {PROTECTED}. Did you mean bob@{PROTECTED}?")
    assert server.send(f"exim@{PROTECTED}")[0][0] == 250
    mailbox.await_message(f"exim@{PROTECTED}")


def test_mail_goes_on_while_the_service_is_dead_and_the_log_tells_who_wrote(
    server: Exim, service: PolicyService, mailbox: Mailbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.kill()
    try:
        assert server.send(f"zoe@{BLOCKED}")[0][0] == 250
        mailbox.await_message(f"zoe@{BLOCKED}")
    finally:
        service.start()
    assert server.send(f"bob@{BLOCKED}")[0][0] == 550
    await_condition(lambda: f"=> zoe@{BLOCKED}" in server.log(), "exim logs the delivery")
    log = tmp_path / "mainlog"
    log.write_text(server.log())
    capsys.readouterr()
    assert run(["--database-url", f"sqlite:///{service.database}", "mail-log", str(log), "--format", "csv"]) == 0
    out = capsys.readouterr()
    assert "exim" in out.err
    rows = [line.split(",") for line in out.out.splitlines()]
    row = dict(zip(rows[0], next(one for one in rows if one[0] == BLOCKED), strict=True))
    assert (row["messages"], row["senders"], row["delivered"]) == ("1", "1", "1")
    assert int(row["refused"]) >= 1
    assert "zoe" not in out.out
