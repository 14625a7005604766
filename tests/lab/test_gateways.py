"""Mail servers load the exported lists: they refuse mail to a lookalike and its hosts, and pass the name it resembles."""

import http.server
import shutil
import smtplib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.fakes.block_entries import block_entry
from tests.lab.postfix import Postfix
from tests.lab.processes import Daemon, LabError, await_condition, program
from tests.lab.world import World
from watcher.exports import FORMATS
from watcher.exports.form import About, Omitted, written

LISTED = ("army.ml",)
REFUSED, PASSED = ("bob@army.ml", "bob@us.army.ml"), ("bob@us.army.mil", "bob@notarmy.ml")
SUBMISSION_PORT = 10_029
ORIGINAL = "army.ml is a lookalike of army.mil"


def export(kind: str, *names: str) -> str:
    entries = [block_entry(name) for name in names or LISTED]
    return "".join(written(FORMATS[kind], entries, About(), omitted=Omitted()))


def unpacked(path: str) -> str:
    """Return a program that is unpacked, not installed: as a package it would take the place of Postfix."""
    found = Path("/var/cache/watcher-lab") / path
    if not found.exists():
        raise LabError(f"{found} is missing: tools/lab_packages unpacks it")
    return str(found)


def replies(address: tuple[str, int], recipients: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """What the server says to each recipient."""
    with smtplib.SMTP(*address, timeout=60) as client:
        client.ehlo("sender.lab")
        client.mail("alice@sender.lab")
        return {name: (code, text.decode()) for name in recipients for code, text in [client.rcpt(f"<{name}>")]}


@pytest.fixture(scope="module")
def filtering(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    """A Postfix with both tables."""
    folder = tmp_path_factory.mktemp("tables")
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    for kind in ("postfix_access", "postfix_transport"):
        (folder / kind).write_text(export(kind))
    tables = (
        f"smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/postfix_access, permit_mynetworks\n"
        f"transport_maps = texthash:{folder}/postfix_transport\n"
    )
    with Postfix(port=SUBMISSION_PORT, settings=tables, receives=False) as postfix:
        yield postfix


def test_postfix_refuses_at_smtp_time(filtering: Postfix) -> None:
    said = replies(("127.0.0.1", SUBMISSION_PORT), REFUSED + PASSED)
    for name in REFUSED:
        assert said[name][0] == 554
        assert "5.1.2" in said[name][1]
        assert ORIGINAL in said[name][1]
    assert [said[name][0] for name in PASSED] == [250, 250]


def test_postfix_bounces_what_sendmail_submits(filtering: Postfix) -> None:
    for name in REFUSED:
        fate = filtering.fate_of_submitted(name)
        assert (fate.status, fate.dsn) == ("bounced", "5.1.2")
        assert ORIGINAL in fate.reason
    assert filtering.fate_of_submitted(PASSED[0]).dsn != "5.1.2"


def test_exim_refuses_and_bounces(tmp_path: Path) -> None:
    table = tmp_path / "watcher_blocked"
    table.write_text(export("exim"))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest", "popen", "test_")):
            folder.chmod(0o755)
    (tmp_path / "spool").mkdir()
    shutil.chown(tmp_path / "spool", "nobody", "nogroup")
    conf = tmp_path / "exim.conf"
    conf.write_text(
        f"""\
exim_user = nobody
exim_group = nogroup
spool_directory = {tmp_path}/spool
log_file_path = {tmp_path}/spool/%slog
primary_hostname = sender.lab
acl_smtp_rcpt = check_rcpt
host_lookup =
begin acl
check_rcpt:
  deny domains = partial-lsearch;{table}
       message = 5.1.2 $domain_data
  accept hosts = 127.0.0.1
begin routers
watcher_blocked:
  driver = redirect
  domains = partial-lsearch;{table}
  allow_fail
  data = :fail: 5.1.2 $domain_data
others:
  driver = accept
  transport = drop
begin transports
drop:
  driver = appendfile
  file = /dev/null
  user = nobody
"""
    )
    exim = [unpacked("exim/usr/sbin/exim4"), "-C", str(conf)]
    words = "".join(f"RCPT TO:<{name}>\r\n" for name in REFUSED + PASSED)
    session = subprocess.run(
        [*exim, "-bh", "127.0.0.1"],
        input=f"EHLO x\r\nMAIL FROM:<a@sender.lab>\r\n{words}QUIT\r\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    codes = [line for line in session.stdout.splitlines() if line[:3] in {"250", "550"}][-len(REFUSED + PASSED) :]
    assert [line[:3] for line in codes] == ["550", "550", "250", "250"], session.stdout + session.stderr
    assert all(ORIGINAL in line for line in codes[:2])
    for name in REFUSED + PASSED:
        routed = subprocess.run([*exim, "-bt", name], capture_output=True, text=True, timeout=120, check=False)
        assert ("undeliverable" in routed.stdout) == (name in REFUSED), routed.stdout + routed.stderr


def test_opensmtpd_refuses(tmp_path: Path) -> None:
    table = tmp_path / "watcher"
    table.write_text(export("opensmtpd"))
    conf = tmp_path / "smtpd.conf"
    conf.write_text(
        f'table watcher file:{table}\nlisten on 127.0.0.1 port 10027\naction "relay" relay\n'
        'match from any for domain <watcher> reject\nmatch from any for any action "relay"\n'
    )
    address = ("127.0.0.1", 10027)
    command = [unpacked("opensmtpd/usr/sbin/smtpd"), "-d", "-f", str(conf)]
    daemon = Daemon("OpenSMTPD", command, tmp_path / "log", ready=lambda: _listens(address))
    daemon.start()
    try:
        said = replies(address, REFUSED + PASSED)
    finally:
        daemon.stop()
    assert [said[name][0] for name in REFUSED + PASSED] == [550, 550, 250, 250], said


def _listens(address: tuple[str, int]) -> bool:
    try:
        with smtplib.SMTP(*address, timeout=1):
            return True
    except OSError:
        return False


class Map(http.server.BaseHTTPRequestHandler):
    """Serves the list to rspamd as the API does: with a tag, and 304 for who has it."""

    names: tuple[str, ...] = LISTED
    failing = False
    asked: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        body = export("rspamd", *self.names).encode()
        tag = f'"{hash(self.names)}"'
        status = 503 if self.failing else 304 if self.headers.get("If-None-Match") == tag else 200
        self.asked.append(status)
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body) if status == 200 else 0))
        self.end_headers()
        if status == 200:
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 (the library's name)

    def log_message(self, *_: object) -> None:
        pass


def test_rspamd_polls_the_map_and_keeps_it_through_an_error(tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Map)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/api/v1/exports/rspamd"
    rule = f'type = "rcpt"; map = "{url}"; prefilter = true; action = "reject"; message = "lookalike domain";'
    conf = tmp_path / "rspamd.conf"
    conf.write_text(
        f"""\
options {{
  pidfile = "{tmp_path}/rspamd.pid"; map_watch_interval = 1s; dynamic_conf = "{tmp_path}/dynamic";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat"; filters = ""; cache_file = "{tmp_path}/symbols.cache";
  dns {{ nameserver = ["127.0.0.1"]; }}
  hs_cache_dir = "{tmp_path}"; rrd = "";
}}
logging {{ type = "console"; level = "info"; }}
actions {{ reject = 15; }}
worker "normal" {{ bind_socket = "127.0.0.1:11333"; count = 1; }}
modules {{ path = "/usr/share/rspamd/plugins/multimap.lua"; }}
lua = "/usr/share/rspamd/rules/rspamd.lua";
multimap {{
  WATCHER_RCPT {{ filter = "email:domain"; {rule} }}
  WATCHER_RCPT_HOST {{ filter = "email:domain:tld"; {rule} }}
}}
"""
    )
    command = [program("rspamd", "rspamd"), "-f", "-i", "-c", str(conf)]
    daemon = Daemon("rspamd", command, tmp_path / "log", ready=lambda: bool(_action("bob@us.army.mil")))
    daemon.start()
    try:
        await_condition(lambda: all(_action(name) == "reject" for name in REFUSED), "rspamd refuses")
        assert all(_action(name) != "reject" for name in PASSED)
        await_condition(lambda: 304 in Map.asked, "rspamd asks with the tag it has")
        Map.failing = True
        asked = len(Map.asked)
        await_condition(lambda: len(Map.asked) > asked + 1, "rspamd meets an error")
        assert all(_action(name) == "reject" for name in REFUSED)
        Map.failing, Map.names = False, ("navy.ml",)
        await_condition(lambda: _action("bob@navy.ml") == "reject", "rspamd takes the new list")
        assert _action(REFUSED[0]) != "reject"
    except LabError as error:
        raise LabError(f"{error}\n{daemon.tail()}\n{Map.asked[-20:]}") from None
    finally:
        daemon.stop()
        server.shutdown()
        server.server_close()


def _action(recipient: str) -> str:
    import json
    import urllib.request

    request = urllib.request.Request(
        "http://127.0.0.1:11333/checkv2",
        b"From: alice@sender.lab\r\nTo: x\r\nSubject: a message of the lab\r\n\r\nNothing.\r\n",
        {"Rcpt": recipient, "From": "alice@sender.lab", "Ip": "127.0.0.1"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return str(json.load(reply)["action"])
    except OSError:
        return ""
