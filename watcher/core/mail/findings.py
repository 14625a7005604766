"""A finding: one fact that a check saw in an observation, with the answers that show it."""

from dataclasses import dataclass
from datetime import datetime

from watcher.core.mail.dns import Answer
from watcher.core.names.names import Fqdn


@dataclass(frozen=True, slots=True)
class Observation:
    """All that one inquiry asked about a name and heard, in the order asked."""

    name: Fqdn
    registrable_domain: Fqdn | None
    public_suffix: str
    answers: tuple[Answer, ...]
    attempted_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """`tag` is a basis or flag of the closed vocabulary; `evidence` the answers that show it."""

    tag: str
    evidence: tuple[Answer, ...]
