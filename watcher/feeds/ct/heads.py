"""The signed heads of logs: checkpoints of static logs, tree heads of RFC 6962, and their signatures."""

import base64
import binascii
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from watcher.core.errors import FeedFailed, LogDishonest
from watcher.feeds.ct.merkle import HASH_BYTES

MOST_HEAD_BYTES = 64 * 1024
_MOST_DIGITS = 15
_TREE_HEAD = 0x05
_MOST_LINES = 100
_BODY_LINES = 3
_ECDSA, _RSA, _SHA256 = 3, 1, 4


@dataclass(frozen=True, slots=True)
class Head:
    """A log at one moment: the number of its entries, and the root over them. `at`: None where nothing was signed."""

    size: int
    root: bytes
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public key of a log, as DER."""

    der: bytes

    @property
    def log_id(self) -> bytes:
        """The id of its log (RFC 6962 section 3.2)."""
        return sha256(self.der).digest()

    def check(self, head: Head, milliseconds: int, signature: bytes) -> None:
        """Raise FeedFailed unless the log signed this head (RFC 6962 section 3.5)."""
        signed = b"\x00\x01" + struct.pack("!QQ", milliseconds, head.size) + head.root
        if len(signature) < 4 or signature[0] != _SHA256:  # noqa: PLR2004 (two algorithms and a length)
            raise FeedFailed("the signature of its head has another form than RFC 6962's")
        (length,) = struct.unpack("!H", signature[2:4])
        try:
            key = load_der_public_key(self.der)
            if isinstance(key, ec.EllipticCurvePublicKey) and signature[1] == _ECDSA:
                key.verify(signature[4 : 4 + length], signed, ec.ECDSA(SHA256()))
            elif isinstance(key, rsa.RSAPublicKey) and signature[1] == _RSA:
                key.verify(signature[4 : 4 + length], signed, padding.PKCS1v15(), SHA256())
            else:
                raise FeedFailed("the signature of its head is of another kind than its key")
        except (InvalidSignature, ValueError) as error:
            raise LogDishonest("the signature of its head is not its own") from error


def read_key(text: str) -> LogKey:
    """Return the key in base64 text. Raises ValueError."""
    der = base64.b64decode(text, validate=True)
    load_der_public_key(der)
    return LogKey(der)


def read_checkpoint(raw: bytes, key: LogKey | None) -> Head:
    """Return the head of a static log, whose signature is checked where its key is known. Raises FeedFailed."""
    try:
        body, _, signatures = raw[:MOST_HEAD_BYTES].decode("utf-8").partition("\n\n")
        lines = body.split("\n")
        origin, size, root = lines[0], _number(lines[1]), _hash(lines[2])
    except (UnicodeDecodeError, ValueError, IndexError) as error:
        raise FeedFailed("its checkpoint cannot be read") from error
    if key is None:
        return Head(size, root)
    if len(lines) > _BODY_LINES:
        raise FeedFailed("its checkpoint has lines that no static log signs")
    wanted = sha256(origin.encode() + b"\n" + bytes([_TREE_HEAD]) + key.log_id).digest()[:4]
    for line in signatures.split("\n")[:_MOST_LINES]:
        mark, _, rest = line.partition(" ")
        name, _, text = rest.rpartition(" ")
        if mark != "\N{EM DASH}" or name != origin:
            continue
        try:
            signed = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            continue
        if signed[:4] == wanted and len(signed) > 12:  # noqa: PLR2004 (key id, time)
            (milliseconds,) = struct.unpack("!Q", signed[4:12])
            head = Head(size, root, _time(milliseconds))
            key.check(head, milliseconds, signed[12:])
            return head
    raise LogDishonest("its checkpoint does not bear its signature")


def read_tree_head(raw: bytes, key: LogKey | None) -> Head:
    """Return the head in the answer to `get-sth` (RFC 6962 section 4.3). Raises FeedFailed."""
    try:
        answer = json.loads(raw)
        milliseconds = _number(str(answer["timestamp"]))
        head = Head(_number(str(answer["tree_size"])), _hash(answer["sha256_root_hash"]), _time(milliseconds))
        signature = base64.b64decode(answer["tree_head_signature"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise FeedFailed("its tree head cannot be read") from error
    if key is not None:
        key.check(head, milliseconds, signature)
    return head


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise ValueError(text[:40])
    return int(text)


def _hash(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    if len(found) != HASH_BYTES:
        raise ValueError(text)
    return found


def _time(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise FeedFailed("its head was signed at no possible time") from error
