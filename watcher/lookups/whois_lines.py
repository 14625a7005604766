"""A WHOIS reply as lines with their keys: the one reading that the classifier and our own field reader share.

Registries write `key: value`, `key......: value`, `[Key] value`, `Key:` with indented lines below, and comments behind
`%`, `#` or `*`. Every expression here is anchored and without nested repetition: a reply cannot make it slow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_CHARACTERS = 32 * 1024
MOST_LINE = 512

_COMMENT = re.compile(r"\s*(?:%+|#+|\*+|;+|//|--|>>>+)\s?")
_BRACKETED = re.compile(r"\s*(?:[a-z]\.? {0,3})?\[([^\]\[:]{1,40})\]\s*(.*)\Z")
_KEYED = re.compile(r"\s*([^\W\d_][\w /'()&,-]{0,50}?)(?:[ \t]*\.[. \t]*)?[ \t]*:(?!//)[ \t.]*(.*)\Z")
_TABBED = re.compile(r"\s*([A-Za-z][\w /'()-]{1,40}?)(?:\t+| {4,})(\S.*)\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `key` is lower case with single spaces, "" for a line without one; `section` the last bare key above.

    `text` is the whole line without comment sign and outer space.
    """

    key: str
    value: str
    text: str
    section: str = ""
    comment: bool = False
    indented: bool = False


def bounded(text: str) -> str:
    """`text` cut to what parsers may see: 32 KiB of lines of at most 512 characters, control characters as spaces."""
    cut = text[:MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    printable = "".join(character if character >= " " or character in "\n\t" else " " for character in cut)
    return "\n".join(line[:MOST_LINE].rstrip() for line in printable.split("\n"))


def lines(text: str) -> Iterator[Line]:
    """The lines of a reply in order; blank ones are yielded with everything empty, they end sections."""
    section = ""
    for raw in bounded(text).split("\n"):
        comment = _COMMENT.match(raw)
        content = raw[comment.end() :] if comment is not None else raw
        stripped = content.strip()
        if not stripped:
            section = "" if comment is None else section
            yield Line("", "", "", section)
            continue
        key, value = _split(content)
        indented = content[:1].isspace()
        if key and not value and comment is None:
            section = key
        yield Line(key, value, stripped, section, comment is not None, indented)


def _split(content: str) -> tuple[str, str]:
    content = content.removeprefix("domain:") if content.count(":") > 1 else content  # rwhois: `domain:Key:value`
    for pattern in (_BRACKETED, _KEYED, _TABBED):
        match = pattern.match(content)
        if match is not None:
            return " ".join(match[1].lower().split()), match[2].strip()
    return "", content.strip()
