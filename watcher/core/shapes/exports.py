"""The shape of an export format."""

from collections.abc import Sequence
from typing import Any, Protocol


class DescribedGuide(Protocol):
    """How one consumer uses a format."""

    @property
    def consumer(self) -> str:
        """Whose gear it is."""
        ...

    @property
    def place(self) -> str:
        """Where the file goes."""
        ...

    @property
    def load(self) -> str:
        """The command that loads it."""
        ...

    @property
    def test(self) -> str:
        """How to see that it works."""
        ...

    @property
    def undo(self) -> str:
        """How to be rid of it."""
        ...


class DescribedFormat(Protocol):
    """What is told of a format."""

    @property
    def name(self) -> str:
        """Its name everywhere."""
        ...

    @property
    def title(self) -> str:
        """A few words."""
        ...

    @property
    def media(self) -> str:
        """Its media type."""
        ...

    @property
    def limit(self) -> str:
        """The limit of its consumer."""
        ...

    @property
    def warning(self) -> str | None:
        """What people must know before they load it."""
        ...

    @property
    def guides(self) -> Sequence[DescribedGuide]:
        """One for each consumer."""
        ...


def export_format_json(chosen: DescribedFormat) -> dict[str, Any]:
    """Return the shape of a format, as `GET /exports` and `export --list` show it."""
    return {
        "name": chosen.name,
        "title": chosen.title,
        "media": chosen.media,
        "limit": chosen.limit,
        "warning": chosen.warning,
        "guides": [
            {
                "consumer": guide.consumer,
                "place": guide.place,
                "load": guide.load,
                "test": guide.test,
                "undo": guide.undo,
            }
            for guide in chosen.guides
        ],
    }
