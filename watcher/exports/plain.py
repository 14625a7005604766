"""One name a line: for scripts, and for everything that reads a list of domains."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield one A-label name a line, without comments: several readers choke on them."""
    for entry in entries:
        yield f"{entry.name}\n"


FORMAT = Format(
    name="plain",
    title="One name a line",
    media="text/plain",
    extension="txt",
    limit="none of its own; a name stands for itself and, where the reader says so, for its hosts",
    guides=(
        Guide(
            consumer="any script",
            place="wherever the script reads it",
            load="watcher export plain --output blocked.txt",
            test="grep -qx army.ml blocked.txt",
            undo="write an empty file, and load it",
        ),
    ),
    render=render,
)
