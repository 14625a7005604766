"""Lookup file for Exim: used by an ACL for SMTP and by a router for local submission."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide, sentence


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield two keys a name: itself and, for a `partial-` lookup, its hosts."""
    for entry in entries:
        name, text = entry.name, sentence(entry)
        yield f"{name}: {text}\n*.{name}: {text}\n"


FORMAT = Format(
    name="exim",
    title="Lookup file for Exim",
    media="text/plain",
    extension="map",
    limit="lsearch reads the file for each lookup: above some thousand names make a cdb of it (cdbmake)",
    guides=(
        Guide(
            consumer="Exim",
            place="/etc/exim4/watcher_blocked; in the RCPT ACL before the first accept: deny domains = "
            "partial-lsearch;/etc/exim4/watcher_blocked message = 5.1.2 $domain_data; and before dnslookup a router: "
            "watcher_blocked: driver = redirect, domains = partial-lsearch;/etc/exim4/watcher_blocked, allow_fail, "
            "data = :fail: $domain_data",
            load="nothing: the file is read at each lookup (replace it by renaming)",
            test="exim -bt bob@us.army.ml",
            undo="take both pieces out of the configuration, then reload Exim",
        ),
    ),
    render=render,
)
