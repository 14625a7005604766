"""What a name is: `parse` is the only maker of `Fqdn`; past it nobody checks a name again."""

import re
from typing import NewType
from urllib.parse import urlsplit

from watcher.core.errors import InvalidName

Fqdn = NewType("Fqdn", str)
"""A host or domain name as A-labels: lower case, no final dot, 1-253 characters, every label LDH."""

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_PLAIN = re.compile(r"(?:(?!-|xn--)[a-z0-9-]{1,63}(?<!-)\.)*(?!-|xn--|[0-9]+\Z)[a-z0-9-]{1,63}(?<!-)\Z")
"""A name that is written as it should be: nearly all of a stream are."""
_MAX_NAME = 253
_MAX_INPUT = 2048


def parse(text: str) -> Fqdn:
    """The name in `text`: a domain, host, IDN, mailbox (its local part is dropped) or URL.

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
    """The U-label of an A-label; any other label unchanged.

    An A-label that is not valid is returned as it is, unless `strict_for` (the text to blame) is given: InvalidName.
    """
    if not label.startswith("xn--"):
        return label
    import idna  # noqa: PLC0415

    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError) as error:
        if strict_for is None:
            return label
        raise InvalidName(strict_for, f"{label} is not valid in IDNA 2008") from error


def to_unicode(name: str) -> str:
    """The name with every A-label as its U-label, for people to read."""
    if "xn--" not in name:
        return name
    return ".".join(u_label(label) for label in name.split("."))


def is_under(name: str, ancestor: str) -> bool:
    """Whether `name` is `ancestor` or stands below it."""
    return name == ancestor or name.endswith("." + ancestor)
