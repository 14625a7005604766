"""The shapes of answers, as pydantic models: what the OpenAPI document says and what tests hold every answer to.

Made by `watcher.core.shapes`, not validated again. Enumerations are open: plain strings, today's values as examples.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from watcher.core.blocking.answer import Action
from watcher.core.errors import FailureReason
from watcher.core.events import EventKind, Grade
from watcher.core.mail.dns import Outcome
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.registration.facts import RegistrationSource, RegistrationStatus


def _open(values: type[StrEnum], what: str) -> Any:
    known = [value.value for value in values]
    return Field(description=f"{what} Today: {', '.join(known)}; more may come", examples=known[:1])


NAME_PATTERN = "^[!-~]+$"
Name = Annotated[
    str,
    Field(
        description="A-labels without the final dot; a suffix without a leading one",
        min_length=1,
        max_length=253,
        pattern=NAME_PATTERN,
    ),
]
AbilityText = Annotated[str, _open(Ability, "Whether mail is delivered.")]
BasisText = Annotated[str, _open(Basis, "The one rule that decided.")]
FlagText = Annotated[str, _open(Flag, "A fact that changes how bad or how sure it is.")]
GradeText = Annotated[str, _open(Grade, "The use of a resemblance to a defender, strongest first.")]
SeverityText = Annotated[str, _open(Severity, "From nothing to see to act now.")]
OutcomeText = Annotated[str, _open(Outcome, "What became of the question.")]
KindText = Annotated[str, _open(EventKind, "What happened.")]
StatusText = Annotated[str, _open(RegistrationStatus, "Whether it is registered; a failure is `unknown`.")]
SourceText = Annotated[str, _open(RegistrationSource, "Where the facts come from.")]


class Output(BaseModel):
    """An answer to a client, or a part of one. Members may be added, never dropped."""

    model_config = ConfigDict(extra="allow")


class ProblemDocument(Output):
    """An error (RFC 9457)."""

    type: str = Field(description="`urn:watcher:problem:` and a stable word")
    title: str
    status: int
    detail: str


class Exchange(Output):
    """One exchange as resolved; an implicit one has preference 0 and the name itself as host."""

    preference: int
    host: str
    addresses: list[str]


class Evidence(Output):
    """One question with what came back, from whom and when."""

    question: str
    type: str
    outcome: OutcomeText
    records: list[str]
    resolver: str
    at: datetime


class Finding(Output):
    """One basis or flag with the answers that show it."""

    tag: str
    evidence: list[int] = Field(description="Places in the list of answers, counted from 0")


class Mail(Output):
    """Ability of the name to receive mail: the last settled verdict, or the newest while none has settled."""

    ability: AbilityText
    basis: BasisText
    flags: list[FlagText]
    exchanges: list[Exchange]
    findings: list[Finding]
    evidence: list[Evidence]
    settled_at: datetime | None


class Registrant(Output):
    """Organisation and country; persons' data are not kept."""

    organisation: str | None
    country: str | None


class Registration(Output):
    """Registration of `domain` (the registrable domain, or a parent where only that is known): holder and dates."""

    status: StatusText
    source: SourceText
    registrar: str | None
    registrar_iana_id: str | None
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    statuses: list[str]
    nameservers: list[str]
    registrant: Registrant
    abuse_email: str | None
    abuse_phone: str | None
    fetched_at: datetime | None
    reason: str | None
    domain: str | None


class Resemblance(Output):
    """Resemblance to a protected name, and the place of the slip."""

    protected: Name
    techniques: list[str]
    likelihood: float
    explanation: str
    rank: int | None = None
    grade: GradeText = Field(default="warn", description="block, warn, note: what a defender can do with it unseen")
    grade_reason: str = Field(default="", description="Why the grade is not another one")


class Told(Output):
    """Decision on an event in the outbox, and the alert that tells of it."""

    decision: str | None = Field(description="page (at once), digest, none; null: not decided yet")
    reason: str | None = Field(description="Why so: the kind, the severity, the route, a silence")
    alert_id: str | None = Field(description="The message that tells of it; its deliveries have the same `alert_id`")


class Event(Output):
    """An event, recorded once. For mail kinds `from` and `to` hold ability, basis, flags and exchanges."""

    id: str = Field(description="Sorts by time; the same in every message about this event")
    kind: KindText
    severity: SeverityText
    severity_reasons: list[str]
    name: str = Field(description="Empty for events of the watch itself")
    registrable_domain: Name | None
    protected: list[Name]
    at: datetime
    detected_after_seconds: float | None
    source: str
    from_: dict[str, Any] = Field(alias="from")
    to: dict[str, Any]
    evidence: list[dict[str, Any]]
    resembles: list[Resemblance]
    told: Told | None = Field(default=None, description="How it was told, and why so; only in lists of events")


class Known(Output):
    """Everything that is known about one name."""

    name: Name
    unicode: str
    registrable_domain: Name | None = Field(description="Null for a public suffix")
    public_suffix: Name
    severity: SeverityText
    severity_reasons: list[str]
    mail: Mail | None = Field(description="Null only when never looked at")
    attempted_at: datetime | None = Field(description="The newest look")
    last_outcome: str | None = Field(description="`settled`, or the outcome that prevented it")
    unconfirmed: bool = Field(
        description="Whether `mail` waits for further looks to say so too; `severity` is of what stood before"
    )
    registration: Registration | None
    resembles: list[Resemblance]
    first_seen_at: datetime | None
    triage: str | None
    triage_note: str
    triage_at: datetime | None = Field(description="When that was decided; null: never")
    triage_by: str | None = Field(description="A token's name, or a user of that machine; null: none had to be named")


class LoggedMail(Output):
    """Messages to the name that kept mail logs told of."""

    messages: int
    senders: int = Field(description="Different ones")
    delivered: int
    bounced: int
    deferred: int
    refused: int = Field(description="Refused while the client still waited; not in `messages`")
    first_day: date | None
    last_day: date | None


class StoppedMail(Output):
    """The number of times that the policy service held, deferred, refused or asked about mail to the name."""

    count: int
    first_hour: datetime
    last_hour: datetime


class MailTo(Output):
    """Mail from here to the name; nothing of any sender."""

    logged: LoggedMail | None
    stopped: StoppedMail | None


class Check(Known):
    """One name with what happened to it, newest first."""

    history: list[Event]
    own_likeness: list[str] = Field(
        default=[], description="What it has in common with our own names; anybody can copy all of it"
    )
    mail_to: MailTo | None = Field(default=None, description="Mail from here to this name; null where none is known")


class Lookalike(Known):
    """An existing name that resembles protected ones."""

    techniques: list[str]
    likelihood: float
    protected: list[Name]
    more_hosts: int = Field(
        default=0, description="So many more hosts that the same wildcard answers for are left out of the list"
    )


class PolicyAnswer(Output):
    """Answer to a mail server about a recipient."""

    action: Annotated[str, _open(Action, "What is done with the mail.")]
    sentence: str = Field(description="For the sender or the mail log; empty where mail simply passes")
    intended: str | None = Field(description="The address that was probably meant, or only its domain")
    reply: str = Field(description="The action of a Postfix policy service", examples=["DUNNO"])


class Candidate(Output):
    """A name that somebody who means the protected one may end up at. It may not exist."""

    name: Name
    unicode: str
    registrable_domain: Name | None
    techniques: list[str]
    likelihood: float = Field(description="Relative: how probable somebody who means the protected name ends up here")
    impersonation: float
    rank: int
    marks: list[str]
    protected: Name
    why: str = Field(default="typing", description="typing or impersonation: what it has its rank for")


class Baseline(Output):
    """Progress of the first pass over the candidates of a protected name."""

    done: bool
    settled: int
    total: int


class Protected(Output):
    """A protected name; it need not be yours."""

    name: Name
    kind: str = Field(description="domain, host or suffix")
    owner: str | None
    tags: list[str]
    created_at: datetime
    baseline: Baseline


class Own(Output):
    """A name that is ours: no page for its mail, watched for loss and change."""

    name: Name
    note: str
    created_at: datetime


class Silence(Output):
    """A rule under which events are recorded and nobody is notified, until its end."""

    id: str
    scope: str = Field(description="name, suffix, technique or protected")
    value: str
    until: datetime | None = Field(description="Null: until it is removed")
    note: str
    created_at: datetime
    created_by: str | None = Field(description="A token's name, or a user of that machine; null: none had to be named")
    by_triage: bool = Field(description="Made by the decision to ignore the name, and ends with it")


class Delivery(Output):
    """One alert on its way to one channel."""

    id: str
    alert_id: str
    kind: str = Field(description="page, digest, summary or test")
    severity: SeverityText
    events: list[str] = Field(description="Ids of the events it shows")
    channel: str
    status: str = Field(description="pending, sent or rejected")
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null when it is not pending")
    last_error: str | None
    failure: FailureReason | None
    sent_at: datetime | None
    created_at: datetime


class Channel(Output):
    """A configured way to people."""

    name: str


class Health(Output):
    """Alive."""

    status: str


class Readiness(Output):
    """Readiness of the service; `checks` says for each part `ok`, or what is wrong."""

    ready: bool
    checks: dict[str, str]


class Version(Output):
    """Name and version of the running program."""

    name: str
    version: str


T = TypeVar("T")


class Page(Output, Generic[T]):
    """Some items of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next ones; null at the end")


class ProtectedPage(Page[Protected]):
    """Some protected names."""


class OwnPage(Page[Own]):
    """Some own names."""


class SilencePage(Page[Silence]):
    """Some silences."""


class Filter(Output):
    """A saved filter of the list of lookalikes."""

    name: str
    query: str
    created_at: datetime
    created_by: str | None


class Filters(Output):
    """All saved filters, by name."""

    items: list[Filter]


class Change(Output):
    """One change that somebody made."""

    id: str
    at: datetime
    who: str | None = Field(description="A token's or a session's name; null: nobody had to say")
    what: str
    about: str


class AuditPage(Page[Change]):
    """Some changes."""


class CandidatePage(Page[Candidate]):
    """Some candidates."""


class LookalikePage(Page[Lookalike]):
    """Some lookalikes."""


class EventPage(Page[Event]):
    """Some events."""


class Decision(Output):
    """A decision about an event: a line of the event record."""

    at: datetime
    decision: str = Field(description="page (at once), digest, none")
    fate: str = Field(description="alerted, grouped (with others), held (for the digest), silenced, damped, none")
    reason: str
    alert: str | None = Field(description="The message that tells of it, where there is one by now")
    event: dict[str, Any] = Field(description="The event, as in `/events`")


class DecisionPage(Page[Decision]):
    """Some decisions."""


class DeliveryPage(Page[Delivery]):
    """Some deliveries."""


class Worker(Output):
    """A process that shares the work."""

    id: str
    kind: str = Field(description="serve, worker or command")
    host: str
    version: str
    alive: bool
    started_at: str
    seen_at: str
    seen_seconds_ago: float
    doing: str = Field(description="The jobs that it does now; empty when none")
    doing_since: str | None
    resolvers: list[str]
    sees_dns: bool
    clock_skew_seconds: float = Field(description="Its clock minus the database's")


class WorkerPage(Page[Worker]):
    """Some workers."""


class ChannelPage(Page[Channel]):
    """Some channels."""


class Triaged(Output):
    """The names that were triaged."""

    triaged: list[Name]


class NoName(Output):
    """An item of a batch that is no name, as it was given, and why."""

    given: str
    error: ProblemDocument


class Batch(Output):
    """Known facts about many names, in the order given, each once; in place of what is no name, the error."""

    items: list[Known | NoName]


class Tested(Output):
    """A test alert that was accepted."""

    name: str
    result: str
