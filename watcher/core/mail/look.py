"""One look at a name, as the examiner hands it to the watch."""

from dataclasses import dataclass

from watcher.core.mail.findings import Observation
from watcher.core.mail.probing import Probed
from watcher.core.mail.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Look:
    """One look: all that was heard, and what it means. `probed`: what its mail server said, where it was asked."""

    observation: Observation
    verdict: Verdict
    probed: Probed | None = None
