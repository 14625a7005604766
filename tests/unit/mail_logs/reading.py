"""Reads lines as a log of one form, the way the command does."""

from datetime import UTC, datetime

from watcher.core.mail.log_entry import domain_text
from watcher.core.mail.log_tally import LogTally
from watcher.mail_logs import detected
from watcher.services.blocking.mail_log import keyed_hash

REFERENCE = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEYED = keyed_hash(b"k" * 32)


def entries(text, *, domains=None, form=None, column=None, reference=REFERENCE, block=1 << 20):
    """The entries about `domains` (all of them when None), and the reader."""
    data = text if isinstance(text, bytes) else text.encode()
    form = form or detected(data[:200_000], column)
    reader = form.reader(data[:200_000], keyed=KEYED, reference=reference, column=column)

    def wanted(found):
        return {raw for raw in found if domains is None or domain_text(raw) in domains}

    made = []
    at = 0
    while at < len(data):
        end = data.find(b"\n", min(at + block, len(data) - 1)) + 1 or len(data)
        made += reader.read(data[at:end], wanted)
        at = end
    made += reader.finish()
    return made, reader


def counts(text, **options):
    """What is counted by domain: messages, senders, delivered, bounced, deferred, refused, first and last day."""
    tally = LogTally()
    for entry in entries(text, **options)[0]:
        tally.add(entry)
    return {
        row.domain: (
            row.messages,
            len(row.senders),
            *(row.count(fate) for fate in ("delivered", "bounced", "deferred", "refused")),
            row.first and row.first.isoformat(),
            row.last and row.last.isoformat(),
        )
        for row in tally.rows()
    }
