"""Local zones for Unbound: for installations that load no response policy zone."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import CANARIES, About, Format, Guide


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield a `server:` clause in which every listed name and its hosts do not exist."""
    yield "server:\n"
    for canary in CANARIES:
        yield f'local-zone: "{canary}." static\nlocal-data: \'{canary}. 60 IN TXT "watcher"\'\n'
    for entry in entries:
        yield f'local-zone: "{entry.name}." always_nxdomain\n'


FORMAT = Format(
    name="unbound",
    title="Local zones for Unbound",
    media="text/plain",
    extension="conf",
    limit="memory and start-up time; above some ten thousand names prefer rpz",
    guides=(
        Guide(
            consumer="Unbound",
            place="/etc/unbound/unbound.conf.d/watcher.conf",
            load="unbound-checkconf && unbound-control reload",
            test="unbound-host -C /etc/unbound/unbound.conf -t MX army.ml, or dig @RESOLVER army.ml MX",
            undo="rm /etc/unbound/unbound.conf.d/watcher.conf && unbound-control reload",
        ),
    ),
    render=render,
    warning="A resolver that loads this list hides the listed names from watcher too: give watcher another resolver.",
)
