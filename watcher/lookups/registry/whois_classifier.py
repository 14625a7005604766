"""The kind of a WHOIS server's reply: decided before any parser sees it, since parsers take silence for "free".

The order is the safe one. A reply that shows a registration is registered, whatever its terms of use say. A reply that
says "slow down" is throttled even when it says "no entries" as well (AFNIC does). Then only may a phrase mean "not
found". A reply that fits nothing is UNRECOGNISED, and so unknown. Names and addresses are masked before phrases
are looked for.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum

from watcher.lookups.registry import whois_phrases as phrases
from watcher.lookups.registry.whois_lines import Line, bounded, lines
from watcher.lookups.registry.whois_mask import masked


class ReplyKind(StrEnum):
    """The kinds of reply; only NOT_FOUND means that the domain is not registered."""

    REGISTERED = "registered"
    NOT_FOUND = "not-found"
    RESERVED = "reserved"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    """The server does not take the name: too few labels, a suffix it does not serve, wrong syntax."""
    UNRECOGNISED = "unrecognised"


_EVIDENCE = re.compile(
    r"\bregistrar\b|\bregistar\b|created|creation|activated|\bconnected\b|registered(?: on| date|$)"
    r"|registration (?:date|time)"
    r"|date[_ ]?(?:renewal|approved|of registration|registered)|first regist|expir|renewal|valid until|paid-till"
    r"|validity"
    r"|last[- ]?(?:update|modified)|^updated?\b|^modified\b|^changed\b|updated date"
    r"|n(?:ame)?[ _-]?servers?\b|nserver|^dns ?\d?$|domain (?:name ?)?servers?\b|(?:primary|secondary) server"
    r"|^ns[ _]?\d|hostname|\bregistrant\b|\bholder\b|\bowner\b|titular|titulaire|org-?name|^organi[sz]ation\b"
    r"|^person$"
    r"|^descr$|admin(?:istrative)?[- ](?:c$|contact|name|id)|tech(?:nical)?[- ](?:c$|contact|name|id)|nsset|nic-hdl"
    r"|enregistrement|cr[eé]ation|date d['’]expiration|date de|serveurs? (?:de noms|dns)|fecha"
    r"|creaci[oó]n|vencimiento|registrador|servidor"
    r"|data (?:de|rejestracji|registrace)|erstellt|registriert|inhaber|utworzon|vlastn[ií]k|activation"
    r"|登録年月日|ネームサーバ|組織名|등록인|등록일|책임자",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:terms|copyright|purposes?|you agree|lawful|rights|prohibited, |database\.|accuracy|notice|guarantee"
    r"|the right to)\b",
    re.IGNORECASE,
)
_AGREED = re.compile(r"you agree|by submitting|terms of (?:use|service)|terms and conditions", re.IGNORECASE)
_LONG = 160
"""Characters: a statement about one domain is shorter, terms of use often are not."""
_EVIDENCE_ENOUGH = 2
_FEW_LINES = 3
_SHORT = 60


_STATUS_KEYS = frozenset({
    "status", "domain status", "query status", "query_status", "state", "registration status", "domain state",
    "estado / status", "availability", "estado", "statut", "état", "etat", "domain name status", "状態", "ステータス",
    "status of domain", "domain_status", "domainstatus", "zustand", "stav", "result", "domain availability",
})  # fmt: skip
_STATED = {phrases.STATUS_INVALID: ReplyKind.INVALID, phrases.STATUS_RESERVED: ReplyKind.RESERVED}
_EMPTY = re.compile(
    r"[\W_]*(?:none|n/?a|null|not (?:set|available|applicable|defined)|unknown|empty|-+)?[\W_]*\Z", re.IGNORECASE
)


def classify(text: str, domain: str = "") -> ReplyKind:
    """Return the kind of `text`, a whole reply about `domain` (A-labels).

    Linear in the length of `text`, which `whois_lines.bounded` cuts.
    """
    paragraphs = list(_paragraphs(lines(masked(bounded(text), domain))))
    found = [line for paragraph in paragraphs for line in paragraph]
    if not found:
        return ReplyKind.UNAVAILABLE
    states = [line.value for line in found if line.key in _STATUS_KEYS and line.value and not line.comment]
    evidence = _evidence(found)
    if evidence < _EVIDENCE_ENOUGH:
        said = [line.text for paragraph in paragraphs for line in _statements(paragraph)]
        # Too short to hold terms of use: what sounds like them is the refusal itself, and refusals are the safe side.
        few = len(found) <= _FEW_LINES
        refusals = [line.text for line in found if not _AGREED.search(line.text)] if few else said
        kind = _by_state(states, evidence) or _by_statement(said, refusals)
        if kind is not None:
            return kind
    if any(phrases.STATUS_RESERVED.match(state) for state in states):
        return ReplyKind.RESERVED
    registered = evidence > 0 or any(phrases.STATUS_REGISTERED.match(state) for state in states)
    return ReplyKind.REGISTERED if registered else ReplyKind.UNRECOGNISED


def is_bare(text: str) -> bool:
    """Return whether a reply is very short and has no field: a server that says so of name after name refuses us."""
    found = [line for line in lines(text[: _BARE_LENGTH * 4]) if line.text]
    return len(text.strip()) <= _BARE_LENGTH and not any(line.key and line.value for line in found)


def requested_wait(text: str) -> timedelta | None:
    """Return the wait that a throttling reply names, at most a day; None where it names none."""
    match = _WAIT.search(bounded(text))
    if match is None:
        return None
    seconds = int(match["number"][:6]) * next(
        factor for unit, factor in _UNITS.items() if match["unit"].lower().startswith(unit)
    )
    return timedelta(seconds=max(1, min(seconds, _LONGEST_WAIT)))


_BARE_LENGTH = 120
_LONGEST_WAIT = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WAIT = re.compile(
    r"(?:wait|away|retry|again|replenished|period|leave|pause|sleep|blocked|least|next|come back|delay"
    r"|after|banned|denied|expires?)\b"
    r"[^.\n\d]{0,60}(?P<number>\d{1,12})[ -]?(?P<unit>s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?"
    r"|h(?:(?:ou)?rs?)?|d(?:ays?)?)\b",
    re.IGNORECASE,
)


def _by_state(states: Sequence[str], evidence: int) -> ReplyKind | None:
    """Return the kind by what the reply calls the domain's status: the plainest statement there is."""
    for pattern, kind in _STATED.items():
        if any(pattern.match(state) for state in states):
            return kind
    free = [state for state in states if phrases.STATUS_NOT_FOUND.match(state)]
    if free and not any(phrases.THROTTLED.search(state) or phrases.UNAVAILABLE.search(state) for state in free):
        return ReplyKind.NOT_FOUND
    # One fact and a status that only registrations have is a registration, whatever else is said below.
    registered = evidence and any(phrases.STATUS_REGISTERED.match(state) for state in states)
    return ReplyKind.REGISTERED if registered else None


def _by_statement(said: Sequence[str], refusals: Sequence[str]) -> ReplyKind | None:
    """Return the kind of a reply without a registration, by its phrases; `refusals` are lines that may refuse us."""
    errors = [text for text in said if phrases.ERROR_LINE.match(text)]
    plain = [text for text in errors if phrases.NOT_FOUND_ERROR.match(text)]
    stated = (
        (phrases.UNAVAILABLE, [text for text in refusals if text not in plain], ReplyKind.UNAVAILABLE),
        (phrases.THROTTLED, refusals, ReplyKind.THROTTLED),
        (phrases.INVALID, said, ReplyKind.INVALID),
        (phrases.RESERVED, said, ReplyKind.RESERVED),
        (phrases.NOT_FOUND_ERROR, errors, ReplyKind.NOT_FOUND),
        (phrases.ERROR_LINE, errors, ReplyKind.UNAVAILABLE),  # any other error is never "not found"
        (phrases.NOT_FOUND, said, ReplyKind.NOT_FOUND),
        (phrases.MAYBE_INVALID, said, ReplyKind.INVALID),
        (phrases.MAYBE_THROTTLED, said, ReplyKind.THROTTLED),
    )
    return next((kind for pattern, texts, kind in stated if any(pattern.search(text) for text in texts)), None)


def _paragraphs(found: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield the lines between blank ones; comments are paragraphs of their own."""
    paragraph: list[Line] = []
    for line in found:
        if paragraph and (not line.text or line.comment is not paragraph[-1].comment):
            yield paragraph
            paragraph = []
        if line.text:
            paragraph.append(line)
    if paragraph:
        yield paragraph


def _statements(paragraph: Sequence[Line]) -> Sequence[Line]:
    """Return the lines of a paragraph that speak of one domain.

    Terms of use speak of limits, denials and availability in general. A short line may stand right above them.
    """
    legal = [len(line.text) > _LONG or _LEGAL.search(line.text) is not None for line in paragraph]
    if not any(legal) or (len(paragraph) < _FEW_LINES and not all(legal)):
        return [line for line, is_legal in zip(paragraph, legal, strict=True) if not is_legal]
    return paragraph[:1] if not legal[0] and len(paragraph[0].text) <= _SHORT else ()


def _evidence(found: Sequence[Line]) -> int:
    """Count the different things in a reply that only a registration has."""
    keys: set[str] = set()
    for line, value in _filled(found):
        evident = _EVIDENCE.search(line.key)
        if evident is not None and not _EMPTY.match(value):
            keys.add(evident[0].lower())
    return len(keys)


def _filled(found: Sequence[Line]) -> Iterator[tuple[Line, str]]:
    """Yield the lines with a key, each with its value, which may stand in the line below."""
    for index, line in enumerate(found):
        if line.comment or not line.key or len(line.text) > _LONG * 2:
            continue
        below = found[index + 1] if index + 1 < len(found) else None
        if line.value:
            yield line, line.value
        elif below is not None and not below.comment:
            yield line, below.text
