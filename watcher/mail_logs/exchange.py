"""Microsoft Exchange: message trace and historical search of Exchange Online, message tracking logs of a server.

All are CSV. A message trace has a row for each recipient. A historical search joins them as `address##status;...`, and
the last word of a status counts. A tracking log has `#Fields:` and a row for each event; recipients are joined by `;`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from watcher.core.errors import ConfigurationError
from watcher.core.mail.log_entry import Keyed, LogEntry, MailFate
from watcher.core.mail.log_stamps import table_stamp
from watcher.core.mail.log_table import Row, TableReader, addresses, header

NAME = "exchange"

_TRACE = frozenset({"senderaddress", "recipientaddress", "status"})
_HISTORICAL = frozenset({"sender_address", "recipient_status"})
_TRACKING = frozenset({"event-id", "recipient-address", "sender-address"})
_SENDERS = ("senderaddress", "sender_address", "sender-address", "sender")
_RECIPIENTS = ("recipientaddress", "recipient_status", "recipient-address", "recipient_address", "recipient")
_IDS = ("messageid", "message_id", "message-id", "network_message_id", "messagetraceid")
_STAMPS = ("received", "origin_timestamp_utc", "date-time", "origin_timestamp", "date")
_STATUSES = ("status", "delivery_status")
_FATES = {
    "delivered": MailFate.DELIVERED,
    "deliver": MailFate.DELIVERED,
    "send": MailFate.DELIVERED,
    "sent": MailFate.DELIVERED,
    "filteredasspam": MailFate.DELIVERED,
    "failed": MailFate.BOUNCED,
    "fail": MailFate.BOUNCED,
    "pending": MailFate.DEFERRED,
    "defer": MailFate.DEFERRED,
    "gettingstatus": MailFate.DEFERRED,
    "quarantined": MailFate.DEFERRED,
}
_PASSED_ON = frozenset({"expanded", "expand", "resolved"})
"""The message went on to the members of a list, whose rows count."""
_EVENTS = {
    "send": MailFate.DELIVERED,
    "sendexternal": MailFate.DELIVERED,
    "deliver": MailFate.DELIVERED,
    "fail": MailFate.BOUNCED,
    "defer": MailFate.DEFERRED,
}


def share(sample: bytes, column: str | None) -> float:
    """Return 1 where the headings are those of an Exchange."""
    found = header(sample, _is_ours)
    if found is None or (column is not None and column.strip().lower() not in found[0]):
        return 0.0
    return 1.0


def reader(sample: bytes, *, keyed: Keyed, reference: datetime, column: str | None) -> TableReader:  # noqa: ARG001 (one signature for all forms)
    """Return a reader. Raises ConfigurationError where no column of recipients is found."""
    wanted = None if column is None else column.strip().lower()
    found = header(
        sample, lambda cells: wanted in cells if wanted else _is_ours(cells) or _first(cells, _RECIPIENTS) != ""
    )
    if found is None:
        raise ConfigurationError("--column", f"there is no column {column!r}" if column else "no recipients are found")
    headings, separator = found
    rows = _Rows(keyed, headings, wanted)
    return TableReader(headings, separator, rows.entries)


def _is_ours(cells: Sequence[str]) -> bool:
    return any(known.issubset(cells) for known in (_TRACE, _HISTORICAL, _TRACKING))


def _first(cells: Sequence[str], names: Sequence[str]) -> str:
    return next((name for name in names if name in cells), "")


class _Rows:
    def __init__(self, keyed: Keyed, headings: Sequence[str], column: str | None) -> None:
        self._keyed = keyed
        self._recipient = column or _first(headings, _RECIPIENTS)
        self._sender = _first(headings, _SENDERS)
        self._id = _first(headings, _IDS)
        self._at = _first(headings, _STAMPS)
        self._status = _first(headings, _STATUSES)
        self._tracking = "event-id" in headings

    def entries(self, row: Row) -> Iterator[LogEntry] | None:
        cell = row.get(self._recipient)
        if cell is None:
            return None
        event = row.get("event-id", "").strip().lower()
        if self._tracking and event not in _EVENTS:
            return iter(())
        return self._each(row, cell, event)

    def _each(self, row: Row, cell: str, event: str) -> Iterator[LogEntry]:
        at = table_stamp(row.get(self._at, ""))
        sender = row.get(self._sender, "").strip().lower()
        hashed = self._keyed(sender.encode()) if sender.strip("<>") else None
        whole = row.get(self._id, "").strip() or f"{at} {sender}"
        for address, domain, said in addresses(cell):
            word = (said or row.get(self._status, "")).replace(" ", "").rpartition(",")[2].lower()
            if word in _PASSED_ON:
                continue
            fate = _EVENTS[event] if self._tracking else _FATES.get(word, MailFate.UNKNOWN)
            yield LogEntry(domain, self._keyed(f"{whole} {address}".encode()), fate, at, hashed)
