"""Table file for OpenSMTPD."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield two patterns a name: itself and its hosts."""
    for entry in entries:
        yield f"{entry.name}\n*.{entry.name}\n"


FORMAT = Format(
    name="opensmtpd",
    title="Table for OpenSMTPD",
    media="text/plain",
    extension="table",
    limit="a domain table is walked line by line: keep it below some ten thousand names",
    guides=(
        Guide(
            consumer="OpenSMTPD",
            place="/etc/smtpd/watcher, and in smtpd.conf before every other match: table watcher "
            "file:/etc/smtpd/watcher; match from any for domain <watcher> reject",
            load="smtpctl update table watcher",
            test="swaks --to bob@us.army.ml --server 127.0.0.1 answers 550",
            undo="take the match line out of smtpd.conf and restart smtpd",
        ),
    ),
    render=render,
    warning="`match ... reject` refuses without a text of ours: the sender reads no reason.",
)
