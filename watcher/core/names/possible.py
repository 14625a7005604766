"""The conditions for a name to exist at all, whoever keeps the registry."""

import re

_LABELS = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_R_LDH = re.compile(r"(?:\A|\.)..--")
"""Hyphens in third and fourth place are reserved (RFC 5890 2.3.1); a typed `xn--` is no A-label that exists."""


def possible(text: str) -> bool:
    """Return whether every label is LDH of 1-63 characters and no unchecked A-label.

    Text beyond ASCII always passes: it is left to IDNA.
    """
    if not text.isascii():
        return True
    return _LABELS.match(text) is not None and not ("--" in text and _R_LDH.search(text))


def a_labels(text: str) -> str | None:
    """`text` with its U-labels as A-labels; None where IDNA 2008 forbids one."""
    if text.isascii():
        return text
    import idna  # noqa: PLC0415 (its tables cost start-up time that few names need)

    made = []
    for label in text.split("."):
        if label.isascii():
            if not possible(label):
                return None
            made.append(label)
            continue
        try:
            made.append(idna.alabel(label).decode("ascii"))
        except (idna.IDNAError, UnicodeError):
            return None
    return ".".join(made)
