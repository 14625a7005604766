"""Every question in flight over UDP to one server: random ports, ids and case, and replies believed only when they fit.

The hot path of the sweep, therefore plain tuples, dicts and sockets, and many questions at a time: what is asked
together leaves from one source port, and what comes back meanwhile is read and handed over together.
`tests/perf/bench_sweep.py` shows what that costs.
"""

import asyncio
import os
from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate, pairwise, repeat
from typing import Any

from watcher.lookups.dns.asker import Asker, C, Flight, OnReply, OnSilence, Sent, Single
from watcher.lookups.dns.segments import MOST, Unable, known, send_each, send_together
from watcher.lookups.dns.servers import Server
from watcher.lookups.dns.source_ports import DEFAULT_PORTS, USES, SourcePort, SourcePorts
from watcher.lookups.dns.wire import HEADER_SIZE, Match, match, randomise_case

_WORTH_IT = 4  # questions of one size that are worth a call of another kind
_RECEIVE_SIZE = 4096  # more than the 1232 we offer; a longer reply is cut and so unreadable
_AT_ONCE = 256  # replies read before others get their turn
_PAUSE, _LONGEST_PAUSE = 0.001, 0.008  # seconds in which replies gather in a busy port's buffer
_FEW = 0.25  # of what is waited for: so few replies gain by a longer pause, and nobody loses
_BUSY = 16  # questions under way from one port that make it busy
_FLATTENED_ENOUGH = 3
_NO_DOUBT = False
_PLAIN = frozenset(bytes((0x80 | flags, second, 0, 1)) for flags in range(8) for second in range(256))
"""Flags and count of questions in a plain reply: QR=1, opcode QUERY, one question."""


@dataclass(slots=True)
class Counters:
    """Counts of one server's datagrams by their fate, since the start."""

    sent: int = 0
    answered: int = 0
    silent: int = 0
    late: int = 0
    duplicates: int = 0
    forged: int = 0
    wrong_case: int = 0


class Multiplexer:
    """The UDP side of one server. Belongs to the event loop it is used in; `close` it there."""

    def __init__(
        self, server: Server, *, timeout: float = 3.0, port_uses: int = USES, ports: int = DEFAULT_PORTS
    ) -> None:
        self.server = server
        self.counters = Counters()
        self.flattens_case = False
        """The server answers in lower case: learnt from three such replies before any in the case that was sent."""
        self.segments = known()
        """Many questions of one size leave in one call."""
        self.ports = SourcePorts(server, ports, port_uses, self._readable)
        self._keeps_case = False
        self._flattened = 0
        self._timeout = timeout
        self._paused: list[SourcePort] = []
        self._pause: asyncio.TimerHandle | None = None
        self._pause_for = _PAUSE
        self._timer: asyncio.TimerHandle | None = None

    def ask(
        self,
        qname: bytes,
        type_in: bytes,
        frame: tuple[bytes, bytes],
        calls: tuple[OnReply[C], OnSilence[C]],
        context: C,
    ) -> None:
        """Send one question. Exactly one of `calls` follows, never from within this call.

        `qname`: wire form. `type_in`: of `wire.TYPE_IN`. `frame`: the header after its id, and what follows
        the question.
        """
        self.ask_all((qname + type_in,), (context,), frame, Single(calls))

    def ask_all(
        self, questions: Sequence[bytes], contexts: Sequence[C], frame: tuple[bytes, bytes], asker: Asker[C]
    ) -> None:
        """Send many questions: names in wire form, each with its type and class; a context for each.

        `asker` is told about each exactly once, never from within this call.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        self.counters.sent += len(questions)
        sent, start = (now, asker, frame), 0
        while start < len(questions):
            end, same_size = self._together(questions, start)
            asked, about, start = questions[start:end], contexts[start:end], end
            try:
                port = self.ports.one(now, len(asked))
            except OSError:  # no route, no such family here, no descriptors left, closed: as good as lost
                self.counters.silent += len(asked)
                for context in about:
                    loop.call_soon(asker.silent, context, _NO_DOUBT)
            else:
                messages = self._messages(port, asked, about, sent)
                went = self._send(port, messages, same_size=same_size)
                if went < len(messages):
                    self._send_again(port, messages[went:])
        if self._timer is None and not self.ports.closed:
            self._timer = loop.call_later(self._timeout, self._expire)

    def _together(self, questions: Sequence[bytes], start: int) -> tuple[int, bool]:
        """Return the end of the run to send from one port, and whether the run is worth one call."""
        most = min(len(questions), start + MOST)
        if not self.segments or most - start < _WORTH_IT:
            return most, False
        run = start  # where those of one size begin
        for end in range(start + 1, most):
            if len(questions[end]) != len(questions[run]):
                if end - run >= _WORTH_IT:
                    return (end, True) if run == start else (run, False)
                run = end
        return (most, run == start) if run == start or most - run < _WORTH_IT else (run, False)

    @staticmethod
    def _messages(port: SourcePort, asked: Sequence[bytes], contexts: Sequence[object], sent: Sent) -> list[bytes]:
        """Return the queries, with ids and case, and each noted as under way."""
        names, count = b"".join(asked), len(asked)
        random = os.urandom(len(names) + 2 * count)
        names = randomise_case(names, random)
        ends = [0, *accumulate(map(len, asked))]
        questions = [names[start:end] for start, end in pairwise(ends)]
        numbers = [random[at : at + 2] for at in range(len(names), len(random), 2)]
        if len(set(numbers)) < count or not port.waiting.keys().isdisjoint(numbers):
            numbers = _others(numbers, port.waiting)
        port.waiting.update(zip(numbers, zip(questions, contexts, repeat(sent), strict=False), strict=True))
        header, rest = sent[2]
        return [number + header + question + rest for number, question in zip(numbers, questions, strict=True)]

    def _send(self, port: SourcePort, messages: Sequence[bytes], *, same_size: bool) -> int:
        """Send `messages`; return how many went before an earlier datagram's ICMP error came up."""
        if same_size:
            try:
                return send_together(port.socket, messages)
            except Unable:
                self.segments = False
        return send_each(port.socket, messages)

    def _send_again(self, port: SourcePort, messages: Sequence[bytes]) -> None:
        """Send once more the messages that did not go; a second failure counts as silence."""
        while messages:
            self._unreachable(port, but={message[:2] for message in messages})
            went = send_each(port.socket, messages)
            if not went:
                _, context, sent = port.waiting.pop(messages[0][:2])
                self.counters.silent += 1
                asyncio.get_running_loop().call_soon(sent[1].silent, context, _NO_DOUBT)
            messages = messages[went or 1 :]

    def close(self) -> None:
        """Close every socket for good; whoever still waits is told of silence."""
        for timer in (self._timer, self._pause):
            if timer is not None:
                timer.cancel()
        self.ports.closed = True
        for port in tuple(self.ports.open):
            for number in tuple(port.waiting):
                self._silence(port, number)
        self.ports.close()

    def rest(self) -> None:
        """Close the sockets that wait for nothing; they are drawn anew when there is something to ask."""
        self.ports.rest()

    def _readable(self, port: SourcePort) -> None:
        """Read it, and where much more is to come leave it alone for a moment, rather than be woken for each reply."""
        self._receive(port)
        if len(port.waiting) >= _BUSY and not port.paused and port in self.ports.open:
            self.ports.pause(port)
            self._paused.append(port)
            if self._pause is None:
                self._pause = asyncio.get_running_loop().call_later(self._pause_for, self._read_paused)

    def _read_paused(self) -> None:
        self._pause = None
        paused, self._paused = self._paused, []
        waited_for = came = 0
        for port in paused:
            if port not in self.ports.open:
                continue
            waited_for += len(port.waiting)
            came += self._receive(port)
            if len(port.waiting) >= _BUSY:
                self._paused.append(port)
            elif port in self.ports.open:
                self.ports.listen(port)
        few = came < waited_for * _FEW
        self._pause_for = min(_LONGEST_PAUSE, self._pause_for * 2) if few else max(_PAUSE, self._pause_for / 2)
        if self._paused and self._pause is None:
            self._pause = asyncio.get_running_loop().call_later(self._pause_for, self._read_paused)

    def _receive(self, port: SourcePort) -> int:  # noqa: C901 (a call for each reply would cost a tenth of it)
        """Read what lies there, hand it over, and return how many replies fitted."""
        now = asyncio.get_running_loop().time()
        receive, waiting, answered = port.socket.recv, port.waiting, port.answered
        askers: list[Asker[Any]] = []
        asker = None
        fitted = 0
        for _ in range(_AT_ONCE):
            try:
                reply = receive(_RECEIVE_SIZE)
            except BlockingIOError:
                break
            except OSError:
                self._unreachable(port)
                break
            number = reply[:2]
            flight = waiting.get(number)
            if flight is None:
                self._stray(port, number, reply)
                continue
            question = flight[0]
            if reply[2:6] in _PLAIN and reply.startswith(question, HEADER_SIZE):
                if not self._keeps_case and question != question.lower():
                    self._keeps_case = True
            elif not self._doubted(port, number, flight, reply):
                continue
            fitted += 1
            del waiting[number]
            answered[number] = question
            if flight[2][1] is not asker:
                asker = flight[2][1]
                flights, replies = asker.flights, asker.replies
                if asker not in askers:
                    askers.append(asker)
            flights.append(flight)
            replies.append(reply)
            if not waiting:
                break
        self.counters.answered += fitted
        for asker in askers:
            asker.replied(now)
        self.ports.done(port)
        return fitted

    def _doubted(self, port: SourcePort, number: bytes, flight: Flight, reply: bytes) -> bool:
        """Anything but the plain case: an old server's bare complaint, a flattened question, or a forgery.

        True: it is to be believed.
        """
        question = flight[0]
        fit = match(reply, question)
        if fit is Match.NO:
            self.counters.forged += 1
        elif fit is Match.YES or self.flattens_case:
            return True
        elif self._keeps_case or not _is_lower(reply, question):
            self.counters.wrong_case += 1
            port.doubtful.add(number)
        else:
            self._flattened += 1
            if self._flattened >= _FLATTENED_ENOUGH:
                self.flattens_case = True
                return True
            # Ask anew, with another port, id and case: only the server itself can flatten three in a row.
            self.counters.wrong_case += 1
            self._finish(port, number)
            _, context, (_, asker, frame) = flight
            self.ask_all((question,), (context,), frame, asker)
        return False

    def _stray(self, port: SourcePort, number: bytes, reply: bytes) -> None:
        """A reply that nothing waits for."""
        answered, given_up = port.answered.get(number), port.given_up.get(number)
        if answered is not None and match(reply, answered) is not Match.NO:
            self.counters.duplicates += 1
        elif given_up is not None and match(reply, given_up) is not Match.NO:
            self.counters.late += 1
        else:
            self.counters.forged += 1

    def _finish(self, port: SourcePort, number: bytes) -> Flight:
        """No reply to it counts any more."""
        flight = port.waiting.pop(number)
        port.given_up[number] = flight[0]
        self.ports.done(port)
        return flight

    def _silence(self, port: SourcePort, number: bytes) -> None:
        self.counters.silent += 1
        doubtful = number in port.doubtful
        _, context, (_, asker, _) = self._finish(port, number)
        asker.silent(context, doubtful)

    def _unreachable(self, port: SourcePort, but: AbstractSet[bytes] = frozenset()) -> None:
        """The port there is closed, as ICMP says: nothing will come for what waits here."""
        call_soon = asyncio.get_running_loop().call_soon
        for number, flight in port.waiting.items():
            if number not in but:
                call_soon(self._silence_once, port, number, flight)

    def _silence_once(self, port: SourcePort, number: bytes, flight: Flight) -> None:
        if port.waiting.get(number) is flight:
            self._silence(port, number)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.time() - self._timeout
        self._timer = None
        for port in tuple(self.ports.open):
            if _overdue(port, limit):
                self._receive(port)  # when we were busy with something else the replies may lie there, unread
                for number in _overdue(port, limit):
                    if number in port.waiting:
                        self._silence(port, number)
        oldest = min(
            (next(iter(port.waiting.values()))[2][0] for port in self.ports.open if port.waiting), default=None
        )
        if oldest is not None and self._timer is None:
            # Sent within the next twentieth of the timeout: told together, so that a busy sweep wakes seldom.
            self._timer = loop.call_later(max(oldest - limit, self._timeout / 20), self._expire)


def _others(numbers: Sequence[bytes], waiting: Container[bytes]) -> list[bytes]:
    """`numbers`, but for those that are taken."""
    different: dict[bytes, None] = {}
    for number in numbers:
        while number in different or number in waiting:
            number = os.urandom(2)  # noqa: PLW2901 (that is the point)
        different[number] = None
    return list(different)


def _overdue(port: SourcePort, limit: float) -> list[bytes]:
    """Return the ids of what was sent before, and waits still."""
    overdue = []
    for number, flight in port.waiting.items():
        if flight[2][0] > limit:
            break
        overdue.append(number)
    return overdue


def _is_lower(reply: bytes, question: bytes) -> bool:
    return reply[HEADER_SIZE : HEADER_SIZE + len(question) - 4] == question[:-4].lower()
