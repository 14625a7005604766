"""Models of a report: a takedown or block request about one name."""

from datetime import datetime

from pydantic import Field

from watcher.api.models import Mail, Name, Output, Registration, Resemblance, SeverityText, SourceText


class AbuseContact(Output):
    """Contact for abuse reports about the name; null where no registry says."""

    registrar: str | None
    registrar_iana_id: str | None
    email: str | None
    phone: str | None


class Moment(Output):
    """One line of a timeline; `event` is the event's id where one was recorded."""

    at: datetime
    what: str
    source: SourceText
    event: str | None = None


class RegistryReply(Output):
    """A registry's reply that is kept here as it came; its text may hold persons' data and is not given out."""

    source: SourceText
    fetched_at: datetime
    sha256: str
    bytes: int


class Report(Output):
    """A takedown or block request about one name, to be completed and sent by people."""

    name: Name
    unicode: str
    registrable_domain: Name | None
    protected: list[Name]
    resembles: list[Resemblance]
    as_of: datetime = Field(description="The newest look that it is made from")
    summary: str
    severity: SeverityText
    severity_reasons: list[str]
    mail: Mail
    registration: Registration | None
    abuse_contact: AbuseContact
    timeline: list[Moment] = Field(description="Oldest first")
    registry_replies: list[RegistryReply]
    texts: dict[str, str] = Field(description="The requests as plain text: `takedown`, `block`")
