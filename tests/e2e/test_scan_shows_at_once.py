"""`scan` shows each lookalike as soon as it was looked at, and Ctrl-C ends with what is known."""

import json
import os
import signal
import subprocess

import pytest

from tests.e2e.background import Background
from tests.e2e.service import COMMAND, HERE
from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer

SUFFIX = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"
ABLE = SUFFIX + "@ MX 10 mx\nmx A 93.184.215.14\n"
WILD = ABLE + "* MX 10 mx\n"


@pytest.fixture
def world():
    """A resolver that knows three lookalikes of us.army.mil, one with a wildcard, and never answers about army.org."""
    zones = {".": SUFFIX} | dict.fromkeys(("mil", "ml", "com", "org", "il", "net"), SUFFIX)
    zones |= {"army.ml": WILD, "army.com": ABLE, "army.il": ABLE}
    server = DnsServer(zones, faults=[Fault(Effect.DROP, "*army.org")])
    with Background(server):
        yield server


def scanning(world, tmp_path, *options):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}
    return subprocess.Popen(
        [*COMMAND, "scan", "us.army.mil", "--limit", "150", "--resolver", world.address, *options],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(HERE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("output_format", ["jsonl", "table"])
def test_a_row_is_there_before_the_scan_ends_and_ctrl_c_sums_up(world, tmp_path, output_format):
    process = scanning(world, tmp_path, "--format", output_format)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert "army." in first
    assert process.poll() is None, "it still waits for army.org"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "stopped after" in err
    assert "can receive mail" in err
    if output_format == "jsonl":
        assert json.loads(first)["mail"]["ability"] == "able"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_whole_json(world, tmp_path):
    process = scanning(world, tmp_path, "--format", "json")
    while "army.il" not in world.names_asked("MX"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert isinstance(json.loads(out), list)


def test_hosts_of_one_wildcard_are_one_row_and_all_of_them_on_demand(world, tmp_path):
    world.faults.clear()
    out, err = scanning(world, tmp_path, "--format", "json").communicate(timeout=120)
    rows = json.loads(out)
    wild = [row for row in rows if row["registrable_domain"] == "army.ml" and row["name"] != "army.ml"]
    assert len(wild) == 1
    assert wild[0]["name"] == "us.army.ml", "the likeliest stands for all"
    assert wild[0]["more_hosts"] > 0
    assert f"and {wild[0]['more_hosts']} more host" in err
    out, _ = scanning(world, tmp_path, "--format", "json", "--all-hosts").communicate(timeout=120)
    hosts = [row for row in json.loads(out) if row["name"].endswith(".army.ml")]
    assert len(hosts) == wild[0]["more_hosts"] + 1
