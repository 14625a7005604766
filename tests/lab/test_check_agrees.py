"""`watcher check` as a command, beside what Postfix decides for a real message to the same ten names."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.lab.addresses import RESOLVER
from tests.lab.mailbox import Mailbox
from tests.lab.postfix import Postfix
from tests.lab.situations import HELPERS, SITUATIONS
from tests.lab.world import World

HERE = Path(__file__).parents[2]
ROWS = ("M01", "M02", "M07", "M14", "M16", "M17", "M20", "M26", "M28", "M41", "M43")


def test_check_agrees_with_postfix_on_ten_names(
    world: World, postfix: Postfix, mailbox: Mailbox, tmp_path: Path
) -> None:
    chosen = {situation.row: situation for situation in reversed(SITUATIONS) if situation.row in ROWS}
    assert len(chosen) >= 10, "the lab lacks rows"
    for domain, records in HELPERS.items():
        world.host(domain, records)
    for situation in chosen.values():
        situation.arrange(world)
    queued = {situation.name: postfix.queue(f"someone@{situation.name}") for situation in chosen.values()}
    done = subprocess.run(
        [sys.executable, "-m", "watcher", "check", *queued, "--no-registration", "--format", "json",
         "--resolver", RESOLVER],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )  # fmt: skip
    ours = {shape["name"]: shape["mail"]["ability"] for shape in json.loads(done.stdout)}
    theirs = {name: postfix.fate(queue_id).decision.value for name, queue_id in queued.items()}
    world.remove(*world.registered())
    assert ours == theirs
    assert set(theirs.values()) == {"able", "unable", "unknown"}
