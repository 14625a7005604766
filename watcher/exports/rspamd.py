"""Map for rspamd, which fetches it by HTTP with If-None-Match and If-Modified-Since."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield one name a line after a comment, so that an empty list is no empty file."""
    yield "# watcher: lookalike domains; used by two multimap rules, for the domain and for its registrable domain\n"
    for entry in entries:
        yield f"{entry.name}\n"


FORMAT = Format(
    name="rspamd",
    title="Map for rspamd's multimap",
    media="text/plain",
    extension="map",
    limit="none; rspamd looks for a new copy every 5 to 10 minutes (map_watch_interval)",
    guides=(
        Guide(
            consumer="rspamd, mailcow",
            place="/etc/rspamd/local.d/multimap.conf, twice, once with the filter email:domain:tld: WATCHER_RCPT { "
            'type = "rcpt"; filter = "email:domain"; map = "http://USER:TOKEN@HOST/api/v1/exports/rspamd"; '
            'prefilter = true; action = "reject"; message = "lookalike domain; check the address"; }',
            load="rspamadm configtest && systemctl reload rspamd",
            test="rspamc --rcpt bob@us.army.ml < message shows WATCHER_RCPT and the action reject",
            undo="remove both rules, then systemctl reload rspamd",
        ),
    ),
    render=render,
    warning="Many submission servers skip rspamd for authenticated users: the rule must apply to them as well.",
)
