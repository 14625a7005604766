"""The top-level label is not delegated: `army.con` (M04)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.NO_SUCH_SUFFIX
WORDS = "its top-level domain does not exist"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the root's answers when the bundled list was doubted; otherwise nothing needs to be asked."""
    return case.reading.observation.answers if case.reading.undelegated else None


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    del verdict  # the name says it
    return f"{name} cannot receive mail: .{name.rpartition('.')[2]} is no top-level domain"
