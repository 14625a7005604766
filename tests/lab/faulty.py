"""Nameservers that do their work badly: refusing, failing, silent and lame ones, over UDP and TCP."""

import socketserver
import struct
import threading
from enum import Enum
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class Fault(Enum):
    """What such a nameserver does with every question."""

    REFUSING = "refusing"
    SERVFAIL = "servfail"
    SILENT = "silent"
    LAME = "lame"
    """It knows nothing of the zone and refers to the root."""


def faulty_answer(fault: Fault, wire: bytes) -> bytes | None:
    """The reply to one question, or None for silence."""
    try:
        answer = dns.message.make_response(dns.message.from_wire(wire))
    except dns.exception.DNSException:
        return None
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
            thread.join(5)
