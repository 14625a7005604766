"""Nameservers that do their work badly: refusing, failing, silent and lame ones, over UDP and TCP."""

import socketserver
import struct
import threading
from enum import Enum
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.lab.addresses import MAILBOX


class Fault(Enum):
    """What such a nameserver does with every question."""

    REFUSING = "refusing"
    SERVFAIL = "servfail"
    SILENT = "silent"
    LAME = "lame"
    """It knows nothing of the zone and refers to the root."""
    NO_MX = "no_mx"
    DENYING = "denying"
    CUTTING = "cutting"
    """An address for every name; MX is answered with SERVFAIL, with NXDOMAIN, and truncated over UDP and TCP."""


def faulty_answer(fault: Fault, wire: bytes) -> bytes | None:
    """The reply to one question, or None for silence."""
    try:
        answer = dns.message.make_response(dns.message.from_wire(wire))
    except dns.exception.DNSException:
        return None
    if fault in _ADDRESSES_ONLY:
        _answer_addresses(fault, answer)
        return answer.to_wire()
    match fault:
        case Fault.SILENT:
            return None
        case Fault.REFUSING:
            answer.set_rcode(dns.rcode.REFUSED)
        case Fault.SERVFAIL:
            answer.set_rcode(dns.rcode.SERVFAIL)
        case Fault.LAME:
            answer.authority.append(dns.rrset.from_text(".", 3600, "IN", "NS", "a.root-servers.net."))
    return answer.to_wire()


_ADDRESSES_ONLY = frozenset({Fault.NO_MX, Fault.DENYING, Fault.CUTTING})


def _answer_addresses(fault: Fault, answer: dns.message.Message) -> None:
    question = answer.question[0]
    answer.flags |= dns.flags.AA
    if question.rdtype == dns.rdatatype.A:
        answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", MAILBOX))
        return
    if question.rdtype == dns.rdatatype.MX and fault is Fault.NO_MX:
        answer.set_rcode(dns.rcode.SERVFAIL)
        return
    if question.rdtype == dns.rdatatype.MX and fault is Fault.CUTTING:
        answer.flags |= dns.flags.TC
        return
    if question.rdtype == dns.rdatatype.MX:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    zone = dns.name.Name(question.name.labels[-3:])
    answer.authority.append(dns.rrset.from_text(zone, 1, "IN", "SOA", "ns.hosting.net. root.hosting.net. 1 9 9 9 1"))


class FaultyNameserver:
    """A faulty nameserver on port 53 of `address`, in threads of its own; a context manager."""

    def __init__(self, address: str, fault: Fault) -> None:
        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                if (reply := faulty_answer(fault, wire)) is not None:
                    sock.sendto(reply, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            timeout = 5

            def handle(self) -> None:
                head = self.rfile.read(2)
                if len(head) == 2:
                    reply = faulty_answer(fault, self.rfile.read(struct.unpack("!H", head)[0]))
                    if reply is not None:
                        self.wfile.write(struct.pack("!H", len(reply)) + reply)

        class TcpServer(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._servers: list[socketserver.BaseServer] = [
            socketserver.UDPServer((address, 53), Udp),
            TcpServer((address, 53), Tcp),
        ]
        self._threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in self._servers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(60)
