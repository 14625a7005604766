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
_NUMBERED = re.compile(r"\s*\d{1,2}[a-z]?[.)][ \t]+(?=[A-Za-z])")
_BRACKETED = re.compile(r"\s*(?:[a-z]\.? {0,3})?\[([^\]\[:]{1,40})\]\s*(.*)\Z")
_KEYED = re.compile(
    r"\s*([^\W\d_][\w /'’()&,#-]{0,50}?)(?:[ \t]*\.[. \t]*)?[ \t]*(?<!\b\d)(?<!\b\d\d):(?!//)[ \t.]*(.*)\Z"
    r"|\s*([^\W\d_][\w /'’()&,#-]{0,50}?)(?:[ \t]*\.[. \t]*)?[ \t]*(?<=\d):(?!//|\d\d(?!\d))[ \t.]*(.*)\Z"
)
"""A colon inside a time (`at 22:02`) ends no key."""
_DOTTED = re.compile(r"\s*([A-Za-z][\w /'()-]{1,40}?) ?#?(?:[ \t]?\.){3,}[ \t.:]*(\S.*)\Z")
_TABBED = re.compile(r"\s*([A-Za-z][\w /'()-]{1,40}?)(?:\t+| {4,})(\S.*)\Z")
_SPOKEN = re.compile(
    r"\s*((?:domain |record |entry |name |domain name )?(?:was )?(?:first )?(?:registered|created|updated"
    r"|expires?|expired|expiry|expiration"
    r"|changed|modified|activated|renewed|delegated|last[ -](?:updated?|modified|changed?|modification)"
    r"|record (?:created|expires|last updated)"
    r"|(?:creation|registration|expiration|expiry|renewal|activation|modification|update) date)(?: on| at"
    r"| until| by| date)?)"
    r"[ \t]+(?=[^\n]{0,30}\d)(\S.{4,60})\Z",
    re.IGNORECASE,
)
_SERVER = re.compile(
    r"\s*(n(?:ame)? ?servers?|nameserver|dns|domain servers?|registrar|(?:domain )?status|registrant"
    r"|organi[sz]ation|owner|holder|(?:primary|secondary) (?:name )?server)"
    r"(?:\t+| {2,})(\S.*)\Z|\s*(n(?:ame)? ?server|nserver)[ \t]+([\w-]+(?:\.[\w-]+)+\.?(?:[ \t].*)?)\Z",
    re.IGNORECASE,
)
_DELEGATED = re.compile(r"[\w-]{1,63} ((?:ns|dns)[\w-]*\.[\w-]+(?:\.[\w-]+)*\.?)\Z", re.IGNORECASE)
_HEADING = re.compile(
    r"(?:(?:domain |primary |secondary |authoritative |listed )?(?:name ?|dns ?"
    r"|domain )servers?(?: information| in listed order| list| details)?"
    r"|nservers?|dns|serveurs? (?:de noms|dns)|servidor(?:es)? (?:de nombres?|dns|de nomes?)|server dns|nameserver"
    r"|registrar(?: information| details| name)?|sponsoring registrar|registrant(?: information| details"
    r"| contact)?|owner|holder|titulaire|titular|bureau d['’]enregistrement"
    r"|(?:domain )?status(?:es)?|(?:date )?(?:created|registered|updated|expires|expiry|creation"
    r"|expiration)(?: on| date)?|(?:creation|registration|expiration|expiry) date|relevant dates?"
    r"|last (?:updated|modified)(?: on)?)\Z",
    re.IGNORECASE,
)


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
    """Yield the lines of a reply in order; blank ones are yielded with everything empty, they end sections."""
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
    numbered = _NUMBERED.match(content)
    content = content if numbered is None else content[numbered.end() :]
    for pattern in (_BRACKETED, _KEYED, _DOTTED, _TABBED, _SPOKEN, _SERVER):
        match = pattern.match(content)
        if match is not None:
            key, value = (group for group in match.groups() if group is not None)
            return " ".join(key.lower().replace("#", " ").split()), value.strip()
    stripped = content.strip()
    if _HEADING.match(stripped):
        return " ".join(stripped.lower().split()), ""
    delegated = _DELEGATED.match(stripped)
    return ("", stripped) if delegated is None else ("name server", delegated[1])
