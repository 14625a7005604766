"""Packed bodies: a client without a token must not make us unpack gigabytes."""

import time
import zlib
from collections.abc import Iterator

import pytest

from tests.fakes.api_client import ApiClient

GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


def _bomb(blocks: int = 400) -> bytes:
    """As many times 4 MiB of zeros, packed a thousand to one; made at once, since the blocks are all the same."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(bytes(4 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(4 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * (blocks - 1)


def _in_chunks(data: bytes) -> Iterator[bytes]:
    yield f"{len(data):x}\r\n".encode()
    yield data
    yield b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("target", ["GET /healthz", "POST /nothing/here", "POST /api/v1/protected"])
async def test_a_packed_body_costs_no_more_than_its_bytes(api: ApiClient, target: str):
    head = f"{target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    sent = f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode() + b"".join(_in_chunks(_bomb()))
    started = time.process_time()
    answer = await api.raw(sent)
    assert (await api.get("/healthz")).status == 200
    assert answer.startswith(b"HTTP/1.1 ")
    assert time.process_time() - started < 1.0  # unpacked it is three seconds and more


async def test_a_packed_write_is_refused(api: ApiClient):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = packer.compress(b'{"name":"army.mil"}') + packer.flush()
    answer = await api("POST", "/api/v1/protected", data=body, headers=GZIP)
    assert answer.status == 415
    assert answer.headers["Accept-Encoding"] == "identity"
    assert (await api.get("/api/v1/protected")).json["items"] == []
