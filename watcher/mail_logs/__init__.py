"""Forms of mail logs, one file each. `ALL` is the registry."""

from watcher.core.mail.log_entry import LogForm
from watcher.mail_logs import exchange, exim, google, postfix

ALL: tuple[LogForm, ...] = (postfix, exim, exchange, google)


def detected(sample: bytes, column: str | None = None) -> LogForm | None:
    """Return the form that most of the sample is of; None where nothing of it is recognised."""
    shares = [(form.share(sample, column), form) for form in ALL]
    best = max(shares, key=lambda pair: pair[0])
    return best[1] if best[0] > 0 else None
