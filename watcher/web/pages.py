"""Every page, and the files that they are made of."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from aiohttp import web

from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.web import block_list, care, lookalikes, name, now, protected, protected_name, sources, telling

_FILES = {"style.css": "text/css", "htmx.js": "text/javascript", "pages.js": "text/javascript"}


@cache
def _read(file: str) -> tuple[bytes, str]:
    body = files("watcher.web").joinpath("static", file).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:16]


def _static(file: str, media: str) -> AnyEndpoint:
    async def serve(call: Call[Nothing, Nothing]) -> Any:
        body, etag = _read(file)
        headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache"}
        if call.request.headers.get("If-None-Match") == f'"{etag}"':
            return web.Response(status=304, headers=headers)
        response = web.Response(body=body, content_type=media, charset="utf-8", headers=headers)
        response.enable_compression()
        return response

    path = f"/static/{file}"
    return Endpoint("GET", path, serve, f"The file {file} of the pages", "pages", Nothing, Nothing, media=media)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *now.ENDPOINTS,
    *lookalikes.ENDPOINTS,
    *name.ENDPOINTS,
    *protected.ENDPOINTS,
    *protected_name.ENDPOINTS,
    *telling.ENDPOINTS,
    *sources.ENDPOINTS,
    *block_list.ENDPOINTS,
    *care.ENDPOINTS,
    *(_static(file, media) for file, media in _FILES.items()),
)
