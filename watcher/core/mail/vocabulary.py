"""The words for bases and flags, put together from the checks that state them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watcher.core.mail.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`words`: each basis and flag as part of a sentence. `sentences`: the verdict as a sentence, by its basis.

    `notes`: the clauses that flags add to that sentence, in order.
    """

    words: Mapping[str, str]
    sentences: Mapping[str, Callable[[str, Verdict], str]]
    notes: Mapping[str, str]

    def words_of(self, tag: str) -> str:
        """Return a basis or flag in words; one of a newer version as it is."""
        return self.words.get(tag, tag.replace("_", " "))

    def sentence(self, name: str, verdict: Verdict) -> str:
        """Return the verdict as one sentence that a mail administrator accepts, without a final full stop."""
        notes = (note for flag, note in self.notes.items() if flag in verdict.flags)
        return "; ".join((self.sentences[verdict.basis](name, verdict), *notes))
