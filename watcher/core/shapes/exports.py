"""The shape of an export format."""

from collections.abc import Sequence
from typing import Any, Protocol


class DescribedGuide(Protocol):
    """The guide for one consumer of a format."""

    @property
    def consumer(self) -> str:
        """The name of the gear that uses the file."""
        ...

    @property
    def place(self) -> str:
        """The place for the file."""
        ...

    @property
    def load(self) -> str:
        """The command that loads it."""
        ...

    @property
    def test(self) -> str:
        """The way to see that it works."""
        ...

    @property
    def undo(self) -> str:
        """The way to remove it."""
        ...


class DescribedFormat(Protocol):
    """The description of an export format."""

    @property
    def name(self) -> str:
        """The name of the format, the same everywhere."""
        ...

    @property
    def title(self) -> str:
        """The title in a few words."""
        ...

    @property
    def media(self) -> str:
        """The media type."""
        ...

    @property
    def limit(self) -> str:
        """The limit of its consumer."""
        ...

    @property
    def warning(self) -> str | None:
        """The warning to read before the file is loaded; None where there is none."""
        ...

    @property
    def guides(self) -> Sequence[DescribedGuide]:
        """The guides, one for each consumer."""
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
