"""Entries of a block list for tests."""

from datetime import UTC, datetime

from watcher.core.blocking.selection import BlockCandidate, BlockEntry, Cause
from watcher.core.events import Grade, Resemblance
from watcher.core.mail.risk import Severity

SINCE = datetime(2026, 11, 28, 13, 0, 0, 123456, tzinfo=UTC)


def resemblance(protected: str = "army.mil", likelihood: float = 0.031, grade: Grade = Grade.BLOCK) -> Resemblance:
    return Resemblance(protected, ("suffix_edit",), likelihood, "ml for mil", 1, grade)


def block_entry(
    name: str = "army.ml",
    *,
    unicode: str | None = None,
    cause: Cause = Cause.BLOCKED,
    note: str = "",
    decided_by: str | None = None,
    since: datetime | None = SINCE,
    exchanges: tuple[str, ...] = ("mx.army.ml",),
    resembles: tuple[Resemblance, ...] = (resemblance(),),
) -> BlockEntry:
    return BlockEntry(
        name=name,
        unicode=unicode or name,
        cause=cause,
        able=True,
        severity=Severity.HIGH,
        basis="explicit_mx",
        note=note,
        decided_by=decided_by,
        since=since,
        exchanges=exchanges,
        resembles=resembles,
    )


def block_candidate(name: str = "army.ml", **more: object) -> BlockCandidate:
    values: dict[str, object] = {
        "unicode": name,
        "able": True,
        "severity": Severity.HIGH,
        "triage": "new",
        "first_seen_at": SINCE,
        "resembles": (resemblance(),),
    }
    return BlockCandidate(name, **{**values, **more})  # type: ignore[arg-type]


SAMPLES = (
    block_entry("army.ml", note="seen in the mail log; call the registrar", decided_by="alice"),
    block_entry("us.army.ml", cause=Cause.ABLE, resembles=(resemblance("us.army.mil", 0.2), resemblance())),
    block_entry("xn--armee-9ta.example", unicode="arméé.example", cause=Cause.AUTO_BLOCK, exchanges=(), resembles=()),
)
"""By name."""
