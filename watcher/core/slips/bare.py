"""The bare reading of a name: what people read where a name holds symbols, underscores or outer hyphens.

Names like that exist below some suffixes although IDNA 2008 forbids them. None is generated; what exists is read.
"""

import unicodedata

_SYMBOLS = str.maketrans(
    {
        "_": "-",
        "\N{ESTIMATED SYMBOL}": "e",
        "\N{EURO SIGN}": "e",
        "\N{POUND SIGN}": "l",
        "\N{LIRA SIGN}": "l",
        "\N{YEN SIGN}": "y",
        "\N{CENT SIGN}": "c",
        "\N{BITCOIN SIGN}": "b",
        "\N{SECTION SIGN}": "s",
        "\N{COPYRIGHT SIGN}": "c",
        "\N{REGISTERED SIGN}": "r",
    }
)


def bare_text(text: str) -> str:
    """Return `text` with symbols as the letters they look like, and without emoji, marks and outer hyphens."""
    read = text.translate(_SYMBOLS)
    if not read.isascii():
        read = "".join(map(_bare, read))
    return ".".join(label.strip("-") for label in read.split("."))


def has_outer_hyphen(name: str) -> bool:
    """Return whether a label of `name` begins or ends with a hyphen."""
    return name.startswith("-") or ".-" in name or "-." in name


def _bare(character: str) -> str:
    if character.isascii():
        return character
    parts = [part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)]
    read = "".join(parts).lower()
    if read.isascii():
        return read
    return (
        "" if unicodedata.category(character) in {"So", "Sk", "Sm", "Sc", "Mn", "Me", "Cf", "Cn", "Co"} else character
    )
