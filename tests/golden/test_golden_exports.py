"""Every export format, byte for byte. After a wanted change: WATCHER_GOLDEN=write .venv/bin/pytest tests/golden."""

import os
from pathlib import Path

import pytest

from tests.fakes.block_entries import SAMPLES
from watcher.exports import ALL, FORMATS
from watcher.exports.form import About, Form, Omitted, Plan, RpzAction, Tlp, written

HERE = Path(__file__).parent / "exports"
VARIANTS = (
    *((chosen.name, "", About(serial=1_795_867_200)) for chosen in ALL),
    ("rpz", "nodata", About(action=RpzAction.NODATA, zone="block.example.net")),
    ("rpz", "clear_bounce", About(action=RpzAction.CLEAR_BOUNCE)),
    ("m365", "csv", About(form=Form.CSV, plan=Plan.P2)),
    ("stix", "red", About(tlp=Tlp.RED)),
)


@pytest.mark.parametrize(
    ("name", "variant", "about"), VARIANTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_export(name: str, variant: str, about: About) -> None:
    made = "".join(written(FORMATS[name], SAMPLES, about, omitted=Omitted())).encode()
    path = HERE / f"{name}{'_' + variant if variant else ''}.{FORMATS[name].extension}"
    if os.environ.get("WATCHER_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
    assert path.read_bytes() == made
