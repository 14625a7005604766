"""Whoever opens connections and says nothing takes neither the service's descriptors nor its log."""

import socket
import urllib.error
from pathlib import Path

from tests.e2e.service import Service, eventually, free_port
from watcher.api.door import MOST


def _alive(service: Service) -> bool:
    try:
        return service.get("/healthz") == {"status": "ok"}
    except (urllib.error.URLError, ConnectionError):
        return False


def _closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_more_connections_than_there_are_places(tmp_path: Path) -> None:
    service = Service(tmp_path, {"WATCHER_DNS__RESOLVERS": f'["127.0.0.1:{free_port()}"]'})
    service.launch()
    try:
        eventually(lambda: _alive(service), "it answers", log=service.tail)
        crowd = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(MOST + 50)]
        for connection in crowd:
            connection.setblocking(False)
        eventually(lambda: sum(map(_closed, crowd)) >= 50, "those beyond the limit are closed", log=service.tail)
        assert not _alive(service)
        for connection in crowd:
            connection.close()
        eventually(lambda: _alive(service), "it answers again", log=service.tail)
    finally:
        service.kill()
    assert "out of system resource" not in service.tail()
