"""A Slack of our own on loopback: an incoming webhook and `chat.postMessage`, strict about Block Kit, with faults.

async with SlackReceiver() as slack:
    slack.next(Fault.too_many(retry_after=2), Fault.server_error())   # the next two tries
    ... Slack(webhook_url=slack.webhook_url) ...
    slack.accepted                                                    # the messages it took, in order
"""

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from aiohttp import web

TOKEN = "xoxb-test-token"
CHANNEL = "#mail-watch"
CHANNEL_ID = "C0000"
SECRET_PATH = "/services/T0000/B0000/webhook-secret"


class Sort(StrEnum):
    """What a fault does."""

    STATUS = "status"
    NOT_OK = "not_ok"
    HANG = "hang"
    CLOSE = "close"
    TAKEN_THEN_ERROR = "taken_then_error"
    """The message is taken, and the sender told that it was not: the case in which duplicates come to be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How one try is answered."""

    sort: Sort
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def too_many(cls, retry_after: str | float | None = 1) -> Self:
        return cls(Sort.STATUS, 429, "rate_limited", {} if retry_after is None else {"Retry-After": str(retry_after)})

    @classmethod
    def server_error(cls, status: int = 500, body: str = "rollup_error") -> Self:
        return cls(Sort.STATUS, status, body)

    @classmethod
    def refused(cls, status: int, body: str) -> Self:
        return cls(Sort.STATUS, status, body)

    @classmethod
    def redirect(cls, to: str) -> Self:
        return cls(Sort.STATUS, 302, "", {"Location": to})

    @classmethod
    def not_ok(cls, error: str) -> Self:
        return cls(Sort.NOT_OK, 200, error)

    @classmethod
    def hang(cls) -> Self:
        return cls(Sort.HANG)

    @classmethod
    def close(cls) -> Self:
        return cls(Sort.CLOSE)

    @classmethod
    def taken_then_error(cls) -> Self:
        return cls(Sort.TAKEN_THEN_ERROR, 500, "internal_error")


def half_of_the_time(seed: int = 1) -> Iterator[Fault | None]:
    """For ever: about half of the tries fail, in a pattern that the seed decides."""
    dice = random.Random(seed)
    faults = (Fault.server_error(), Fault.too_many(0), Fault.server_error(503, ""), Fault.close())
    while True:
        yield dice.choice(faults) if dice.random() < 0.5 else None


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was taken; `via` is `webhook` or `chat.postMessage`."""

    payload: dict[str, Any]
    via: str

    @property
    def text(self) -> str:
        """Everything a reader would see."""
        return "\n".join([self.payload.get("text", ""), *_texts(self.payload.get("blocks", []))])

    @property
    def alert_id(self) -> str:
        """The id that the footer shows."""
        footer = self.payload["blocks"][-1]["elements"][0]["text"]
        return footer.removeprefix("watcher alert ").partition(",")[0]


class SlackReceiver:
    """Starts with `async with`, or `start` and `stop`; listens on 127.0.0.1, on `port` or one of the system's choice."""

    def __init__(
        self,
        *,
        port: int = 0,
        faults: Iterator[Fault | None] | None = None,
        on_message: Callable[[Message], None] | None = None,
    ) -> None:
        self.accepted: list[Message] = []
        self.tries: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.firsts: list[str] = []
        """The messages that can be answered: the first of each thread. Remove one to delete it."""
        self.shown: dict[str, Message] = {}
        """Each message as it stands now, by its time stamp."""
        self._port = port
        self._faults = faults
        self._next: deque[Fault] = deque()
        self._on_message = on_message
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def next(self, *faults: Fault) -> None:
        """The next tries are answered so, before the pattern of faults goes on."""
        self._next.extend(faults)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def webhook_url(self) -> str:
        return self.url + SECRET_PATH

    @property
    def api_url(self) -> str:
        return self.url + "/api/"

    async def start(self) -> None:
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_post(SECRET_PATH, self._webhook)
        app.router.add_post("/api/chat.postMessage", self._post_message)
        app.router.add_post("/api/chat.update", self._update)
        app.router.add_route("*", "/{other:.*}", self._no_service)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _no_service(self, _request: web.Request) -> web.Response:
        return web.Response(status=404, text="no_service")

    async def _webhook(self, request: web.Request) -> web.Response:
        payload, fault = await self._read(request)
        if fault is not None:
            return await self._faulty(fault, request, payload, "webhook")
        if payload is None:
            return web.Response(status=400, text="invalid_payload")
        if found := block_problems(payload):
            self.problems += found
            return web.Response(status=400, text="invalid_blocks")
        self._take(Message(payload, "webhook"))
        return web.Response(text="ok")

    async def _post_message(self, request: web.Request) -> web.Response:
        payload, fault = await self._read(request)
        if fault is not None:
            return await self._faulty(fault, request, payload, "chat.postMessage")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if payload is None:
            return web.json_response({"ok": False, "error": "invalid_json"})
        if payload.get("channel") != CHANNEL:
            return web.json_response({"ok": False, "error": "channel_not_found"})
        if found := block_problems(payload):
            self.problems += found
            details = {"messages": found}
            return web.json_response({"ok": False, "error": "invalid_blocks", "response_metadata": details})
        if payload.get("thread_ts") not in {None, *self.firsts}:
            return web.json_response({"ok": False, "error": "thread_not_found"})
        self._take(Message(payload, "chat.postMessage"))
        ts = f"1.{len(self.accepted):06}"
        self.shown[ts] = self.accepted[-1]
        if "thread_ts" not in payload:
            self.firsts.append(ts)
        return web.json_response({"ok": True, "channel": CHANNEL_ID, "ts": ts})

    async def _update(self, request: web.Request) -> web.Response:
        """Edit a message: Slack wants the channel's id here, a name is not known."""
        payload, fault = await self._read(request)
        if fault is not None:
            return await self._faulty(fault, request, None, "chat.update")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if payload is None or payload.get("channel") != CHANNEL_ID:
            return web.json_response({"ok": False, "error": "channel_not_found"})
        if payload.get("ts") not in self.shown or payload["ts"] not in self.firsts:
            return web.json_response({"ok": False, "error": "message_not_found"})
        if found := block_problems(payload):
            self.problems += found
            return web.json_response({"ok": False, "error": "invalid_blocks"})
        self.shown[payload["ts"]] = Message(payload, "chat.update")
        return web.json_response({"ok": True, "channel": CHANNEL_ID, "ts": payload["ts"]})

    async def _read(self, request: web.Request) -> tuple[dict[str, Any] | None, Fault | None]:
        try:
            payload = json.loads(await request.text())
        except ValueError:
            payload = None
        if not isinstance(payload, dict) or not request.content_type.startswith("application/json"):
            payload = None
        self.tries.append(payload or {})
        if self._next:
            return payload, self._next.popleft()
        return payload, next(self._faults, None) if self._faults is not None else None

    async def _faulty(
        self, fault: Fault, request: web.Request, payload: dict[str, Any] | None, via: str
    ) -> web.Response:
        match fault.sort:
            case Sort.HANG:
                await self._stopping.wait()
                return web.Response(status=503)
            case Sort.CLOSE:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            case Sort.NOT_OK:
                return web.json_response({"ok": False, "error": fault.body})
            case Sort.TAKEN_THEN_ERROR if payload is not None:
                self._take(Message(payload, via))
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)

    def _take(self, message: Message) -> None:
        self.accepted.append(message)
        if self._on_message is not None:
            self._on_message(message)


_TEXT_LIMITS = {"header": 150, "section": 3000, "field": 2000, "context": 3000}
_ALLOWED = {
    "header": {"type", "text", "block_id"},
    "section": {"type", "text", "fields", "block_id", "accessory", "expand"},
    "context": {"type", "elements", "block_id"},
    "divider": {"type", "block_id"},
    "actions": {"type", "elements", "block_id"},
}


def block_problems(payload: dict[str, Any]) -> list[str]:
    """What Slack would not take in a message: its documented limits of text and Block Kit, strictly read."""
    problems = []
    text, blocks = payload.get("text"), payload.get("blocks", [])
    if not isinstance(text, str) or not text.strip():
        problems.append("text is missing: phones and screen readers show it")
    elif len(text) > 4000:
        problems.append("text is longer than 4000")
    problems += _control_problems(text or "")
    if not isinstance(blocks, list) or not 0 < len(blocks) <= 50:
        return [*problems, "blocks must be 1 to 50"]
    for number, block in enumerate(blocks):
        problems += [f"block {number}: {problem}" for problem in _problems_of_block(block)]
    return problems


def _problems_of_block(block: Any) -> list[str]:
    sort = block.get("type") if isinstance(block, dict) else None
    if sort not in _ALLOWED:
        return [f"unknown type {sort!r}"]
    problems = [f"unknown key {key}" for key in block.keys() - _ALLOWED[sort]]
    if sort == "header":
        problems += _problems_of_text(block.get("text"), 150, {"plain_text"})
    elif sort == "section":
        if "text" not in block and not block.get("fields"):
            problems.append("neither text nor fields")
        if "text" in block:
            problems += _problems_of_text(block["text"], 3000, {"plain_text", "mrkdwn"})
        fields = block.get("fields", [])
        if len(fields) > 10:
            problems.append("more than 10 fields")
        for one in fields:
            problems += _problems_of_text(one, 2000, {"plain_text", "mrkdwn"})
    elif sort == "actions":
        elements = block.get("elements", [])
        if not 0 < len(elements) <= 25:
            problems.append("actions hold 1 to 25 elements")
        for one in elements:
            problems += _problems_of_button(one)
    elif sort == "context":
        elements = block.get("elements", [])
        if not 0 < len(elements) <= 10:
            problems.append("context holds 1 to 10 elements")
        for one in elements:
            problems += _problems_of_text(one, 3000, {"plain_text", "mrkdwn"})
    return problems


def _problems_of_button(button: Any) -> list[str]:
    if button.get("type") != "button" or not str(button.get("url", "")).startswith(("http://", "https://")):
        return ["only buttons that lead somewhere"]
    problems = [f"unknown key {key}" for key in button.keys() - {"type", "text", "url", "action_id", "style"}]
    if len(button["url"]) > 3000:
        problems.append("url is longer than 3000")
    return problems + _problems_of_text(button.get("text"), 75, {"plain_text"})


def _problems_of_text(value: Any, limit: int, sorts: set[str]) -> list[str]:
    if not isinstance(value, dict) or value.get("type") not in sorts:
        return [f"text must be one of {sorted(sorts)}"]
    allowed = {"type", "text", "emoji"} if value["type"] == "plain_text" else {"type", "text", "verbatim"}
    problems = [f"unknown key {key}" for key in value.keys() - allowed]
    text = value.get("text")
    if not isinstance(text, str) or not text:
        return [*problems, "empty text"]
    if len(text.encode("utf-16-le")) // 2 > limit:
        problems.append(f"text of {len(text)} is longer than {limit}")
    if value["type"] == "mrkdwn":
        problems += _control_problems(text)
    return problems


def _control_problems(text: str) -> list[str]:
    """Control sequences other than links to http(s), and bare ampersands."""
    problems = []
    for part in text.split("<")[1:]:
        inner, closed, _ = part.partition(">")
        if not closed or not inner.startswith(("http://", "https://")):
            problems.append(f"control sequence <{inner[:20]}")
    parts = text.split("&")[1:]
    bare = (part for part in parts if not part.startswith(("amp;", "lt;", "gt;")))
    return problems + [f"bare ampersand before {part[:10]!r}" for part in bare]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        else:
            for item in value.values():
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
