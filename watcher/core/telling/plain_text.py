"""The words of an alert as plain text: the body of a mail, and of whatever else takes text."""

from watcher.core.telling.story import Story
from watcher.core.telling.wording import Listing, Wording


def text(words: Wording) -> str:
    """Return the whole message, lines of any length, paragraphs apart."""
    paragraphs = [words.subject]
    if words.lead:
        paragraphs.append(words.lead)
    for story in words.stories:
        paragraphs += _text_of_story(story, titled=len(words.stories) > 1)
    paragraphs += [_text_of_listing(listing) for listing in words.listings]
    if words.link:
        paragraphs.append(f"Open in watcher: {words.link}")
    return "\n\n".join([*paragraphs, f"-- \n{words.footer}"]) + "\n"


def _text_of_story(story: Story, *, titled: bool) -> list[str]:
    paragraphs = [f"== {story.headline}"] if titled else []
    width = max((len(fact.label) for fact in story.facts), default=0) + 2
    paragraphs.append("\n".join(f"{fact.label + ':':<{width}}{fact.text}" for fact in story.facts))
    if story.evidence:
        paragraphs.append("\n".join(["Evidence", *(f"  {line}" for line in story.evidence)]))
    if story.actions:
        steps = (f"  {number}. {action}" for number, action in enumerate(story.actions, start=1))
        paragraphs.append("\n".join(["What to do now", *steps]))
    return paragraphs


def _text_of_listing(listing: Listing) -> str:
    lines = [listing.title, *(f"  * {line}" for line in listing.lines)]
    if listing.more:
        lines.append(f"  and {listing.more} more")
    return "\n".join(lines)
