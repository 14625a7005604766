"""Messages that fit: what is left out first when a channel takes no more, and the note that says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from watcher.core.telling.story import Story
from watcher.core.telling.wording import Listing, Wording

_FEWER_LINES = (10, 3, 0)
_FACTS = 3
_SHORT_LEAD = 300

Built = TypeVar("Built")


def build_within(words: Wording, build: Callable[[Wording], Built], fits: Callable[[Built], bool]) -> Built:
    """Return the fullest message that fits; the shortest one where none does. Its subject and link always stay."""
    built = build(words)
    for shorter in _shorter(words):
        if fits(built):
            return built
        built = build(shorter)
    return built


def short_text(words: Wording, limit: int) -> str:
    """Return subject, link and id as plain text of at most `limit` bytes of UTF-8: it fits every channel.

    The link stays whole as long as `limit` has room for it.
    """
    tail = "\n".join(filter(None, ("(Details did not fit.)", words.link or "", words.footer)))
    room = max(limit - len(tail.encode()) - 1, 0)
    return cut_bytes(f"{cut_bytes(words.subject, room)}\n{tail}", limit)


def cut_bytes(text: str, limit: int) -> str:
    """Return at most `limit` bytes of UTF-8, never a part of a character; `…` shows a cut."""
    if len(text.encode()) <= limit:
        return text
    return text.encode()[: max(limit - 3, 0)].decode(errors="ignore") + ("…" if limit >= 3 else "")  # noqa: PLR2004


def _shorter(words: Wording) -> Iterator[Wording]:
    """Yield the message with less and less: evidence goes first, then lines of lists, facts, and advice."""
    words = replace(words, stories=tuple(replace(story, evidence=()) for story in words.stories))
    yield _noted(words, "the evidence")
    for most in _FEWER_LINES:
        listings = tuple(_fewer(listing, most) for listing in words.listings)
        yield _noted(replace(words, listings=listings), "the evidence and most of the list")
    words = replace(words, listings=tuple(_fewer(listing, 0) for listing in words.listings))
    yield _noted(replace(words, stories=tuple(map(_briefer, words.stories))), "the evidence and most facts")
    yield _noted(replace(words, stories=(), listings=(), lead=words.lead[:_SHORT_LEAD]), "all but the headline")


def _noted(words: Wording, what: str) -> Wording:
    where = "" if words.link is None else "; the page has it all"
    return replace(words, footer=f"{words.footer}. Left out for length: {what}{where}")


def _fewer(listing: Listing, most: int) -> Listing:
    cut = max(len(listing.lines) - most, 0)
    return replace(listing, lines=listing.lines[:most], more=listing.more + cut)


def _briefer(story: Story) -> Story:
    return replace(story, facts=story.facts[:_FACTS], actions=story.actions[:1], evidence=())
