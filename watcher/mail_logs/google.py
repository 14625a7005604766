"""Google Workspace: the CSV of an email log search or of BigQuery, and any other CSV whose recipient column is named.

Headings come in the language of the administrator: a column is found by the stems of its words, or named by `--column`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from watcher.core.errors import ConfigurationError
from watcher.core.mail.log_entry import Keyed, LogEntry, MailFate
from watcher.core.mail.log_stamps import table_stamp
from watcher.core.mail.log_table import Row, TableReader, addresses, header

NAME = "google"

_RECIPIENTS = (
    "recipient", "destination.address", "destination_address", "empfänger", "destinat", "ontvanger", "mottag",
    "modtager", "vastaanottaj", "odbiorc", "příjem", "príjem", "alıcı", "címzett", "получател", "одержувач",
    "παραλήπτ", "受信者", "宛先", "收件人", "수신자", "נמען", "المستلم",
)  # fmt: skip
_SENDERS = (
    "sender", "source.address", "source_address", "absender", "expéditeur", "remitente", "remetente", "mittente",
    "afzender", "avsändar", "avsender", "afsender", "lähettäj", "nadawc", "odesíl", "odosiel", "gönderen", "feladó",
    "отправител", "відправник", "αποστολ", "送信者", "发件人", "寄件者", "발신자", "השולח", "المرسل",
)  # fmt: skip
_IDS = ("message id", "message-id", "message_id", "messageid", "nachrichten-id", "rfc2822_message_id", "メッセージ id")
_STAMPS = ("event date", "date", "timestamp", "datum", "fecha", "data", "日", "дата", "tarih")
_STATUSES = ("event status", "status", "état", "estado", "stato", "ステータス", "状态", "статус")
_FAILED = re.compile(r"bounce|reject|fail|undeliver|not deliver|zurückgewiesen|abgelehnt|refus|rechaz|rejet|respin")
_WAITS = re.compile(r"defer|pending|tempor|retry|quarant|ausstehend|en attente|pendient")
_WENT = re.compile(r"deliver|sent|success|insert|zugestellt|livr|remis|entreg|consegn|bezorgd|доставл|配信|已送达")


def share(sample: bytes, column: str | None) -> float:
    """Return 1 where a column of recipients and one of senders are found, or the named column."""
    if column is not None:
        return 1.0 if header(sample, lambda cells: column.strip().lower() in cells) else 0.0
    return 0.9 if header(sample, _is_ours) else 0.0


def reader(sample: bytes, *, keyed: Keyed, reference: datetime, column: str | None) -> TableReader:  # noqa: ARG001 (one signature for all forms)
    """Return a reader. Raises ConfigurationError where no column of recipients is found."""
    wanted = None if column is None else column.strip().lower()
    found = header(
        sample,
        lambda cells: wanted in cells if wanted is not None else len(cells) > 1 and _like(cells, _RECIPIENTS) != "",
    )
    if found is None:
        why = f"there is no column {column!r}" if column else "no column of recipients is found; name it with --column"
        raise ConfigurationError("--column", why)
    headings, separator = found
    return TableReader(headings, separator, _Rows(keyed, headings, wanted).entries)


def _is_ours(cells: Sequence[str]) -> bool:
    return _like(cells, _RECIPIENTS) != "" and _like(cells, _SENDERS) != ""


def _like(cells: Sequence[str], stems: Sequence[str]) -> str:
    """The first heading with one of the stems, the stems in their order."""
    for stem in stems:
        for cell in cells:
            if stem in cell and "count" not in cell and "domain" not in cell:
                return cell
    return ""


class _Rows:
    def __init__(self, keyed: Keyed, headings: Sequence[str], column: str | None) -> None:
        self._keyed = keyed
        self._recipient = column or _like(headings, _RECIPIENTS)
        others = [heading for heading in headings if heading != self._recipient]
        self._sender = _like(others, _SENDERS)
        self._id = _like(others, _IDS)
        self._at = _like(others, _STAMPS)
        self._status = _like([heading for heading in others if "code" not in heading], _STATUSES)

    def entries(self, row: Row) -> Iterator[LogEntry] | None:
        cell = row.get(self._recipient)
        return None if cell is None else self._each(row, cell)

    def _each(self, row: Row, cell: str) -> Iterator[LogEntry]:
        at = table_stamp(row.get(self._at, ""))
        sender = next((address for address, _, _ in addresses(row.get(self._sender, ""))), "")
        hashed = self._keyed(sender.encode()) if sender else None
        whole = row.get(self._id, "").strip() or f"{at} {sender}"
        fate = _fate(row.get(self._status, "").lower())
        for address, domain, _ in addresses(cell):
            yield LogEntry(domain, self._keyed(f"{whole} {address}".encode()), fate, at, hashed)


def _fate(text: str) -> MailFate:
    for words, fate in ((_FAILED, MailFate.BOUNCED), (_WAITS, MailFate.DEFERRED), (_WENT, MailFate.DELIVERED)):
        if words.search(text):
            return fate
    return MailFate.UNKNOWN
