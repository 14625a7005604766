"""Postfix: syslog lines of either stamp, `maillog_file`, and journald as JSON or export.

A delivery is `QUEUEID: to=<address>, relay=..., dsn=..., status=sent (text)`. The sender stands in an earlier line of
the same queue id. A content filter makes two deliveries of one: the first names the queue id of the second.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from watcher.core.mail.log_blocks import Senders, lines_with
from watcher.core.mail.log_entry import Keyed, LogEntry, LogReading, MailFate, Wanted, domain_text
from watcher.core.mail.log_lines import BSD, ISO, survey
from watcher.core.mail.log_stamps import bsd_stamp, iso_stamp, journal_stamp
from watcher.core.mail.log_years import Years

NAME = "postfix"

_RECIPIENT = re.compile(rb" to=<[^>\n]*@([^>\n]+)>")
_QUOTED = re.compile(rb' to=<"(?:[^"\\\n]|\\.)*"@([^>\n]+)>')
_EVERY = re.compile(rb' to=<(?:"(?:[^"\\\n]|\\.)*"@([^>\n]+)|[^>\n]*@([^>\n]+))>')
_DELIVERY = re.compile(
    rb'(?:^|[ "=])(?P<id>[0-9A-Za-z]{5,20}): to=<(?P<to>(?:"(?:[^"\\]|\\.)*"|[^">])*)>, '
    rb"(?:orig_to=<(?:[^>]*)>, )?relay=(?P<relay>[^,]*), .*?status=(?P<status>[a-z]+)(?P<text>.*)"
)
_REJECT = re.compile(
    rb'(?:^|[ "=])(?P<id>[0-9A-Za-z]{5,20}): (?:milter-)?reject: .*?'
    rb'(?: from=<(?P<sender>[^>]*)>)? to=<(?P<to>(?:"(?:[^"\\]|\\.)*"|[^">])*)>'
)
_ONWARD = re.compile(rb"queued as ([0-9A-Za-z]{5,20})")
_ODD = re.compile(
    rb"(?![A-Z][a-z][a-z] [ 123]\d |\d{4}-\d\d-\d\d[T ]|\{|[A-Z_0-9]+=|<\d{1,3}>[A-Z\d]|\n|\Z)([^\n]{0,300})"
)
_LINE = re.compile(rb"postfix[^ \n]*/[a-z]+\[\d+\]|SYSLOG_IDENTIFIER.{1,5}postfix")
_FATES = {
    b"sent": MailFate.DELIVERED,
    b"deliverable": None,
    b"undeliverable": None,
    b"bounced": MailFate.BOUNCED,
    b"expired": MailFate.BOUNCED,
    b"deferred": MailFate.DEFERRED,
    b"SOFTBOUNCE": MailFate.DEFERRED,
}
_LOOPBACK = re.compile(rb"localhost|[^\[]*\[(?:127\.|::1\])")


def share(sample: bytes, column: str | None) -> float:
    """Return the share of lines that a Postfix daemon wrote."""
    lines = [line for line in sample.split(b"\n") if line]
    if column is not None or not lines:
        return 0.0
    return sum(_LINE.search(line) is not None for line in lines) / len(lines)


def reader(sample: bytes, *, keyed: Keyed, reference: datetime, column: str | None) -> "PostfixReader":  # noqa: ARG001 (one signature for all forms)
    """Return a reader."""
    return PostfixReader(keyed, reference)


class PostfixReader:
    """Finds the recipients' domains of a whole block at once, and reads only the lines of wanted ones."""

    def __init__(self, keyed: Keyed, reference: datetime) -> None:
        self.reading = LogReading()
        self._keyed = keyed
        self._senders = Senders(b": from=<", b">")
        self._years = Years(reference)

    def read(self, block: bytes, wanted: Wanted) -> Iterator[LogEntry]:
        """Yield the dated entries of the block."""
        if block[:1] == b"{":
            block = block.replace(b'\\"', b'"')  # journald as JSON; it is read as text
        self._survey(block)
        first = bsd_stamp(block[:40])
        if first is not None:
            self._years.note(first.date())
        self._senders.add(block)
        domains = set(_RECIPIENT.findall(block))
        if b'"' in block and b' to=<"' in block:
            domains.update(_QUOTED.findall(block))
        hits = wanted(domains)
        if not hits:
            return
        for start, end in lines_with(block, hits, _EVERY):
            entry = self._entry(block, start, end, hits)
            if entry is None:
                continue
            if entry.at is not None and first is not None and entry.at.tzinfo is None:
                if self._years.hold(entry):
                    yield from self._years.release()
            else:
                yield entry

    def _survey(self, block: bytes) -> None:
        """Count the lines, and those that are none of a log."""
        lines, unlike = survey(block, (BSD, ISO))
        self.reading.lines += lines
        for start in unlike:
            if (odd := _ODD.match(block, start)) is not None:
                self.reading.miss(odd[1])

    def finish(self) -> Iterator[LogEntry]:
        """Yield the entries whose years are known now."""
        yield from self._years.release()

    def advance(self, reference: datetime) -> None:
        """Take the log as written until `reference`."""
        self._years.advance(reference)

    def _entry(self, block: bytes, start: int, end: int, hits: object) -> LogEntry | None:
        line = block[start:end]
        found, fate = _DELIVERY.search(line), None
        if found is not None:
            fate = _FATES.get(found["status"])
            if fate is None:
                return None
        else:
            found = _REJECT.search(line)
            if found is None:
                if b"status=" in line and b" to=<" in line:
                    self.reading.miss(line)
                return None
            fate = MailFate.REFUSED
        recipient = found["to"]
        raw = recipient.rpartition(b"@")[2]
        if raw not in hits:  # type: ignore[operator]
            return None
        queue_id = found["id"]
        at = self._stamp(block, start, line)
        if fate is MailFate.REFUSED:
            sender = found["sender"]
            whole = b"%s %s %s" % (str(at).encode(), sender or b"", recipient.lower())
            return LogEntry(domain_text(raw), self._keyed(whole), fate, at, self._hashed(sender))
        relay, text = found["relay"], found["text"]
        onward = _ONWARD.search(text) if fate is MailFate.DELIVERED else None
        near = fate is MailFate.DELIVERED and relay != b"none"
        return LogEntry(
            domain_text(raw),
            self._message(queue_id, recipient),
            fate,
            at,
            self._hashed(self._senders.find(queue_id, end)),
            None if onward is None else self._message(onward[1], recipient),
            near and (_LOOPBACK.match(relay) is not None or b"[" not in relay),
        )

    def _message(self, queue_id: bytes, recipient: bytes) -> int:
        return self._keyed(queue_id + b" " + recipient.lower())

    def _hashed(self, sender: bytes | None) -> int | None:
        return self._keyed(sender.lower()) if sender else None

    def _stamp(self, block: bytes, start: int, line: bytes) -> datetime | None:
        at = bsd_stamp(line[:40]) or iso_stamp(line[:40])
        if at is None:
            at = journal_stamp(line) if line[:1] == b"{" else journal_stamp(block[max(0, start - 4096) : start])
        return at
