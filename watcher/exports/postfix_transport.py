"""Transport table for Postfix: bounces everything, also what `sendmail`, cron and web servers submit."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide, sentence


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield two lines a name: itself and its hosts."""
    for entry in entries:
        name, text = entry.name, sentence(entry)
        yield f"{name} error:5.1.2 {text}\n.{name} error:5.1.2 {text}\n"


FORMAT = Format(
    name="postfix_transport",
    title="Transport table for Postfix",
    media="text/plain",
    extension="map",
    limit="none",
    guides=(
        Guide(
            consumer="Postfix",
            place="/etc/postfix/watcher_transport; in main.cf: transport_maps = lmdb:/etc/postfix/watcher_transport "
            "(cdb: or hash: where lmdb is missing), before other tables",
            load="postmap lmdb:/etc/postfix/watcher_transport",
            test="postmap -q army.ml lmdb:/etc/postfix/watcher_transport",
            undo="take the table out of transport_maps, then postfix reload",
        ),
    ),
    render=render,
)
