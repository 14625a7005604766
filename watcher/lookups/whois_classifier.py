"""What kind of reply a WHOIS server gave: decided before any parser sees it, since parsers take silence for "free".

The order is the safe one. What shows a registration is registered whatever its terms of use say. A reply that says
"slow down" is throttled even when it says "no entries" as well (AFNIC does); only then may a phrase mean "not found".
What fits nothing is UNRECOGNISED, and so unknown.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from watcher.lookups.whois_lines import Line, lines


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


_THROTTLED = re.compile(
    r"wait \d+ (?:second|minute|hour)|too many (?:requests|queries|connections|lookups|simultaneous)"
    r"|(?:limit|quota|rate|allowance|maximum number of (?:queries|requests|connections))\b.{0,40}\b(?:exceeded"
    r"|reached)"
    r"|(?:exceeded|exceeding|reached|over)\b.{0,40}\b(?:limit|quota|allowance|rate|maximum|allowed|number of)"
    r"|only \d+ (?:request|quer)\w* per|try again (?:later|in|after)|request denied|connection refused"
    r"|access (?:has been )?(?:denied|control limit|blocked|restricted)|(?:ip|address|you) (?:\S+ )?"
    r"(?:is|are|has been|have been) (?:\w+ )?(?:blocked|banned|blacklisted|throttled|denied|blocklisted)"
    r"|throttl(?:ed|ing)|temporarily (?:blocked|denied|banned)|please (?:slow down|wait \d+)|slow down"
    r"|request (?:is )?(?:denied|blocked)|not authori[sz]ed ip",
    re.IGNORECASE,
)
_MAYBE_THROTTLED = re.compile(
    # Terms of use say these as well, so they count only where nothing else was said.
    r"excessive (?:query|querying|queries|requests|access)|quer(?:y|ies) rate|rate[- ]limit(?:ed|ing)?"
    r"|ip addresses +authori[sz]ed",
    re.IGNORECASE,
)
_UNAVAILABLE = re.compile(
    r"(?:temporarily|currently|momentarily) (?:\w+ )?(?:unavailable|down|offline|out of (?:service|order))"
    r"|(?:server|service|database|system|registry) (?:is |are )?(?:too |very )?(?:busy|down\b|unavailable"
    r"|offline|overloaded"
    r"|not available|under maintenance)"
    r"|(?:scheduled|under|undergoing|for) maintenance|internal (?:server )?error|database error|backend error"
    r"|unable to (?:process|complete|connect|query|contact)|could not (?:connect|process|contact)|can(?:no"
    r"|')t connect"
    r"|query (?:failed|timed out)|request (?:failed|timed out)|an error (?:has )?occurred|\btimed? ?out\b"
    r"|please (?:wait a while|try again)|55000000010",
    re.IGNORECASE,
)
_INVALID = re.compile(
    r"invalid (?:input|query(?! or domain name not known)|characters|domain|request|object|parameter|argument"
    r"|command)|status: *invalid\b"
    r"|contravenes|too few parts|(?:domain|name|syntax|query|request) (?:is |was )?(?:invalid|malformed"
    r"|incorrect|wrong)"
    r"|malformed|syntax error|bad (?:query|request)|(?:is )?not a valid|unsupported (?:query|domain|tld|request)"
    r"|(?:status: *)?this query is|^(?:status: *)?not (?:a )?(?:valid|allowed)|only accepts|no whois server"
    r"|has no whois server|tld is not supported|incorrect domain|not supported",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"\bno (?:\w+ )?(?:match(?:es|ing)?|data|entr(?:y|ies)|records?|objects?|results?|such (?:domain|name|object)"
    r"|domain records?|found)\b"
    r"|\bnot? ?found\b|object_not_found|no_se_encontro|no existe|no encontrado|nincs tal"
    r"|^(?:there is )?no information (?:was |is )?(?:available )?(?:found )?(?:about|for|on)\b"
    r"|\bnot (?:been |yet )?registe?red\b|^not known|name not known in|\bunregistered\b"
    r"|does(?: not|n't) exist|could not find|couldn't find|cannot find|do(?:es)? not have (?:an entry|any data"
    r"|any entry)"
    r"|nothing found|not available in our whois database|not in (?:our|the) database|returned 0 objects"
    r"|^(?:the )?(?:domain (?:name )?)?\"?[\w-]+(?:\.[\w-]+)+\.?\"? (?:is |appears to be )?(?:still )?"
    r"(?:free|available|avail)\b(?! (?:at|on|in|from|via)\b)"
    r"|^(?:is )?available for (?:registration|purchase)|domain is (?:free|available)\b|^available\.?$|^free\.?$"
    r"|등록되어 있지 않"
    r"|not delegated\.?$|no contact details",
    re.IGNORECASE,
)
_NOT_FOUND_STATUS = re.compile(
    r"(?:free|available|avail|no object found|not[ _]?registered|not[ _]?found|no[ _]match|unregistered|unassigned"
    r"|220 available|does not exist|not delegated)\b",
    re.IGNORECASE,
)
_RESERVED = re.compile(
    r"\breserved (?:by|name|domain|for)|(?:is|are|name|been|or is) (?:\w+ )?reserved\b|^reserved$|^restricted\b"
    r"|restricted (?:from|domain|name)|domain (?:name )?not available|^(?:the )?domain (?:\S+ )?(?:is"
    r"|name) not available"
    r"|not available for (?:\w+ level )?registration|^the domain .{0,80}\bis prohibited|prohibited string"
    r"|cannot be registered|can not be registered"
    r"|^blocked\b|registry[- ]reserved|premium name|name is (?:not allowed|blocked|restricted)"
    r"|not open for registration"
    r"|unassignable|in the (?:reserved|blocked) list",
    re.IGNORECASE,
)
_RESERVED_STATUS = re.compile(
    r"(?:reserved|unassignable|prohibited|restricted|blocked|premium|unavailable|not registrable|withheld)",
    re.IGNORECASE,
)
_INVALID_STATUS = re.compile(r"(?:invalid|not allowed|500 |this whois server does not)", re.IGNORECASE)
_STATEMENTS = (
    # Busy servers say "try again later" too: first the ones that name their trouble.
    (_UNAVAILABLE, ReplyKind.UNAVAILABLE),
    (_THROTTLED, ReplyKind.THROTTLED),
    (_INVALID, ReplyKind.INVALID),
    (_RESERVED, ReplyKind.RESERVED),
    (_NOT_FOUND, ReplyKind.NOT_FOUND),
    (_MAYBE_THROTTLED, ReplyKind.THROTTLED),
)
_STATUS_KEYS = frozenset({
    "status", "domain status", "query status", "query_status", "state", "registration status", "domain state",
    "estado / status", "availability",
})  # fmt: skip
_REGISTERED_STATUS = re.compile(
    r"(?:active|ok|registered|registrado|connect(?:ed)?|delegated|published|paid|in use|inactive|registriert|granted"
    r"|client|server|in quarantine|redemption|pending|hold|suspended|locked|expired|200 active|not available)\b",
    re.IGNORECASE,
)
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
    r"|登録年月日|ネームサーバ|組織名|등록인|등록일|책임자",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:terms|copyright|purposes?|you agree|lawful|rights|prohibited, |database\.|accuracy|notice|guarantee"
    r"|the right to)\b",
    re.IGNORECASE,
)
_LONG = 160
"""Characters: a statement about one domain is shorter, terms of use often are not."""
_EVIDENCE_ENOUGH = 2
_FEW_LINES = 3


def classify(text: str) -> ReplyKind:
    """The kind of `text`, a whole reply; linear in its length, bounded by what `whois_lines.bounded` lets through."""
    found = [line for line in lines(text) if line.text]
    if not found:
        return ReplyKind.UNAVAILABLE
    states = [line.value for line in found if line.key in _STATUS_KEYS and line.value and not line.comment]
    evidence = _evidence(found)
    if evidence < _EVIDENCE_ENOUGH:
        said = [line.text for line in found if len(line.text) <= _LONG and not _LEGAL.search(line.text)]
        # Too short to hold terms of use: what sounds like them is the refusal itself, and refusals are the safe side.
        refusals = [line.text for line in found] if len(found) <= _FEW_LINES else said
        kind = _by_state(states) or _by_statement(said, refusals)
        if kind is not None:
            return kind
    if any(_RESERVED_STATUS.match(state) for state in states):
        return ReplyKind.RESERVED
    registered = evidence > 0 or any(_REGISTERED_STATUS.match(state) for state in states)
    return ReplyKind.REGISTERED if registered else ReplyKind.UNRECOGNISED


def _by_state(states: Sequence[str]) -> ReplyKind | None:
    """The kind by what the reply calls the domain's status: the plainest statement there is."""
    if any(_INVALID_STATUS.match(state) for state in states):
        return ReplyKind.INVALID
    if any(_RESERVED_STATUS.match(state) for state in states):
        return ReplyKind.RESERVED
    return ReplyKind.NOT_FOUND if any(_NOT_FOUND_STATUS.match(state) for state in states) else None


def _by_statement(said: Sequence[str], refusals: Sequence[str]) -> ReplyKind | None:
    """The kind of a reply that shows no registration, by its phrases; `refusals` are the lines that may refuse us."""
    for pattern, kind in _STATEMENTS:
        if any(pattern.search(text) for text in (refusals if pattern in {_UNAVAILABLE, _THROTTLED} else said)):
            return kind
    return None


def _evidence(found: Sequence[Line]) -> int:
    """How many different things a reply says that only a registration has."""
    keys: set[str] = set()
    for index, line in enumerate(found):
        if line.comment or not line.key or len(line.text) > _LONG * 2:
            continue
        if not line.value and (index + 1 == len(found) or found[index + 1].comment):
            continue
        evident = _EVIDENCE.search(line.key)
        if evident is not None:
            keys.add(evident[0].lower())
    return len(keys)
