"""Text from outside, made safe to show: bounded, on one line, without control or direction marks, names defanged."""

import re
import unicodedata
from collections.abc import Collection

from watcher.core.names.names import is_under, to_unicode

_HOSTLIKE = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]*")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(value: object, limit: int = 300) -> str:
    """One line of at most `limit` characters; what does not show, or turns the text around, becomes U+FFFD.

    Back-ticks become plain quotes: those that are left in our texts mark commands of our own.
    """
    text = str(value)[: limit * 4].replace("`", "'")
    text = " ".join(text.split())
    text = "".join(REPLACEMENT if unicodedata.category(character) in _UNSEEN else character for character in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def defanged(name: str) -> str:
    """`army[.]ml`: readable, and nothing makes a link of it."""
    return clean(name, 400).replace(".", "[.]").replace("://", "[:]//")


def shown_name(name: str) -> str:
    """Return the defanged A-label form, with the U-label form after it where they differ."""
    unicode = to_unicode(name)
    if unicode == name:
        return defanged(name)
    return f"{defanged(name)} ({defanged(unicode)})"


def defanged_text(value: object, limit: int = 300, keep: Collection[str] = ()) -> str:
    """`clean`, with every name in it defanged but those of `keep` and names under them."""
    text = clean(value, limit).replace("://", "[:]//")

    def one(match: re.Match[str]) -> str:
        name = match[0]
        return name if any(is_under(name.lower(), kept) for kept in keep) else name.replace(".", "[.]")

    return _HOSTLIKE.sub(one, text)


def slip(meant: str, written: str) -> tuple[str, str]:
    """Both names with the part that differs between ‹ and ›; a side where nothing stands has no marks."""
    start = 0
    while start < min(len(meant), len(written)) and meant[start] == written[start]:
        start += 1
    end = 0
    while end < min(len(meant), len(written)) - start and meant[-1 - end] == written[-1 - end]:
        end += 1
    return _marked(meant, start, end), _marked(written, start, end)


def _marked(name: str, start: int, end: int) -> str:
    stop = len(name) - end
    if start >= stop:
        return name
    return f"{name[:start]}‹{name[start:stop]}›{name[stop:]}"
