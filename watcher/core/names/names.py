"""Names: `parse` and `parse_existing` are the only makers of `Fqdn`; past them nobody checks a name again.

`parse` is for what we protect and generate: letters, digits, inner hyphens, IDNA 2008. `parse_existing` is for what is
out there: it needs only to be a DNS name.
"""

import re
import unicodedata
from typing import NewType
from urllib.parse import urlsplit

from watcher.core.errors import InvalidName

Fqdn = NewType("Fqdn", str)
"""A host or domain name as A-labels: lower case, no final dot, 1-253 characters, every label LDH.

What exists may have underscores and outer hyphens too (`parse_existing`).
"""

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_PLAIN = re.compile(r"(?:(?!-|xn--)[a-z0-9-]{1,63}(?<!-)\.)*(?!-|xn--|[0-9]+\Z)[a-z0-9-]{1,63}(?<!-)\Z")
"""A name that is written as it should be: nearly all of a stream are."""
_EXISTING_LABEL = re.compile(r"[a-z0-9_-]{1,63}\Z")
_MAX_NAME = 253
_MAX_INPUT = 2048


def parse(text: str) -> Fqdn:
    """Return the name in `text`: a domain, host, IDN, mailbox (its local part is dropped) or URL.

    A final dot is allowed, and `[.]` for a dot. Raises InvalidName with the reason. A leading dot is refused here;
    `protected.parse` knows about suffixes.
    """
    if len(text) <= _MAX_NAME and _PLAIN.match(text):
        return Fqdn(text)
    name = _strip(text)
    if not name.isascii():
        name = _to_a_labels(text, name)
    name = name.lower().removesuffix(".")
    if not name:
        raise InvalidName(text, "it is empty")
    if len(name) > _MAX_NAME:
        raise InvalidName(text, f"longer than {_MAX_NAME} characters")
    labels = name.split(".")
    for label in labels:
        _check_label(text, label)
    if labels[-1].isdigit():
        raise InvalidName(text, "it is an address, or its last label is a number")
    return Fqdn(name)


def parse_existing(text: str) -> Fqdn:
    """Return the name in `text`, as `parse`, by the rules of the DNS alone: `foo_bar.ml`, `a-.ml`, emoji, any `xn--`.

    A text that is not valid in IDNA 2008 becomes the A-labels that IDNA 2003 and browsers make of it.
    """
    if len(text) <= _MAX_NAME and _PLAIN.match(text):
        return Fqdn(text)
    name = _strip(text)
    if not name.isascii():
        name = _to_any_a_labels(text, name)
    name = name.lower().removesuffix(".")
    if not name:
        raise InvalidName(text, "it is empty")
    if len(name) > _MAX_NAME:
        raise InvalidName(text, f"longer than {_MAX_NAME} characters")
    labels = name.split(".")
    for label in labels:
        if not label or len(label) > 63 or not _EXISTING_LABEL.match(label):  # noqa: PLR2004 (RFC 1035 2.3.4)
            _check_label(text, label.replace("_", "-").strip("-").removeprefix("xn--") or label)
            raise InvalidName(text, "a label has characters that no name in use has")
    if labels[-1].isdigit():
        raise InvalidName(text, "it is an address, or its last label is a number")
    return Fqdn(name)


def _to_any_a_labels(text: str, name: str) -> str:
    import idna  # noqa: PLC0415 (as above)

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    except (idna.IDNAError, UnicodeError):
        mapped = unicodedata.normalize("NFKC", name).casefold()
    if any(character == "\ufffd" or unicodedata.category(character)[0] in "CZ" for character in mapped):
        raise InvalidName(text, "it holds a character that no name can have")
    labels = re.split("[.\u3002\uff0e\uff61]", mapped)
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
        )
    except UnicodeError as error:
        raise InvalidName(text, "no A-label can be made of it") from error


def _strip(text: str) -> str:
    if len(text) > _MAX_INPUT:
        raise InvalidName(text, "far too long")
    name = text.strip().replace("[.]", ".")  # as our alerts, and most reports, write names nobody should click
    if any(character.isspace() or not character.isprintable() for character in name):
        raise InvalidName(text, "it holds a space or control character")
    if "://" in name:
        try:
            name = urlsplit(name).hostname or ""
        except ValueError as error:
            raise InvalidName(text, "the URL cannot be read") from error
    elif "@" in name:
        name = name.rpartition("@")[2]
    return name


def _to_a_labels(text: str, name: str) -> str:
    import idna  # noqa: PLC0415 (its tables cost start-up time that plain ASCII names need not pay)

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidName(text, f"not valid in IDNA 2008 ({error})") from error


def _check_label(text: str, label: str) -> None:
    if not label:
        raise InvalidName(text, "it has an empty label (two dots together, or a dot in front)")
    if len(label) > 63:  # noqa: PLR2004 (RFC 1035 2.3.4)
        raise InvalidName(text, "a label is longer than 63 characters")
    if not _LABEL.match(label):
        raise InvalidName(text, "labels hold letters, digits and inner hyphens only")
    if label.startswith("xn--"):
        u_label(label, strict_for=text)


def u_label(label: str, *, strict_for: str | None = None) -> str:
    """Return the U-label of an A-label; any other label unchanged.

    An A-label that is not valid in IDNA 2008 is shown by what it encodes, where every character of that is visible, and
    returned as it is otherwise; with `strict_for` (the text to blame) it is an InvalidName.
    """
    if not label.startswith("xn--"):
        return label
    import idna  # noqa: PLC0415

    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError) as error:
        if strict_for is None:
            return _shown(label)
        raise InvalidName(strict_for, f"{label} is not valid in IDNA 2008") from error


def _shown(label: str) -> str:
    """Return what an A-label outside IDNA encodes (`xn--i-7iq` is I, heart); `label` itself if that cannot be seen."""
    try:
        text = label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    seen = all(unicodedata.category(character)[0] in "LNSP" or character == "\ufe0f" for character in text)
    return text if seen and text and not text.isascii() and not set(text) & set("./@:\u3002\uff0e\uff61") else label


def to_unicode(name: str) -> str:
    """Return the name with every A-label as its U-label, for people to read."""
    if "xn--" not in name:
        return name
    return ".".join(u_label(label) for label in name.split("."))


def is_under(name: str, ancestor: str) -> bool:
    """Return whether `name` is `ancestor` or stands below it."""
    return name == ancestor or name.endswith("." + ancestor)
