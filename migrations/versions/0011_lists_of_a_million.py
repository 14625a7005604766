"""Lists of a million lookalikes and ten million events: orders, searched values, trigrams of names, days that are over.

Revision: 0011, after 0010.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_LISTED = ("first_seen_at", "wildcard_of", "ability", "triage")

_SQLITE_WORDS = (
    "CREATE VIRTUAL TABLE lookalike_words USING fts5(name, unicode, tokenize='trigram')",
    "INSERT INTO lookalike_words (name, unicode) SELECT name, unicode FROM lookalikes",
    """CREATE TRIGGER lookalike_words_added AFTER INSERT ON lookalikes BEGIN
 INSERT INTO lookalike_words (name, unicode) VALUES (new.name, new.unicode); END""",
    """CREATE TRIGGER lookalike_words_gone AFTER DELETE ON lookalikes BEGIN
 DELETE FROM lookalike_words WHERE rowid IN (SELECT rowid FROM lookalike_words
 WHERE lookalike_words MATCH '"' || replace(old.name, '"', '""') || '"') AND name = old.name; END""",
)


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "traits",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(collation="C" if on_postgresql else None), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["lookalikes.name"], name="fk_traits_name_lookalikes", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kind", "value", "name", name="pk_traits"),
    )
    op.create_table(
        "trends",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("gained", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("noticed_seconds", sa.Float(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_trends"),
    )
    _fill_traits()
    op.create_index("ix_traits_name", "traits", ["name"])
    for index, table in (
        ("ix_lookalikes_ability", "lookalikes"),
        ("ix_lookalikes_worst", "lookalikes"),
        ("ix_events_kind", "events"),
        ("ix_events_name", "events"),
        ("ix_events_registrable_domain", "events"),
    ):
        op.drop_index(index, table)
    for index, table, columns in (
        ("ix_lookalikes_worst", "lookalikes", ("relation", "severity_rank", "name", *_LISTED)),
        ("ix_lookalikes_by_name", "lookalikes", ("relation", "name", "severity_rank", *_LISTED)),
        (
            "ix_lookalikes_of_ability",
            "lookalikes",
            ("relation", "ability", "severity_rank", "name", "first_seen_at", "wildcard_of", "triage"),
        ),
        ("ix_lookalikes_of_triage", "lookalikes", ("relation", "triage", "severity_rank", "name")),
        ("ix_lookalikes_of_basis", "lookalikes", ("relation", "basis", "severity_rank", "name")),
        ("ix_lookalikes_triaged", "lookalikes", ("triage", "name")),
        ("ix_resemblances_likeliest", "resemblances", ("protected", "likelihood", "name")),
        ("ix_resemblances_graded", "resemblances", ("grade", "name")),
        ("ix_events_of_kind", "events", ("kind", "id")),
        ("ix_events_of_name", "events", ("name", "id")),
        ("ix_events_of_domain", "events", ("registrable_domain", "id")),
        ("ix_events_of_day", "events", ("kind", "at")),
        ("ix_outbox_decided", "outbox", ("decision", "event_id")),
        ("ix_deliveries_of_status", "deliveries", ("status", "id")),
        ("ix_deliveries_of_channel", "deliveries", ("channel", "status", "id")),
        ("ix_deliveries_through", "deliveries", ("channel", "id")),
    ):
        op.create_index(index, table, list(columns))
    if on_postgresql:
        _index_trigrams()
    else:
        for statement in _SQLITE_WORDS:
            op.execute(statement)


def _index_trigrams() -> None:
    """Without the right to add the extension, a search reads every row."""
    bind = op.get_bind()
    try:
        with bind.begin_nested():
            bind.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            bind.exec_driver_sql(
                "CREATE INDEX lookalike_words ON lookalikes USING gin (name gin_trgm_ops, unicode gin_trgm_ops)"
            )
    except sa.exc.DBAPIError:
        return


def _fill_traits() -> None:
    bind = op.get_bind()
    rows = sa.table("lookalikes", sa.column("name"), sa.column("verdict", sa.JSON), sa.column("registration", sa.JSON))
    alike = sa.table("resemblances", sa.column("name"), sa.column("techniques", sa.JSON))
    traits = sa.table("traits", sa.column("kind"), sa.column("value"), sa.column("name"))
    after = ""
    while True:
        query = sa.select(rows).where(rows.c.name > after).order_by(rows.c.name).limit(_AT_ONCE)
        found = list(bind.execute(query))
        if not found:
            return
        names = [row.name for row in found]
        new = {
            (kind, value[:300], row.name)
            for row in found
            for kind, value in _traits(_table(row.verdict), _table(row.registration))
        }
        for row in bind.execute(sa.select(alike).where(alike.c.name.in_(names))):
            techniques = row.techniques if isinstance(row.techniques, list) else []
            new |= {("technique", str(technique), row.name) for technique in techniques}
        if new:
            values = [{"kind": kind, "value": value, "name": name} for kind, value, name in sorted(new)]
            bind.execute(sa.insert(traits), values)
        after = names[-1]


def _table(value: Any) -> dict[str, Any]:
    value = json.loads(value) if isinstance(value, str) else value
    return value if isinstance(value, dict) else {}


def _traits(verdict: dict[str, Any], facts: dict[str, Any]) -> "set[tuple[str, str]]":
    found: set[tuple[str, str]] = set()
    for exchange in verdict.get("exchanges", ())[:4]:
        labels = str(exchange["host"]).lower().rstrip(".").split(".")
        found |= {("exchange", ".".join(labels[first:])) for first in range(min(4, max(1, len(labels) - 1)))}
    found |= {("flag", str(flag)) for flag in verdict.get("flags", ())}
    found |= {("nameserver", str(server)) for server in facts.get("nameservers", ())[:4]}
    if facts.get("registrar"):
        found.add(("registrar", str(facts["registrar"])))
    organisation = (facts.get("registrant") or {}).get("organisation")
    if organisation:
        found.add(("registrant", str(organisation)))
    return found
