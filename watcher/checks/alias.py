"""The name is an alias (CNAME or DNAME) and is judged as its target (M46-M50)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.ALIAS
WORDS = "it is an alias of another name"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answer that came through the alias."""
    return (case.reading.mx,) if case.reading.aliases and case.reading.mx is not None else None
