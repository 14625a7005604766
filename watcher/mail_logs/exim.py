"""Exim's main log: `STAMP ID => address R=router T=transport H=host C="250 ..."`.

`=>`, `->` and `>>` are deliveries, `**` failures, `==` deferrals, `<=` arrivals with the sender. Message ids have 16
characters, 23 since 4.97. Refusals at RCPT time are read too.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from watcher.core.mail.log_blocks import Senders, lines_with
from watcher.core.mail.log_entry import Keyed, LogEntry, LogReading, MailFate, Wanted, domain_text
from watcher.core.mail.log_lines import ISO, survey
from watcher.core.mail.log_stamps import iso_stamp

NAME = "exim"

_EVERY = re.compile(
    rb" (?:[=-]>|>>|\*\*|==) (?:[^ <\n]+ <)?(?:\"[^\"\n]*\"|[^\" \n])*@([^ \n>:,]+)"
    rb"|rejected RCPT <?(?:\"[^\"\n]*\"|[^\"> \n])*@([^ \n>:,]+)"
)
_AFTER_ID = re.compile(rb"-(?:..|....) (?:[=-]>|>>|\*\*|==) (?:[^ @\n]+ <)?[^ \n]*@([^ \n>:,]+)")
"""The end of a message id, a mark and an address: searched by its dash, which is rarer than what may be a mark."""
_REJECTED = re.compile(rb"rejected RCPT [^ \n]*@([^ \n>:,]+)")
_QUOTED = re.compile(rb"(?: [=*>-][=*>] (?:[^ <\n]+ <)?|rejected RCPT <?)\"[^\"\n]*\"@([^ \n>:,]+)")
_ID = rb"(?P<id>[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})"
_ADDRESS = rb"(?:\"(?:[^\"\\\n]|\\.)*\"|[^\" \n<>])*@[^ \n>:,]+"
_DELIVERY = re.compile(_ID + rb" (?P<mark>[=-]>|>>|\*\*|==) (?:[^ <\n]+ <)?(?P<to>" + _ADDRESS + rb")>?(?P<text>.*)")
_REJECT = re.compile(rb"(?<!temporarily )rejected RCPT <?(?P<to>" + _ADDRESS + rb")")
_SENDER = re.compile(rb" F=<([^>]*)>")
_ONWARD = re.compile(rb' C="[^"]*?(?:id=([0-9A-Za-z-]{16,23})|queued as ([0-9A-Za-z]{5,20}))')
_NEAR = re.compile(rb" H=[^\[]*\[(?:127\.|::1\])")
_STAMP = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ODD = re.compile(rb"(?!\d{4}-\d\d-\d\d |\n|\Z)([^\n]{0,300})")
_LINE = re.compile(_STAMP + rb"(?:\.\d+)?(?: [+-]\d{4})? (?:\[\d+\] )?(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}|[A-Za-z*])")
_OWN = re.compile(
    _STAMP + rb".*?(?: [0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} | exim |SMTP |queue run|rejected |H=)"
)
_FATES = {
    b"=>": MailFate.DELIVERED,
    b"->": MailFate.DELIVERED,
    b">>": MailFate.DELIVERED,
    b"**": MailFate.BOUNCED,
    b"==": MailFate.DEFERRED,
}


def share(sample: bytes, column: str | None) -> float:
    """Return the share of lines that Exim wrote."""
    lines = [line for line in sample.split(b"\n") if line]
    if column is not None or not lines:
        return 0.0
    if not any(_OWN.match(line) for line in lines):
        return 0.0
    return sum(_LINE.match(line) is not None for line in lines) / len(lines)


def reader(sample: bytes, *, keyed: Keyed, reference: datetime, column: str | None) -> "EximReader":  # noqa: ARG001 (one signature for all forms)
    """Return a reader."""
    return EximReader(keyed)


class EximReader:
    """Finds the recipients' domains of a whole block at once, and reads only the lines of wanted ones."""

    def __init__(self, keyed: Keyed) -> None:
        self.reading = LogReading()
        self._keyed = keyed
        self._senders = Senders(b" <= ", b" ")

    def read(self, block: bytes, wanted: Wanted) -> Iterator[LogEntry]:
        """Yield the entries of the block."""
        lines, unlike = survey(block, (ISO,))
        self.reading.lines += lines
        for start in unlike:
            if (odd := _ODD.match(block, start)) is not None:
                self.reading.miss(odd[1])
        self._senders.add(block)
        domains = set(_AFTER_ID.findall(block))
        if b"rejected RCPT " in block:
            domains.update(_REJECTED.findall(block))
        if b'"' in block and (b' "' in block or b'<"' in block):
            domains.update(_QUOTED.findall(block))
        hits = wanted(domains)
        if not hits:
            return
        for start, end in lines_with(block, hits, _EVERY):
            entry = self._entry(block[start:end], end)
            if entry is not None and entry[0] in hits:
                yield entry[1]

    def finish(self) -> Iterator[LogEntry]:
        """Yield nothing: every stamp has its year."""
        yield from ()

    def advance(self, reference: datetime) -> None:
        """Do nothing: every stamp has its year."""

    def _entry(self, line: bytes, end: int) -> tuple[bytes, LogEntry] | None:
        found = _DELIVERY.search(line)
        at = iso_stamp(line[:40])
        if found is None:
            found = _REJECT.search(line)
            if found is None:
                return None
            raw = found["to"].rpartition(b"@")[2]
            given = _SENDER.search(line)
            whole = b"%s %s %s" % (str(at).encode(), given[1] if given else b"", found["to"].lower())
            sender = self._hashed(given[1] if given else None)
            return raw, LogEntry(domain_text(raw), self._keyed(whole), MailFate.REFUSED, at, sender)
        raw = found["to"].rpartition(b"@")[2]
        fate = _FATES[found["mark"]]
        onward = _ONWARD.search(found["text"]) if fate is MailFate.DELIVERED else None
        entry = LogEntry(
            domain_text(raw),
            self._message(found["id"], found["to"]),
            fate,
            at,
            self._hashed(self._senders.find(found["id"], end)),
            None if onward is None else self._message(onward[1] or onward[2], found["to"]),
            fate is MailFate.DELIVERED and (_NEAR.search(found["text"]) is not None or b" H=" not in found["text"]),
        )
        return raw, entry

    def _message(self, message_id: bytes, recipient: bytes) -> int:
        return self._keyed(message_id + b" " + recipient.lower())

    def _hashed(self, sender: bytes | None) -> int | None:
        return self._keyed(sender.lower()) if sender and sender != b"<>" else None
