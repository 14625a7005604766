"""Endpoints: each is one value that the router, the guard and the OpenAPI document are all made from."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from watcher.api.parts import Parts
from watcher.services.names.tokens import Scope

SMALL_BODY = 64 * 1024
LARGE_BODY = 4 * 1024 * 1024


class Input(BaseModel):
    """Query or body of a request. An unknown member is an error, so that a mistyped filter is not silently ignored."""

    model_config = ConfigDict(extra="forbid", str_max_length=2048)


class Nothing(Input):
    """No parameters, or no body."""


class Whatever(Input):
    """No parameters of ours: what a prober adds to its address is ignored."""

    model_config = ConfigDict(extra="ignore")


Q = TypeVar("Q", bound=Input)
B = TypeVar("B", bound=Input)


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of an endpoint: the token's name (None: no token was needed) and what it may do.

    `csrf` is what a form of its pages must send back; empty for programs, which send no forms.
    """

    token: str | None
    scopes: frozenset[Scope]
    csrf: str = ""

    @property
    def may_write(self) -> bool:
        """Return whether it may change anything."""
        return Scope.WRITE in self.scopes


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request, parsed: path parameters as text, the query and body as their models."""

    parts: Parts
    request: web.Request
    caller: Caller
    path: Mapping[str, str]
    query: Q
    body: B


@dataclass(frozen=True, slots=True)
class Reply:
    """JSON data with a status or headers of its own."""

    data: Any
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Q, B]):
    """One method and path.

    `serve` gives JSON data, a Reply, None for "no content", or a response of its own. `answer` documents that data, a
    pydantic model or None; `status` and `also` are what it comes with. `scopes`: one of them is needed; empty: no
    token. `any_host`: probes come by address. `for_gear`: the token may also come as the password of HTTP Basic, since
    firewalls and resolvers send nothing else. `media` is the content type when it is not JSON, `also_media` are those
    of other forms that may be asked for. `errors` are documented beside those that every endpoint has.
    `form`: a form of one of our pages is sent to it.
    """

    method: str
    path: str
    serve: Callable[[Call[Q, B]], Awaitable[Any]]
    summary: str
    tag: str
    query: type[Q]
    body: type[B]
    answer: type[BaseModel] | None = None
    scopes: tuple[Scope, ...] = ()
    status: int = 200
    also: tuple[int, ...] = ()
    any_host: bool = False
    media: str = "application/json"
    also_media: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    largest_body: int = SMALL_BODY
    for_gear: bool = False
    form: bool = False

    @property
    def writes(self) -> bool:
        """Return whether the guard asks for JSON and for no foreign origin."""
        return self.method not in {"GET", "HEAD"}


AnyEndpoint = Endpoint[Any, Any]
