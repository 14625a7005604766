"""Every table, as SQLAlchemy Core, portable between SQLite and PostgreSQL; imported by `watcher.store` alone.

Times are aware UTC. JSON columns hold the shapes of `watcher.core.shapes` unless the column says otherwise.
A change here needs a migration in `migrations/versions/`; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator


class MomentColumn(TypeDecorator[datetime]):
    """Aware UTC in Python; text that sorts by time in SQLite, `timestamptz` in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """A naive time is a bug, never a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a time without a zone: {value!r}"
            raise ValueError(message)
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Always aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Cell = Column[Any]
_BY_BYTE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its bytes, so that a range finds what begins with something."""
Json = JSON(none_as_null=True)

protected = Table(
    "protected",
    metadata,
    Cell("name", Text, primary_key=True),  # A-labels; a suffix without its leading dot
    Cell("kind", Text, nullable=False),  # domain | host | suffix
    Cell("owner", Text),
    Cell("tags", Json, nullable=False),  # list of text
    Cell("created_at", MomentColumn, nullable=False),
)

own = Table(
    "own",
    metadata,
    Cell("name", Text, primary_key=True),
    Cell("note", Text, nullable=False, server_default=""),
    Cell("created_at", MomentColumn, nullable=False),
    Cell("by_triage", Boolean, nullable=False, server_default=false()),  # goes when triage leaves `owned`
)

shards = Table(  # one tier of one protected name: how far its candidates have been settled
    "shards",
    metadata,
    Cell("protected", Text, ForeignKey("protected.name", ondelete="CASCADE"), primary_key=True),
    Cell("tier", Integer, primary_key=True),  # the tier's place in `sweep.tiers`, from 0
    Cell("enumeration_version", Text, nullable=False),
    Cell("last_started_at", MomentColumn),
    Cell("last_finished_at", MomentColumn),
    Cell("settled_version", Text),  # the enumeration version of the last finished pass
    Cell("settled_since", MomentColumn),  # start of the last finished pass: absent candidates were absent then or later
    Cell("settled", Integer, nullable=False, server_default="0"),  # of the newest pass, finished or not
    Cell("unsettled", Integer, nullable=False, server_default="0"),
    Cell("total", Integer, nullable=False, server_default="0"),
    Cell("first_settled", Integer),  # of the first finished pass, which is the baseline; null before
    Cell("first_total", Integer),
    Cell("progress", Json),  # store.shards.Progress of the pass under way: which ranks are open
    Cell("lease_owner", Text),  # where several machines work: the process that has it until then
    Cell("leased_until", MomentColumn),
    Cell("epoch", Integer, nullable=False, server_default="0"),  # counts the claims; store.fences
    Cell("attempts", Integer, nullable=False, server_default="0"),  # claims since it last came further
)

first_tiers = Table(  # the best candidates of each protected name, so that an hourly pass need not make them anew
    "first_tiers",
    metadata,
    Cell("protected", Text, ForeignKey("protected.name", ondelete="CASCADE"), primary_key=True),
    Cell("stamp", Text, nullable=False),  # everything that decides which candidates these are
    Cell("candidates", LargeBinary, nullable=False),  # compressed; services.first_tier
)

_LISTED = ("first_seen_at", "wildcard_of", "ability", "triage")

lookalikes = Table(  # names that exist or existed, and candidates that did not settle
    "lookalikes",
    metadata,
    Cell("name", Text, primary_key=True),
    Cell("registrable_domain", Text, index=True),  # null for a suffix
    Cell("public_suffix", Text, nullable=False),
    Cell("unicode", Text, nullable=False),
    Cell("relation", Text, nullable=False, server_default="lookalike"),  # lookalike | own | protected
    Cell("state", Json, nullable=False),  # core.states.MailState
    Cell("ability", Text, nullable=False),  # of `verdict`
    Cell("basis", Text, nullable=False),
    Cell("severity", Text, nullable=False, index=True),
    Cell("severity_reasons", Json, nullable=False),
    Cell("next_look_at", MomentColumn, index=True),  # null: never again by itself
    Cell("claimed_until", MomentColumn),  # who took it from the due ones has it until then
    Cell("claimed_by", Text),  # services.lease_owner; a dead process's claim ends at once
    Cell("claim_epoch", Integer, nullable=False, server_default="0"),  # counts the claims; store.fences
    Cell("attempted_at", MomentColumn),
    Cell("settled_at", MomentColumn),
    Cell("last_outcome", Text),  # settled, or the outcome that prevented it
    Cell("first_seen_at", MomentColumn, index=True),  # null: never seen to exist, kept only until it settles
    Cell("registration", Json),  # null: never asked
    Cell("registration_fetched_at", MomentColumn),
    Cell("registration_next_at", MomentColumn, index=True),
    Cell("triage", Text, nullable=False, server_default="new"),
    Cell("triage_note", Text, nullable=False, server_default=""),
    Cell("triage_at", MomentColumn, index=True),
    Cell("triage_by", Text),  # a token's name, or a user of this machine; null: nobody had to say who
    Cell("verdict", Json),  # shapes.mail_json: the last settled one, or the newest while none has settled
    Cell("severity_rank", Integer, nullable=False, server_default="4"),  # 0 critical ... 4 info: the order of lists
    Cell("wildcard_of", Text),  # the domain or suffix whose wildcard answers for the name; lists show one of them
    Index("ix_lookalikes_wildcard_of", "wildcard_of", "name"),
    # each list in its order, with the columns that most filters ask for: such a list reads the rows it shows, no more
    Index("ix_lookalikes_worst", "relation", "severity_rank", "name", *_LISTED),
    Index("ix_lookalikes_newest", "relation", "first_seen_at", "name"),
    Index("ix_lookalikes_by_name", "relation", "name", "severity_rank", *_LISTED),
    Index("ix_lookalikes_of_ability", "relation", "ability", "severity_rank", "name", *_LISTED[:2], "triage"),
    Index("ix_lookalikes_of_triage", "relation", "triage", "severity_rank", "name"),
    Index("ix_lookalikes_of_basis", "relation", "basis", "severity_rank", "name"),
    Index("ix_lookalikes_triaged", "triage", "name"),
)

resemblances = Table(
    "resemblances",
    metadata,
    Cell("name", Text, ForeignKey("lookalikes.name", ondelete="CASCADE"), primary_key=True),
    Cell("protected", Text, primary_key=True, index=True),
    Cell("techniques", Json, nullable=False),
    Cell("likelihood", Float, nullable=False),
    Cell("explanation", Text, nullable=False),
    Cell("rank", Integer),
    Cell("grade", Text, nullable=False, server_default="warn"),
    Cell("grade_reason", Text, nullable=False, server_default=""),
    Index("ix_resemblances_likeliest", "protected", "likelihood", "name"),
    Index("ix_resemblances_graded", "grade", "name"),
)

traits = Table(  # the values inside a lookalike's verdict, registration and resemblances by which lists are searched
    "traits",
    metadata,
    Cell("kind", Text, primary_key=True),  # store.traits.TraitKind
    Cell("value", _BY_BYTE, primary_key=True),
    Cell("name", Text, ForeignKey("lookalikes.name", ondelete="CASCADE"), primary_key=True, index=True),
)

events = Table(
    "events",
    metadata,
    Cell("id", Text, primary_key=True),  # time-ordered
    Cell("kind", Text, nullable=False),
    Cell("severity", Text, nullable=False),
    Cell("name", Text, nullable=False),  # empty for events of the watch itself
    Cell("registrable_domain", Text),
    Cell("at", MomentColumn, nullable=False, index=True),
    Cell("protected", Json, nullable=False),
    Cell("body", Json, nullable=False),  # shapes.event_json
    Index("ix_events_of_kind", "kind", "id"),
    Index("ix_events_of_name", "name", "id"),
    Index("ix_events_of_domain", "registrable_domain", "id"),
    Index("ix_events_of_day", "kind", "at"),
)

trends = Table(  # what happened on each day that is over, so that nobody counts a million events to draw a plot
    "trends",
    metadata,
    Cell("day", Text, primary_key=True),  # 2026-11-28, in UTC
    Cell("gained", Integer, nullable=False),  # names that became or were found able
    Cell("lost", Integer, nullable=False),
    Cell("noticed_seconds", Float),  # median time to notice; null where nothing was
    Cell("alerts", Integer, nullable=False),
    Cell("made_at", MomentColumn, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Cell("id", Text, primary_key=True),
    Cell("kind", Text, nullable=False),  # core.alerts.AlertKind
    Cell("group_key", Text, nullable=False),
    Cell("created_at", MomentColumn, nullable=False, index=True),
    Cell("body", Json, nullable=False),  # enough to rebuild core.alerts.Alert
)

outbox = Table(  # one row for each event, written with it; gathered into an alert, or decided not to be told
    "outbox",
    metadata,
    Cell("event_id", Text, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Cell("group_key", Text, nullable=False),
    Cell("created_at", MomentColumn, nullable=False),
    Cell("decision", Text),  # null until decided: page | digest | none
    Cell("reason", Text),  # why it is told so, or not told
    Cell("alert_id", Text, ForeignKey("alerts.id", ondelete="SET NULL"), index=True),  # the first that tells of it
    Cell("part", Text, index=True),  # set with the alert, kept after it: events of one part went the same way
    Cell("decided_at", MomentColumn),
    Index("ix_outbox_waiting", "decision", "group_key", "created_at"),
    Index("ix_outbox_decided", "decision", "event_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Cell("id", Text, primary_key=True),
    Cell("alert_id", Text, ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False),
    Cell("channel", Text, nullable=False),
    Cell("status", Text, nullable=False),  # store.deliveries.Status
    Cell("attempts", Integer, nullable=False, server_default="0"),
    Cell("next_attempt_at", MomentColumn, nullable=False),
    Cell("leased_until", MomentColumn),
    Cell("lease_owner", Text),
    Cell("epoch", Integer, nullable=False, server_default="0"),  # counts the claims
    Cell("last_error", Text),
    Cell("failure", Text),  # core.errors.FailureReason, of the last try that failed
    Cell("partly_accepted", Boolean, nullable=False, server_default=false()),  # by some recipients
    Cell("mendable", Boolean, nullable=False, server_default=false()),  # rejected, but not for what the message says
    Cell("sent_at", MomentColumn),
    Cell("created_at", MomentColumn, nullable=False),
    UniqueConstraint("alert_id", "channel"),
    Index("ix_deliveries_due", "status", "next_attempt_at"),
    Index("ix_deliveries_of_status", "status", "id"),
    Index("ix_deliveries_of_channel", "channel", "status", "id"),
    Index("ix_deliveries_through", "channel", "id"),
)

tokens = Table(
    "tokens",
    metadata,
    Cell("name", Text, primary_key=True),
    Cell("hash", Text, nullable=False, unique=True),
    Cell("scopes", Json, nullable=False),
    Cell("created_at", MomentColumn, nullable=False),
    Cell("revoked_at", MomentColumn),
    Cell("last_used_at", MomentColumn),
)

silences = Table(
    "silences",
    metadata,
    Cell("id", Text, primary_key=True),
    Cell("scope", Text, nullable=False),  # name | suffix | technique | protected
    Cell("value", Text, nullable=False),
    Cell("until", MomentColumn),  # null: until removed
    Cell("created_at", MomentColumn, nullable=False),
    Cell("note", Text, nullable=False, server_default=""),
    Cell("by_triage", Boolean, nullable=False, server_default=false()),  # goes when triage leaves `ignored`
    Cell("created_by", Text),  # as `lookalikes.triage_by`
)

probes = Table(  # registered domains of absent candidates: when their registry was asked last
    "probes",
    metadata,
    Cell("domain", Text, primary_key=True),
    Cell("asked_at", MomentColumn, nullable=False, index=True),
)

raw_replies = Table(  # of registries, about able names, as they came: they may hold persons' data and are never shown
    "raw_replies",
    metadata,
    Cell("domain", Text, primary_key=True),
    Cell("fetched_at", MomentColumn, primary_key=True, index=True),
    Cell("source", Text, nullable=False),  # rdap | whois
    Cell("body", LargeBinary, nullable=False),  # lookups.registry_reply.packed
)

written = Table(  # messages to lookalikes that a mail log told of, one row for each recipient of each
    "written",
    metadata,
    Cell("domain", Text, primary_key=True),  # as the log wrote it, an A-label where it can be one
    Cell("message", BigInteger, primary_key=True),  # keyed hash of queue id and recipient
    Cell("sender", BigInteger),  # keyed hash; null where the log did not say
    Cell("fate", Text, nullable=False),  # core.mail.log_entry.MailFate
    Cell("day", MomentColumn, index=True),  # midnight; null where the log has no stamp
)

refusals = Table(  # what the policy service refused or marked, counted by the hour; nothing of the sender
    "refusals",
    metadata,
    Cell("domain", Text, primary_key=True),
    Cell("protected", Text, primary_key=True),
    Cell("hour", MomentColumn, primary_key=True, index=True),
    Cell("action", Text, primary_key=True),  # core.blocking.answer.Action
    Cell("count", Integer, nullable=False),
    Cell("told", Integer, nullable=False, server_default="0"),  # how many of them the events of this hour counted
)

recipients = Table(  # how often a domain was written to, while `policy.known_after` is set; hashes only
    "recipients",
    metadata,
    Cell("hash", BigInteger, primary_key=True),
    Cell("day", MomentColumn, primary_key=True, index=True),
    Cell("count", Integer, nullable=False),
)

leases = Table(  # work that one process at a time does
    "leases",
    metadata,
    Cell("name", Text, primary_key=True),
    Cell("owner", Text),
    Cell("until", MomentColumn),
    Cell("epoch", Integer, nullable=False, server_default="0"),
)

workers = Table(  # processes that work on this database
    "workers",
    metadata,
    Cell("id", Text, primary_key=True),  # services.lease_owner
    Cell("kind", Text, nullable=False),  # serve | worker
    Cell("host", Text, nullable=False),
    Cell("version", Text, nullable=False),
    Cell("started_at", MomentColumn, nullable=False),
    Cell("beat_at", MomentColumn, nullable=False),
    Cell("until", MomentColumn, nullable=False),  # alive until then, unless it beats again
    Cell("doing", Text, nullable=False),
    Cell("doing_since", MomentColumn),
    Cell("resolvers", Json, nullable=False),  # addresses that it asks, each with a share of their rate
    Cell("sees_dns", Boolean, nullable=False),
    Cell("skew_seconds", Float, nullable=False),
)

facts = Table(  # small things: instance id, last sweep, last digest, ...
    "facts",
    metadata,
    Cell("key", Text, primary_key=True),
    Cell("value", Json, nullable=False),
    Cell("updated_at", MomentColumn, nullable=False),
)

block_votes = Table(  # who said `blocked`: with `exports.approval` two must have
    "block_votes",
    metadata,
    Cell("name", Text, ForeignKey("lookalikes.name", ondelete="CASCADE"), primary_key=True),
    Cell("voter", Text, primary_key=True),  # as `lookalikes.triage_by`; empty: nobody had to say who
    Cell("at", MomentColumn, nullable=False),
)

block_entries = Table(  # the block list as it was handed out last, and what left it
    "block_entries",
    metadata,
    Cell("name", Text, primary_key=True),
    Cell("description", Text, nullable=False),
    Cell("listed_at", MomentColumn, nullable=False),
    Cell("modified_at", MomentColumn, nullable=False),
    Cell("added_at", MomentColumn, nullable=False, unique=True),  # unique and rising: the order of TAXII
    Cell("removed_at", MomentColumn, index=True),  # null: it is on the list
    Cell("protected", Text, nullable=False, server_default=""),  # what it resembled when it came to the list
    Cell("exchanges", Json),  # hosts that take its mail, and those that did: [[host, whether it left]]
)

block_exchanges = Table(  # exchanges of listed names, each with its own place in the order of TAXII
    "block_exchanges",
    metadata,
    Cell("host", Text, primary_key=True),
    Cell("added_at", MomentColumn, nullable=False, unique=True),
)

block_changes = Table(  # the names that came and left, by the serial of the zone: the history for incremental transfers
    "block_changes",
    metadata,
    Cell("serial", BigInteger, primary_key=True),
    Cell("name", Text, primary_key=True),
    Cell("listed", Boolean, nullable=False),
    Cell("at", MomentColumn, nullable=False),
)

sessions = Table(  # browser sessions, and the links that begin them once
    "sessions",
    metadata,
    Cell("hash", Text, primary_key=True),
    Cell("kind", Text, nullable=False),  # link | session
    Cell("holder", Text, nullable=False),
    Cell("scopes", Json, nullable=False),
    Cell("created_at", MomentColumn, nullable=False),
    Cell("expires_at", MomentColumn, nullable=False),
)

audit = Table(  # who changed what
    "audit",
    metadata,
    Cell("id", Text, primary_key=True),  # sorts by time
    Cell("at", MomentColumn, nullable=False),
    Cell("who", Text),  # a token's or a session's name; null: nobody had to say
    Cell("what", Text, nullable=False),  # method and path
    Cell("about", Text, nullable=False),
)

filters = Table(  # saved filters of the list of lookalikes
    "filters",
    metadata,
    Cell("name", Text, primary_key=True),
    Cell("query", Text, nullable=False),
    Cell("created_at", MomentColumn, nullable=False),
    Cell("created_by", Text),
)

list_clients = Table(  # gear that fetches block lists: one row for each format, holder of a token and address
    "list_clients",
    metadata,
    Cell("kind", Text, primary_key=True),  # an export's name, taxii, or rpz_transfer
    Cell("holder", Text, primary_key=True),  # a token's or a key's name; empty: nobody had to say who
    Cell("address", Text, primary_key=True),
    Cell("fetched_at", MomentColumn, nullable=False, index=True),
    Cell("serial", Text, nullable=False),  # of the zone, or the beginning of the list's entity tag
    Cell("changed_at", MomentColumn, nullable=False),  # when it first had this serial
)
