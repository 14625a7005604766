"""The words for what a person decided about a lookalike, as an answer to the alert about it."""

from watcher.core.names.clean import clean, defanged_text, shown_name
from watcher.core.states.lookalike import Triage

WORDS = {
    Triage.NEW: "is to be decided again",
    Triage.INVESTIGATING: "is being investigated",
    Triage.TAKEDOWN: "is to be taken down",
    Triage.BLOCKED: "is to be blocked",
    Triage.OWNED: "is one of ours",
    Triage.IGNORED: "is ignored: nothing more is sent about it",
}
_NOTE = 500


def triage_words(name: str, triage: Triage, *, note: str, by: str | None) -> str:
    """Return one plain line; `by` is a token's name or a user, `note` their words."""
    who = f" (triage by {clean(by, 80)})" if by else ""
    why = f": {defanged_text(note, _NOTE)}" if note.strip() else ""
    return f"{shown_name(name)} {WORDS[triage]}{who}{why}"
