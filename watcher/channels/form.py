"""The form of a channel: what its module states, and what it is made with."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from watcher.checks import VOCABULARY
from watcher.core.ports import Channel, Memory
from watcher.core.telling import wording
from watcher.core.telling.alerts import Alert


def word(alert: Alert) -> wording.Wording:
    """Return the words of `alert`, with bases and flags in those of our checks."""
    return wording.word(alert, VOCABULARY)


class Setting(NamedTuple):
    """The setting `alerts.<name>`: its type, its default, and its description where the type is no table."""

    type: Any
    default: Any
    description: str = ""


class Proxy(Protocol):
    """Decides which proxy a request goes through."""

    def of(self, url: str) -> str | None:
        """Return the proxy's URL for a request to `url`; None: directly."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """The means that the composition root lends a channel: a memory across restarts, and the way out."""

    memory: Memory
    proxy: Proxy | None = None


class ChannelModule(Protocol):
    """A module that is a channel. `make` returns None where the setting leaves the channel unconfigured.

    A module may state `UNPROVEN`: the sentence that says what acceptance by the channel does not prove, and
    `FOR_PEOPLE`: that only people read its messages.
    """

    NAME: str
    SETTING: Setting

    def make(self, settings: Any, means: Means) -> Channel | None:
        """Return the channel of these settings. Raises ConfigurationError."""
        ...
