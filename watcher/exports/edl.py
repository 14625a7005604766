"""External dynamic list: what firewalls and web gateways fetch by URL, one name a line."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, ExportOrder, Format, Guide

CAPACITY = 50_000
"""Domains that the small Palo Alto firewalls take; larger ones take more, and `limit` and `offset` make pages."""


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield one A-label name a line, without comments."""
    for entry in entries:
        yield f"{entry.name}\n"


FORMAT = Format(
    name="edl",
    title="External dynamic list for firewalls",
    media="text/plain",
    extension="txt",
    limit=f"{CAPACITY} names, best first; devices that take fewer fetch pages with `limit` and `offset`",
    guides=(
        Guide(
            consumer="Palo Alto, Fortinet, Check Point, Cisco, Sophos, F5",
            place="the device fetches https://USER:TOKEN@HOST/api/v1/exports/edl; USER is any text",
            load="add it as an external dynamic list of type domain, with its hosts (PAN-OS: expand to subdomains)",
            test="curl -fu any:TOKEN https://HOST/api/v1/exports/edl | head",
            undo="remove the list from the rule that uses it",
        ),
    ),
    render=render,
    order=ExportOrder.RANK,
    capacity=lambda _about: CAPACITY,
)
