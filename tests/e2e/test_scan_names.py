"""`scan --names`: a list, or a complete zone, in place of the question whether a name exists."""

import gzip
import json
import os
import pty
import re
import subprocess
import termios
from contextlib import suppress

import pytest

from tests.e2e.background import Background
from tests.e2e.service import COMMAND, HERE
from tests.fakes.dns_server import DnsServer

SUFFIX = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"
ABLE = SUFFIX + "@ MX 10 mx\nmx A 93.184.215.14\n"
BARE = SUFFIX
LIMIT = "300"
CANDIDATES = ("army.ml", "army.com", "army.org", "army.il", "amry.mil")
"""All exist, and are among the first 300 candidates of army.mil."""

ZONE = """\
$ORIGIN ml.
@ 3600 IN SOA ns1 hostmaster ( 2026112301 1800
    900 604800 86400 )
  3600 IN NS ns1
ns1 IN A 192.5.6.30
army 3600 IN NS ns1.elsewhere.net.
army 3600 IN NS ns2.elsewhere.net.
another.ml. 3600 in ns ns1.elsewhere.net.
"""


@pytest.fixture
def world():
    """A resolver that knows every candidate, all able but army.org."""
    zones = {".": SUFFIX} | dict.fromkeys(("mil", "ml", "com", "org", "il"), SUFFIX)
    zones |= dict.fromkeys(CANDIDATES, ABLE) | {"army.org": BARE}
    server = DnsServer(zones)
    with Background(server):
        yield server


@pytest.fixture
def scan(world, tmp_path):
    """The rows of a scan of army.mil by name, with the file in place of stage 1."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}

    def run(file, *, stdin=None, expect=0):
        command = [*COMMAND, "scan", "army.mil", "--limit", LIMIT, "--names", file, "--resolver", world.address]
        done = subprocess.run(
            [*command, "--format", "json"],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(HERE)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == expect, done.stderr
        return {row["name"]: row["mail"]["ability"] for row in json.loads(done.stdout)} if done.stdout else done.stderr

    return run


def domains_asked(world):
    """Candidates that the resolver heard of, themselves or what is below them."""
    return {name for name in CANDIDATES for asked in world.names_asked() if asked == name or asked.endswith(f".{name}")}


def test_of_a_list_only_what_it_names_is_looked_at(scan, world, tmp_path):
    (tmp_path / "new.txt").write_text("# new today\narmy.com\nARMY.org.\nunlike-anything.com\n\n")
    assert scan("new.txt") == {"army.com": "able", "army.org": "unable"}
    assert domains_asked(world) == {"army.com", "army.org"}
    assert "unlike-anything.com" not in world.names_asked(), "it resembles nothing"


def test_standard_input_will_do(scan, world):
    assert scan("-", stdin="unlike-anything.com\n") == {}
    assert domains_asked(world) == set()
    assert scan("-", stdin="army.il\n") == {"army.il": "able"}
    assert domains_asked(world) == {"army.il"}


def test_what_a_complete_zone_lacks_is_absent_and_not_asked_for(scan, world, tmp_path):
    world.load("amry.ml", ABLE)  # registered after the zone was published: the zone is believed
    (tmp_path / "ml.zone").write_text(ZONE)
    assert scan("ml.zone") == {"army.ml": "able"}
    assert domains_asked(world) == {"army.ml"}, "the zone says nothing of others, and they are left out"
    assert "amry.ml" not in world.names_asked()


def test_a_zone_file_may_be_packed(scan, tmp_path):
    with gzip.open(tmp_path / "ml.zone.gz", "wt") as packed:
        packed.write(ZONE)
    assert scan("ml.zone.gz") == {"army.ml": "able"}


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("missing.txt", None, "missing.txt cannot be read"),
        ("cut.gz", gzip.compress(b"army.ml\n" * 1000, mtime=0)[:-9], "cut.gz cannot be read to its end"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(scan, tmp_path, file, text, said):
    if text is not None:
        (tmp_path / file).write_bytes(text)
    error = scan(file, expect=2)
    assert said in error
    assert "Traceback" not in error


def test_a_terminal_sees_how_far_it_is(world, tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}
    environment |= {"PYTHONPATH": str(HERE), "TERM": "xterm", "WATCHER_DNS__MAX_RATE": "200"}
    command = [*COMMAND, "scan", "army.mil", "--limit", LIMIT, "--resolver", world.address, "--format", "plain"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = bytearray()
        with suppress(OSError):  # the other end of a terminal that was left
            while part := os.read(ours, 4096):
                shown += part
        assert process.stdout is not None
        assert sorted(process.stdout.read().decode().split()) == sorted(CANDIDATES)
    os.close(ours)
    done, total = re.findall(rb"(\d+)/(\d+)", shown)[-1]
    assert 0 < int(done) <= int(total) <= int(LIMIT)
    assert re.search(rb"\d/s", shown)
    assert b"100% settled" in shown
    assert re.search(rb"\d:\d\d:\d\d", shown), "time left"
