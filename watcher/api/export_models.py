"""Answers of `/exports`."""

from datetime import datetime

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


class ListClientAnswer(Output):
    """One client of a block list."""

    kind: str = Field(description="A format, `taxii`, or `rpz_transfer`")
    holder: str = Field(description="The name of its token or key; empty: nobody had to say who")
    address: str
    fetched_at: datetime
    serial: str = Field(description="Of the zone, or the beginning of the list's entity tag")
    changed_at: datetime = Field(description="Since when the client has this serial")


class ListClients(Output):
    """Every client, the newest fetch first."""

    items: list[ListClientAnswer]
