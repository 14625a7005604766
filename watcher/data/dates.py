"""Dates of the bundled data that age: an operator should hear of their age before new suffixes are missed."""

import json
import re
from datetime import date
from functools import cache
from importlib.resources import files

RDAP_BOOTSTRAP = "the RDAP bootstrap"
_DATED = re.compile(r"^# Date: serial (\d{8})", re.MULTILINE)


@cache
def dates() -> dict[str, date]:
    """Return the dates of the lists that registries change: the root's labels and the RDAP bootstrap."""
    folder = files("watcher.data")
    found = {}
    dated = _DATED.search(folder.joinpath("root_labels.txt").read_text(encoding="utf-8"))
    if dated is not None:
        found["the list of top-level domains"] = date.fromisoformat(dated[1])
    published = json.loads(folder.joinpath("rdap_bootstrap.json").read_bytes()).get("publication", "")
    if published:
        found[RDAP_BOOTSTRAP] = date.fromisoformat(published[:10])
    return found
