"""Access table for Postfix: refuses recipients at SMTP time, with a sentence the sender reads at once."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide, sentence


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield two lines a name: itself, and its hosts for those who took smtpd_access_maps out of the parent matching."""
    for entry in entries:
        name, text = entry.name, sentence(entry)
        yield f"{name} REJECT 5.1.2 {text}\n.{name} REJECT 5.1.2 {text}\n"


FORMAT = Format(
    name="postfix_access",
    title="Recipient access table for Postfix",
    media="text/plain",
    extension="map",
    limit="none; mail that `sendmail` submits never meets it: load postfix_transport too",
    guides=(
        Guide(
            consumer="Postfix",
            place="/etc/postfix/watcher_access; in main.cf, before permit_mynetworks and permit_sasl_authenticated: "
            "smtpd_recipient_restrictions = check_recipient_access lmdb:/etc/postfix/watcher_access, "
            "permit_mynetworks, ... (cdb: or hash: where lmdb is missing; the same in master.cf for submission)",
            load="postmap lmdb:/etc/postfix/watcher_access",
            test="postmap -q army.ml lmdb:/etc/postfix/watcher_access",
            undo="postconf -X takes a whole setting out; better edit the check out of main.cf, then postfix reload",
        ),
    ),
    render=render,
    warning="The check must stand before permit_mynetworks and permit_sasl_authenticated, or your own users never "
    "meet it. To try it out, replace `REJECT 5.1.2` by `WARN`: Postfix then only logs.",
)
