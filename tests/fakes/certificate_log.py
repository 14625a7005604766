"""A certificate log of the tests' own, on loopback: static or of RFC 6962, signed, and as faulty as it is told to be."""

import base64
import gzip
import json
import struct
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from watcher.feeds.ct.merkle import leaf_hash, node_hash

_STAMP = 1_764_000_000_000


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def certificate(*names: str | bytes, critical: bool = False) -> bytes:
    """Bytes that hold the names as a certificate does, between things that no name is in."""
    texts = [name if isinstance(name, bytes) else name.encode() for name in names]
    inner = b"".join(_element(0x82, text) for text in texts) + _element(0x87, b"\x7f\0\0\1")
    extension = b"\x06\x03\x55\x1d\x11" + (b"\x01\x01\xff" if critical else b"") + _element(0x04, _element(0x30, inner))
    return _element(0x30, b"\x02\x01\x05" + _element(0x30, extension) + _element(0x03, b"\0" * 40))


def tree_root(hashes: list[bytes]) -> bytes:
    """The root as RFC 6962 section 2.1 defines it, by recursion."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(tree_root(hashes[:split]), tree_root(hashes[split:]))


def consistency_proof(old: int, hashes: list[bytes]) -> list[bytes]:
    """The proof of RFC 6962 section 2.1.2."""

    def part(size: int, some: list[bytes], whole: bool) -> list[bytes]:
        if size == len(some):
            return [] if whole else [tree_root(some)]
        split = 1 << (len(some) - 1).bit_length() - 1
        if size <= split:
            return [*part(size, some[:split], whole), tree_root(some[split:])]
        return [*part(size - split, some[split:], False), tree_root(some[:split])]

    return part(old, hashes, True) if 0 < old < len(hashes) else []


@dataclass
class CertificateLogServer:
    """`shown`: entries behind its head. Faults: what its fields say."""

    static: bool = True
    with_names: bool = False
    at_once: int = 1000
    entries: list[tuple[bytes, list[str], bool]] = field(default_factory=list)
    shown: int = 0
    now: int = _STAMP
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    forged: bool = False
    status: dict[str, int] = field(default_factory=dict)
    retry_after: str = "120"
    replaced: dict[str, bytes] = field(default_factory=dict)
    partials_gone: bool = False
    packed: bool = False
    breaks_after: int | None = None

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def key_text(self) -> str:
        return base64.b64encode(self.der).decode()

    def add(self, *names: str | bytes, der: bytes | None = None, pre: bool = False, show: bool = True) -> None:
        texts = [name if isinstance(name, str) else name.decode("utf-8", "replace") for name in names]
        self.entries.append((certificate(*names) if der is None else der, texts, pre))
        if show:
            self.shown = len(self.entries)

    def listed(self, url: str, state: str = "usable", until: str = "2999-01-01T00:00:00Z") -> dict:
        """Its entry in a list of logs."""
        entry = {
            "description": "a log of the tests",
            "log_id": base64.b64encode(sha256(self.der).digest()).decode(),
            "key": self.key_text,
            "state": {state: {"timestamp": "2026-01-01T00:00:00Z"}},
            "temporal_interval": {"start_inclusive": "2000-01-01T00:00:00Z", "end_exclusive": until},
        }
        return entry | ({"submission_url": url, "monitoring_url": url} if self.static else {"url": url})

    def app(self) -> web.Application:
        made = web.Application()
        made.router.add_get("/{path:.*}", self._answer)
        return made

    def _leaf(self, number: int) -> bytes:
        der, _, pre = self.entries[number]
        kind = b"\x00\x01" + b"i" * 32 if pre else b"\x00\x00"
        extensions = b"\x00\x00\x05" + number.to_bytes(5)
        return (
            struct.pack("!Q", _STAMP)
            + kind
            + len(der).to_bytes(3)
            + der
            + struct.pack("!H", len(extensions))
            + extensions
        )

    def _hashes(self, size: int) -> list[bytes]:
        return [leaf_hash(b"\0\0" + self._leaf(number)) for number in range(size)]

    def _signed(self, size: int, root: bytes) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1()) if self.forged else self.key
        made = key.sign(b"\x00\x01" + struct.pack("!QQ", self.now, size) + root, ec.ECDSA(SHA256()))
        return b"\x04\x03" + struct.pack("!H", len(made)) + made

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        self.asked.append(path)
        self.agents.add(request.headers["User-Agent"])
        if self.breaks_after is not None and len(self.asked) > self.breaks_after:
            return web.Response(status=500)
        status = next((found for start, found in self.status.items() if path.startswith(start)), None)
        if status is not None:
            return web.Response(status=status, headers={"Retry-After": self.retry_after})
        body = self.replaced.get(path)
        if body is None:
            body = self._static(path) if self.static else self._rfc6962(path, request.query)
        if body is None:
            return web.Response(status=404)
        if self.packed:
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return web.Response(body=body)

    def _static(self, path: str) -> bytes | None:
        size = self.shown
        if path == "checkpoint":
            root = tree_root(self._hashes(size))
            origin = "log.example/2026"
            note = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
            key_id = sha256(origin.encode() + b"\n\x05" + sha256(self.der).digest()).digest()[:4]
            signature = base64.b64encode(key_id + struct.pack("!Q", self.now) + self._signed(size, root)).decode()
            other = base64.b64encode(b"xxxxsomething").decode()
            return f"{note}\n\N{EM DASH} witness.example {other}\n\N{EM DASH} {origin} {signature}\n".encode()
        parts = path.split("/")
        if parts[0] != "tile":
            return None
        level, rest = parts[1], "/".join(parts[2:])
        name, _, width_text = rest.partition(".p/")
        index = int("".join(name.split("/")).replace("x", ""))
        if level == "names" and not self.with_names:
            return None
        height = 0 if level in {"data", "names"} else int(level)
        there = (size >> 8 * height) - 256 * index
        width = int(width_text) if width_text else 256
        if width > there or (width_text and self.partials_gone and there >= 256):
            return None
        numbers = range(256 * index, 256 * index + width)
        if level == "data":
            return b"".join(self._tile_leaf(number) for number in numbers)
        if level == "names":
            return b"".join(self._names_line(number) for number in numbers)
        hashes = self._hashes(size)
        step = 256**height
        return b"".join(tree_root(hashes[number * step : (number + 1) * step]) for number in numbers)

    def _tile_leaf(self, number: int) -> bytes:
        der, _, pre = self.entries[number]
        more = len(der).to_bytes(3) + der if pre else b""
        return self._leaf(number) + more + b"\x00\x20" + b"f" * 32

    def _names_line(self, number: int) -> bytes:
        return (
            json.dumps({"Timestamp": self.now, "Subject": {"CommonName": "x"}, "DNS": self.entries[number][1]}).encode()
            + b"\n"
        )

    def _rfc6962(self, path: str, query: dict) -> bytes | None:
        size = self.shown
        if path == "ct/v1/get-sth":
            root = tree_root(self._hashes(size))
            text = {
                "tree_size": size,
                "timestamp": self.now,
                "sha256_root_hash": base64.b64encode(root).decode(),
                "tree_head_signature": base64.b64encode(self._signed(size, root)).decode(),
            }
            return json.dumps(text).encode()
        if path == "ct/v1/get-sth-consistency":
            proof = consistency_proof(int(query["first"]), self._hashes(int(query["second"])))
            return json.dumps({"consistency": [base64.b64encode(node).decode() for node in proof]}).encode()
        if path == "ct/v1/get-entries":
            first, last = int(query["start"]), min(int(query["end"]), size - 1)
            numbers = range(first, min(last + 1, first + self.at_once))
            leaves = [base64.b64encode(b"\0\0" + self._leaf(number)).decode() for number in numbers]
            return json.dumps({"entries": [{"leaf_input": leaf, "extra_data": ""} for leaf in leaves]}).encode()
        return None
