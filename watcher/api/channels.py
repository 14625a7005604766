"""`/channels`: the ways to people, and a marked test alert through one of them."""

from typing import Any

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.inputs import Paged
from watcher.api.problems import Problem, not_found
from watcher.services.names.tokens import Scope


async def listed(call: Call[Paged, Nothing]) -> Any:
    """Return the channels in the order of the settings; what they are set to is nobody's business here."""
    key = cursors.decode(call.query.cursor, int)
    first = max(key[0], 0) if key else 0
    names = list(enumerate(call.parts.channels, 1))[first : first + call.query.limit + 1]
    return cursors.page(names, call.query.limit, lambda row: (row[0],), lambda row: {"name": row[1]})


async def tested(call: Call[Nothing, Nothing]) -> Any:
    """Send a test alert and return when the far side has accepted it; 502 says why it did not."""
    name = call.path["name"]
    if name not in call.parts.channels:
        raise not_found(name)
    if call.parts.test_channel is None:
        raise Problem(503, "not_configured", "channels cannot be tested here")
    await call.parts.test_channel(name)
    return {"name": name, "result": "sent"}


_TAG = "channels"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/channels",
        listed,
        "The configured channels",
        _TAG,
        Paged,
        Nothing,
        models.ChannelPage,
        (Scope.READ,),
    ),
    Endpoint(
        "POST",
        "/api/v1/channels/{name}:test",
        tested,
        "Send a marked test alert through it",
        _TAG,
        Nothing,
        Nothing,
        models.Tested,
        (Scope.WRITE,),
        errors=(404, 502),
    ),
)
