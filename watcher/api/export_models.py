"""Answers of `/exports`."""

from pydantic import Field

from watcher.api.models import Output


class ExportGuide(Output):
    """Guide for one consumer of a format."""

    consumer: str
    place: str = Field(description="Where the file goes")
    load: str = Field(description="The command that loads it")
    test: str = Field(description="How to see that it works")
    undo: str = Field(description="How to be rid of it")


class ExportFormat(Output):
    """One format of block lists."""

    name: str
    title: str
    media: str
    limit: str = Field(description="The limit of its consumer")
    warning: str | None = Field(description="What people must know before they load it")
    guides: list[ExportGuide]


class ExportFormats(Output):
    """Every format."""

    items: list[ExportFormat]
