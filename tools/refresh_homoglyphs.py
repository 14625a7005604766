"""Compile `watcher/data/homoglyphs.txt` from Unicode's confusables.txt.

    python tools/refresh_homoglyphs.py confusables.txt

Kept are single code points that IDNA 2008 allows (PVALID, by the installed idna package), whose prototype is one
letter or digit of LDH, in scripts written from left to right that look like Latin; and the Latin letters that are an
LDH letter with one mark, which confusables.txt leaves out because a reader can see the mark.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import idna  # noqa: E402

from tools.refreshing import replace, take_force  # noqa: E402 (a tool runs from a checkout)

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "homoglyphs.txt"
LDH = set("abcdefghijklmnopqrstuvwxyz0123456789")
SCRIPTS = ("latin", "cyrillic", "greek", "armenian")
ALSO = {"2": "ƻ", "3": "ʒ", "5": "ƽ", "a": "ə", "b": "ƅ", "k": "ĸ", "i": "ɩ", "n": "ŋ", "p": "ƿ", "u": "ʉ", "v": "ᶌ"}
"""Shapes that the other enumerators take for likeness and neither list has."""
CYRILLIC = {"b": "ь", "g": "ԍ", "k": "к", "m": "м", "t": "т", "w": "ԝ"}
"""The same of Cyrillic, and where confusables.txt has several the one that is nearest: each stands first."""
LIGATURES = {"ae": "æ", "oe": "œ", "ss": "ß"}
"""Two letters in one."""
HEADER = """\
# Code points that look like a letter or digit of LDH, or two letters in one: what they look like, script, how closely
# (glyph: the same shape; mark: the letter with a mark), the code points, the nearest first.
# Date: {date} (Unicode {version})
# Source: https://www.unicode.org/Public/security/latest/confusables.txt, canonical decompositions, character names
# Licence: Unicode-3.0, Copyright (c) 1991-2025 Unicode, Inc.
# Refresh: python tools/refresh_homoglyphs.py confusables.txt
"""


def allowed(character: str) -> bool:
    try:
        return idna.decode(idna.encode("a" + character + "a")) == "a" + character + "a"
    except idna.IDNAError:
        return False


def script(character: str) -> str | None:
    first = unicodedata.name(character, "").split(" ")[0].lower()
    return first if first in SCRIPTS else None


def by_name(known: set[str]) -> Iterator[tuple[str, str]]:
    """Strokes, hooks and tails are no decompositions, and small capitals have none: the names say what they are."""
    named = re.compile(r"LATIN SMALL LETTER ([A-Z]|DOTLESS [IJ])(?: WITH .*)?|LATIN LETTER SMALL CAPITAL ([A-Z])")
    for code in range(0x80, 0xA7F0):
        character = chr(code)
        match = named.fullmatch(unicodedata.name(character, ""))
        if match is not None and character not in known and allowed(character):
            yield (match[1] or match[2])[-1].lower(), character
    for letter, characters in ALSO.items():
        for character in characters:
            if allowed(character):
                yield letter, character


def ordered(letter: str, script: str, characters: set[str]) -> str:
    first = CYRILLIC.get(letter, "") if script == "cyrillic" else ""
    return first + "".join(sorted(characters - set(first)))


def listed(text: str) -> Iterator[tuple[str, str, str]]:
    """Letter, script and character of every line that counts."""
    # A prototype may itself stand for an LDH letter: 1 and l share theirs, so do i and its dotless kin.
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("#")[0].split(";")]
        if len(parts) < 3 or " " in parts[0] or " " in parts[1]:
            continue
        character, prototype = chr(int(parts[0], 16)), chr(int(parts[1], 16)).lower()
        if character.isascii() or prototype not in LDH or not allowed(character):
            continue
        if (name := script(character)) is not None:
            yield prototype, name, character


def marked() -> Iterator[tuple[str, str]]:
    """Letters that decompose into one of LDH and a mark."""
    for code in range(0xC0, 0x1F00):
        character = chr(code)
        parts = unicodedata.normalize("NFD", character)
        latin = code >= 0x1E00 or script(character) == "latin"
        if len(parts) == 2 and parts[0] in LDH and latin and allowed(character):
            yield parts[0], character


def main(source: str) -> None:
    text = Path(source).read_text(encoding="utf-8-sig")
    found: dict[tuple[str, str, str], set[str]] = {}
    for letter, name, character in listed(text):
        found.setdefault((letter, name, "glyph"), set()).add(character)
    for letter, character in marked():
        found.setdefault((letter, "latin", "mark"), set()).add(character)
    for letter, character in by_name({character for characters in found.values() for character in characters}):
        if character not in found.get((letter, "latin", "glyph"), ()):
            found.setdefault((letter, "latin", "mark"), set()).add(character)
    for pair, character in LIGATURES.items():
        found[pair, "latin", "mark"] = {character}
    for letter, character in CYRILLIC.items():
        found.setdefault((letter, "cyrillic", "glyph"), set()).add(character)
    date = re.search(r"# Date: (\S+),", text)
    version = re.search(r"# Version: (\S+)", text)
    header = HEADER.format(date=date[1] if date else "?", version=version[1] if version else "?")
    body = [" ".join([*key, ordered(*key[:2], found[key])]) for key in sorted(found) if found[key]]
    replace(TARGET, header + "\n".join(body) + "\n", "utf-8")
    print(f"{TARGET.name}: {sum(map(len, found.values()))} code points")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
