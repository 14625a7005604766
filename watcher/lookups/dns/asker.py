"""Askers of many questions to one server at once, and the record of each question under way."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

C = TypeVar("C")
"""The context that an asker hands over with a question."""
OnReply = Callable[[C, bytes, float], None]
"""Called with the context given, the reply (its id and question fit) and the seconds it took."""
OnSilence = Callable[[C, bool], None]
"""Called with the context given when none came in time; True: one came in the wrong case, so ask over TCP."""


class Asker(ABC, Generic[C]):
    """An asker of questions, which hears the result of each. `C`: the context that it hands over with each."""

    __slots__ = ("flights", "replies")

    def __init__(self) -> None:
        self.flights: list[Flight] = []
        """The questions to which replies came together."""
        self.replies: list[bytes] = []
        """Those replies."""

    def heard(self) -> "zip[tuple[Flight, bytes]]":
        """Take what came."""
        flights, self.flights = self.flights, []
        replies, self.replies = self.replies, []
        return zip(flights, replies, strict=True)

    @abstractmethod
    def replied(self, now: float) -> None:
        """Take what was `heard` until `now` (the loop's time)."""

    @abstractmethod
    def silent(self, context: C, doubtful: bool) -> None:
        """None came in time; see `OnSilence`."""


Sent = tuple[float, Asker[Any], tuple[bytes, bytes]]
"""The common part of questions that left together: the time, the asker and their frame."""
Flight = tuple[bytes, Any, Sent]
"""A question under way: name, type and class as sent; the asker's context."""


class Single(Asker[C]):
    """An asker of a single question."""

    __slots__ = ("_calls",)

    def __init__(self, calls: tuple[OnReply[C], OnSilence[C]]) -> None:
        super().__init__()
        self._calls = calls

    def replied(self, now: float) -> None:
        """Tell it."""
        for (_, context, (sent_at, _, _)), reply in self.heard():
            self._calls[0](context, reply, now - sent_at)

    def silent(self, context: C, doubtful: bool) -> None:
        """Tell it."""
        self._calls[1](context, doubtful)
