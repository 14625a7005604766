"""Measure `watcher mail-log`: lines a second of CPU, plain and gzip, beside counting lines; memory for a long log.

python tests/perf/bench_mail_log.py [lines]

One line in 2,000 is about a lookalike; the rest goes to 5,000 other domains. CPU time is measured, so other load counts
little.
"""

import gzip
import io
import os
import random
import resource
import sys
import time
from datetime import UTC, datetime

from watcher.core.names.protected import parse_protected
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.sieve import sieved
from watcher.data import load_tables
from watcher.feeds.log_files import LogFile
from watcher.mail_logs import exim, postfix
from watcher.services.blocking.mail_log import MailLogCount, keyed_hash
from watcher.techniques import ALL

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def postfix_lines(count: int) -> bytes:
    chance = random.Random(1)
    lines = []
    for number in range(count // 7):
        queue_id = f"{chance.getrandbits(44):011X}"
        stamp = f"Nov 28 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02} mx1 postfix"
        domain = "us.army.ml" if number % 300 == 0 else f"company{number % 5000}.com"
        lines += [
            f"{stamp}/smtpd[12345]: connect from client.corp.example[10.1.2.3]",
            f"{stamp}/smtpd[12345]: {queue_id}: client=client.corp.example[10.1.2.3], sasl_method=PLAIN, sasl_username=user{number % 300}",
            f"{stamp}/cleanup[222]: {queue_id}: message-id=<{queue_id}.{number}@corp.example>",
            f"{stamp}/qmgr[333]: {queue_id}: from=<user{number % 300}@corp.example>, size=4711, nrcpt=1 (queue active)",
            (
                f"{stamp}/smtp[444]: {queue_id}: to=<bob{number % 999}@{domain}>, relay=mx.{domain}[93.184.215.14]:25, delay=0.55, "
                "delays=0.05/0.01/0.2/0.29, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4F1A2)"
            ),
            f"{stamp}/qmgr[333]: {queue_id}: removed",
            f"{stamp}/smtpd[12345]: disconnect from client.corp.example[10.1.2.3] ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6",
        ]
    return ("\n".join(lines) + "\n").encode()


def exim_lines(count: int) -> bytes:
    lines = []
    for number in range(count // 3):
        stamp = f"2026-11-28 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02} 1rABC{number % 9}-{number:06}-4X"
        domain = "us.army.ml" if number % 700 == 0 else f"company{number % 5000}.com"
        lines += [
            f"{stamp} <= user{number % 300}@corp.example H=pc.corp.example [10.0.0.9] P=esmtpsa A=plain S=4711 id={number}@corp.example",
            f'{stamp} => bob{number % 999}@{domain} R=dnslookup T=remote_smtp H=mx.{domain} [93.184.215.14] C="250 OK"',
            f"{stamp} Completed",
        ]
    return ("\n".join(lines) + "\n").encode()


class Names:
    """The protected name, filed as the command files it."""

    def __init__(self) -> None:
        tables = load_tables()
        self._index = Index(tables, ALL)
        self._index.add(*parse_protected("us.army.mil", tables.suffixes))
        list(self.matching(["us.army.ml"]))

    def matching(self, names):
        return sieved(self._index, names, 8192)


def measure(form, raw, index) -> tuple[float, int, int]:
    started = time.process_time()
    count = MailLogCount(index)
    log = LogFile(raw)
    reader = form.reader(b"", keyed=keyed_hash(b"k" * 32), reference=NOW, column=None)
    for block in log.blocks():
        count.add(reader.read(block, count.wanted))
    count.add(reader.finish())
    (row,) = count.rows()
    return reader.reading.lines / (time.process_time() - started), row.counted.messages, len(row.counted.senders)


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    index = Names()
    print(f"load {os.getloadavg()[0]:.1f}")
    for form, make in ((postfix, postfix_lines), (exim, exim_lines)):
        data = make(lines)
        packed = gzip.compress(data, 6)
        for _ in range(2):
            started = time.process_time()
            data.count(b"\n")
            counted = lines / (time.process_time() - started)
            plain, messages, senders = measure(form, io.BytesIO(data), index)
            zipped, _, _ = measure(form, io.BytesIO(packed), index)
            print(
                f"{form.NAME:8} plain {plain / 1e6:.2f}, gzip {zipped / 1e6:.2f} million lines/s of CPU "
                f"({counted / 1e6:.1f} only counting lines); {messages} messages from {senders} senders found"
            )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    class Repeated(io.RawIOBase):
        """The same log again and again, 2 GiB of it."""

        left = 2 << 30
        at = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            part = data[self.at : self.at + min(len(buffer), self.left)]
            buffer[: len(part)] = part
            self.at = (self.at + len(part)) % len(data)
            self.left -= len(part)
            return len(part)

    rate, _, _ = measure(exim, Repeated(), index)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"2 GiB of Exim: {rate / 1e6:.2f} million lines/s of CPU, memory grew by {grown:.0f} MiB")


if __name__ == "__main__":
    main()
