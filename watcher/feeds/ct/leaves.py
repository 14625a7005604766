"""Entries of logs: cut out of tiles and answers, with their leaf hashes and the names in their certificates.

A certificate is not parsed as a whole. The extension with its names (RFC 5280 section 4.2.1.6) is searched for, so that
one that is malformed elsewhere gives its names all the same.
"""

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from watcher.core.errors import FeedFailed, InvalidName
from watcher.core.names.names import Fqdn, parse_existing
from watcher.feeds.ct.merkle import HASH_BYTES, leaf_hash

MOST_NAMES = 2_000
"""Of one certificate; authorities put a hundred into one, a few two thousand."""
_SAN, _COMMON_NAME = b"\x06\x03\x55\x1d\x11", b"\x06\x03\x55\x04\x03"
_CRITICAL = b"\x01\x01\xff"
_OCTETS, _SEQUENCE, _DNS_NAME = 0x04, 0x30, 0x82
_STRINGS = frozenset({0x0C, 0x13, 0x14, 0x16})
_X509, _PRECERT = 0, 1
_ISSUER_KEY = 32
_USUAL = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


@dataclass(slots=True)
class Found:
    """Names of entries; `dropped` counts texts that are no names, and what was beyond the limit of a certificate.

    `nameless` counts certificates in which no name was found at all.
    """

    names: list[Fqdn] = field(default_factory=list)
    dropped: int = 0
    nameless: int = 0
    entries: int = 0

    def add(self, texts: Iterable[bytes]) -> None:
        """Add the names of one entry."""
        self.entries += 1
        before = len(self.names) + self.dropped
        for number, text in enumerate(texts):
            if number >= MOST_NAMES:
                self.dropped += 1
                break
            name = _name(text)
            if name is None:
                self.dropped += 1
            else:
                self.names.append(name)
        if len(self.names) + self.dropped == before:
            self.nameless += 1


def read_data_tile(raw: bytes, width: int, skip: int = 0) -> tuple[Found, list[bytes]]:
    """Return what the first `width` entries of a data tile name, but the first `skip`, and the leaf hashes of all.

    Raises FeedFailed for what is no such tile.
    """
    found, hashes, at = Found(), [], 0
    try:
        for number in range(width):
            start = at
            der, at = _timestamped(raw, at)
            hashes.append(leaf_hash(b"\x00\x00" + raw[start:at]))
            if raw[start + 8 : start + 10] == b"\x00\x01":
                at += 3 + int.from_bytes(raw[at : at + 3])
            (issuers,) = struct.unpack_from("!H", raw, at)
            at += 2 + issuers
            if at > len(raw) or issuers % HASH_BYTES:
                raise ValueError  # noqa: TRY301 (as what struct raises)
            if number >= skip:
                found.add(dns_names(der))
    except (struct.error, ValueError, IndexError) as error:
        raise FeedFailed("a data tile does not hold what its length says") from error
    return found, hashes


def read_entries(raw: bytes, most: int) -> Found:
    """Return what the answer to `get-entries` (RFC 6962 section 4.6) names. Raises FeedFailed for what is none.

    An entry that cannot be read counts as one without names.
    """
    try:
        entries = json.loads(raw)["entries"]
        leaves = [entry["leaf_input"] for entry in entries]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FeedFailed("its entries cannot be read") from error
    if not leaves or len(leaves) > most:
        raise FeedFailed(f"it gave {len(leaves)} entries where 1 to {most} were asked for")
    found = Found()
    for leaf in leaves:
        try:
            der, _ = _timestamped(base64.b64decode(leaf, validate=True), 2)
        except (ValueError, TypeError, struct.error, binascii.Error):
            der = b""
        found.add(dns_names(der))
    return found


def read_names_tile(raw: bytes, width: int) -> Found:
    """Return what a names tile (one JSON object a line) names. Raises FeedFailed for what is none."""
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if len(lines) != width:
        raise FeedFailed(f"a names tile has {len(lines)} lines where {width} were asked for")
    found = Found()
    for line in lines:
        try:
            entry = json.loads(line)
            texts = entry.get("DNS") or []
            common = (entry.get("Subject") or {}).get("CommonName")
            if not texts and isinstance(common, str) and "." in common:
                texts = [common]
            found.add([text.encode("utf-8", "replace") for text in texts if isinstance(text, str)])
        except (ValueError, AttributeError, TypeError, RecursionError):
            found.add(())
    return found


def dns_names(der: bytes) -> Iterator[bytes]:
    """Yield the names of a certificate as they stand in it: of its extension, or its subject where it has none."""
    at, any_found = der.find(_SAN), False
    while at >= 0:
        for name in _alternative_names(der, at + len(_SAN)):
            any_found = True
            yield name
        at = der.find(_SAN, at + 1)
    if any_found:
        return
    at = der.find(_COMMON_NAME)
    while at >= 0:
        place = at + len(_COMMON_NAME)
        read = _element(der, place, len(der))
        if read is not None and der[place] in _STRINGS and b"." in der[read[0] : read[1]]:
            yield der[read[0] : read[1]]
        at = der.find(_COMMON_NAME, at + 1)


def _alternative_names(der: bytes, at: int) -> Iterator[bytes]:
    if der[at : at + 3] == _CRITICAL:
        at += 3
    for wanted in (_OCTETS, _SEQUENCE):
        read = _element(der, at, len(der))
        if read is None or der[at] != wanted:
            return
        at, end = read
    while (read := _element(der, at, end)) is not None:
        if der[at] == _DNS_NAME:
            yield der[read[0] : read[1]]
        at = read[1]


def _element(der: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Return where the content of the DER element at `at` begins and ends; None where there is none before `end`."""
    if at + 2 > end:
        return None
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 3 or start + size > end:  # noqa: PLR2004 (a certificate has less than 2^24 bytes)
            return None
        length, start = int.from_bytes(der[start : start + size]), start + size
    return (start, start + length) if start + length <= end else None


def _timestamped(raw: bytes, at: int) -> tuple[bytes, int]:
    """Return the certificate of the timestamped entry (RFC 6962 section 3.4) at `at`, and where the entry ends."""
    _, kind = struct.unpack_from("!QH", raw, at)
    at += 10
    if kind == _PRECERT:
        at += _ISSUER_KEY
    elif kind != _X509:
        raise ValueError(kind)
    length = int.from_bytes(raw[at : at + 3])
    at += 3
    der = raw[at : at + length]
    (extensions,) = struct.unpack_from("!H", raw, at + length)
    end = at + length + 2 + extensions
    if end > len(raw):
        raise ValueError(end)
    return der, end


def _name(text: bytes) -> Fqdn | None:
    try:
        read = text.decode("utf-8").lower().removeprefix("*.").removesuffix(".")
        if _USUAL.match(read):
            return Fqdn(read)
        name = parse_existing(read)
    except (UnicodeDecodeError, InvalidName):
        return None
    return name if "." in name else None
