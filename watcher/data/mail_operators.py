"""Bundled lists of mail operators, parking hosts and sinkholes, read once and handed to the core frozen."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from watcher.core.mail.operators import MailOperators, Networks

_HERE = Path(__file__).parent / "operators"


@cache
def load_operators() -> MailOperators:
    """Return every list in `operators/`; nothing is read before the first call."""
    return MailOperators(
        collectors=frozenset(_lines("collectors.txt")),
        shared_providers=dict(_pairs("shared_providers.txt")),
        tenant_domains=frozenset(_lines("tenant_domains.txt")),
        parking=Networks(tuple(_lines("parking.txt"))),
        sinkholes=Networks(tuple(_lines("sinkholes.txt"))),
    )


def _lines(file: str) -> Iterator[str]:
    for line in (_HERE / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def _pairs(file: str) -> Iterator[tuple[str, str]]:
    for line in _lines(file):
        domain, _, name = line.partition(" ")
        yield domain, name
