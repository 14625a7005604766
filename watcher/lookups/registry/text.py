"""Registry text made safe and comparable: clean strings, host names, times, EPP statuses, mail addresses.

Everything a registry sends passes through here before it becomes a fact. All functions are pure, linear in their
input, and say None where nothing usable is left.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from watcher.core.errors import InvalidName
from watcher.core.names import names

MOST_TEXT = 200
"""Characters kept of any one text."""
MOST_NAMESERVERS = 32
MOST_STATUSES = 32

_WITHHELD = re.compile(
    r"redacted|not disclosed|non[- ]disclosed|data protected|withheld|statutory masking|gdpr|privacy"
    r"|not shown|non[- ]publi|hidden|^-+$|^n/?a\.?$|^none$|^null$|^nil$|^unknown$|^not applicable$|^private person$",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{3,253}\Z")
_PHONE = re.compile(r"[+0-9][0-9 .()/x-]{4,30}\Z")
_EXTENSION = re.compile(r"[ ,;]{0,3}(?:;ext=|ext(?:ension)?\.?:?|x|#)[ ]?\d{1,8}\Z", re.IGNORECASE)
_URL_TAIL = re.compile(r"[\s(]*https?://\S*.*\Z", re.DOTALL)
_PARENTHESES = re.compile(r"\([^()]{0,120}\)")
_PARTS = re.compile(r"\s+[-/|–—]+\s+|[,;|]|\s*<br */?>\s*")
_BY_WHOM = re.compile(r" by (?:the |its )?(?:registry|registrar|registrant|reseller|owner|operator|court)\Z")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_STATUSES = frozenset(
    {
        "active", "add period", "associated", "auto renew period", "client delete prohibited", "client hold",
        "client renew prohibited", "client transfer prohibited", "client update prohibited", "inactive", "locked",
        "pending create", "pending delete", "pending renew", "pending restore", "pending transfer", "pending update",
        "redemption period", "renew period", "server delete prohibited", "server hold", "server renew prohibited",
        "server transfer prohibited", "server update prohibited", "transfer period", "reserved",
    }
)  # fmt: skip
_JOINED = {status.replace(" ", ""): status for status in _STATUSES}
"""`CLIENTHOLD` in a registry that writes all in capitals."""
_OTHER_SPELLINGS = {
    "ok": "active",
    "linked": "associated",
    "redemption": "redemption period",
    "redemption grace period": "redemption period",
    "redemptionperiod": "redemption period",
    "pendingdelete": "pending delete",
    "pending delete restorable": "redemption period",
    "autorenewperiod": "auto renew period",
    "clienthold": "client hold",
    "serverhold": "server hold",
    "registry hold": "server hold",
    "registrar hold": "client hold",
    "registry lock": "locked",
    "registrar lock": "client transfer prohibited",
    "hold": "server hold",
    "on hold": "server hold",
    "dns hold": "server hold",
    "suspended": "server hold",
    "to be suspended": "pending delete",
    "blocked": "server hold",
    "frozen": "server hold",
    "disabled": "server hold",
    "deactivated": "server hold",
    "deleted": "pending delete",
    "to be deleted": "pending delete",
    "cancelled": "pending delete",
    "pending deletion": "pending delete",
    "pending purge": "pending delete",
    "pending release": "pending delete",
    "quarantine": "redemption period",
    "in quarantine": "redemption period",
    "redeemable": "redemption period",
    "in redemption": "redemption period",
    "redemption grace": "redemption period",
    "pending delete restoreable": "redemption period",
    "pending delete redemption": "redemption period",
    "restorable": "redemption period",
    "not delegated": "inactive",
    "no delegation": "inactive",
    "not in zone": "inactive",
    "no zone": "inactive",
    "not published": "inactive",
    "not active": "inactive",
    "no nameservers": "inactive",
}
"""Registries' own words. One for a hold, a deletion or a missing delegation must not be lost: it arms a name (M06)."""


def clean(value: object, most: int = MOST_TEXT) -> str | None:
    """One line without control, format or unassigned characters, white space folded; None when nothing is left."""
    if not isinstance(value, str):
        return None
    kept = "".join(
        " " if character.isspace() else character
        for character in value[: most * 4]
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    return " ".join(kept.split())[:most].strip() or None


def disclosed(value: object) -> str | None:
    """`clean`, and None as well for what registries write where a fact is withheld."""
    text = clean(value)
    return None if text is None or _WITHHELD.search(text) else text


_WORDS_OF_ORGANISATIONS = """
    ab ag agency army as asa association authority bv bvba center centre city club co co-op
    college commission committee company consulting corp corporation council department dept e.v eg ev
    federation foundation gesellschaft gmbh government group hf holding holdings hosting inc
    incorporated institute international internet k.k kft kg limited llc llp ltd ltda media ministry n.v
    network networks nv office ohg oy oyj partners plc pte pty pvt registry s.a s.l s.p.a s.r.l sa sarl
    sas school services sia society software solutions sp spa spol srl stiftung studio systems
    technologies technology trust ug union university verein verlag
"""
_OF_ORGANISATIONS = frozenset(_WORDS_OF_ORGANISATIONS.split())
"""Words and legal forms that no person's name has."""


def organisation(value: object, names: Collection[str] = ()) -> str | None:
    """Return an organisation; None where it repeats one of the contact's `names` and may be a person.

    Registrars put the person's name in the organisation's place where there is none.
    """
    text = disclosed(value)
    if text is None:
        return None
    plain = _plain(text)
    if plain in {_plain(name) for name in names}:
        words = {word.strip(".") for word in text.casefold().replace(",", " ").split()}
        if words.isdisjoint(_OF_ORGANISATIONS) and not any(character.isdigit() for character in text):
            return None
    return text


def _plain(text: str) -> tuple[str, ...]:
    """Return the words of a name in no order: `Roe, Jane` is `Jane Roe`."""
    return tuple(sorted("".join(c if c.isalnum() else " " for c in text.casefold()).split()))


def host_name(value: object) -> str | None:
    """Return an A-label name without final dot, or None for what is no name of at least two labels."""
    text = clean(value, 254)
    if text is None or "@" in text or "/" in text or ":" in text:
        return None
    try:
        name = names.parse(text)
    except InvalidName:
        return None
    return name if "." in name and not set(name.split(".")) <= _PLACEHOLDERS else None


_WORDS_OF_PLACEHOLDERS = """
    a assigned available be defined delegated hidden n na nameserver nameservers no none not ns null set specified tba
    to undefined unknown unspecified
"""
_PLACEHOLDERS = frozenset(_WORDS_OF_PLACEHOLDERS.split())
"""The labels of names such as `not.defined`, written where there is none."""


def country(value: object) -> str | None:
    """Return a country: its two letters in upper case, or a short name as the registry wrote it."""
    text = disclosed(value)
    if text is None:
        return None
    return text.upper() if len(text) == 2 else text[:60]  # noqa: PLR2004 (ISO 3166-1 alpha-2)


def mail_address(value: object) -> str | None:
    """Return a plain mail address, domain in lower case."""
    text = clean(value, 320)
    if text is None:
        return None
    text = text.removeprefix("mailto:")
    if not _MAIL.match(text):
        return None
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def phone(value: object) -> str | None:
    """Return a telephone number as the registry wrote it."""
    text = clean(value, 40)
    if text is None:
        return None
    text = text.removeprefix("tel:").removeprefix("Tel:").strip()
    return text if _PHONE.match(_EXTENSION.sub("", text)) else None


def status(value: object) -> str | None:
    """Return the first EPP status in `value`, in RDAP's spelling; None where there is none."""
    return next(iter(statuses(value)), None)


def statuses(value: object) -> tuple[str, ...]:
    """EPP statuses in RDAP's spelling (RFC 8056): `clientHold https://icann.org/epp#clientHold` is `client hold`.

    One value may hold several, and an explanation: `inactive / clientHold`, `clientHold - not in the zone`. What is no
    EPP status is left out: registries' own words are not comparable.
    """
    text = clean(value)
    if text is None:
        return ()
    text = _PARENTHESES.sub(" ", _URL_TAIL.sub("", text))
    whole = _status(text)
    if whole is not None:
        return (whole,)
    found: list[str] = []
    for part in _PARTS.split(text):
        known = _status(part)
        words = [known] if known is not None else [_status(word) for word in part.split() if _CAMEL.search(word)]
        found += [word for word in words if word is not None]
    return tuple(dict.fromkeys(found))


def _status(text: str) -> str | None:
    spelled = " ".join(_CAMEL.sub(" ", text).replace("_", " ").replace("-", " ").lower().strip(" .,;:!*").split())
    spelled = _BY_WHOM.sub("", spelled.removeprefix("domain ").removeprefix("is "))
    spelled = _OTHER_SPELLINGS.get(spelled, _JOINED.get(spelled, spelled))
    return spelled if spelled in _STATUSES else None


def time(value: object) -> datetime | None:
    """Return an RFC 3339 time as aware UTC; without zone it counts as UTC (registries omit it), a date as midnight."""
    text = clean(value, 40)
    if text is None:
        return None
    text = text.replace(",", ".")
    if "W" in text.upper():  # `2020-W05` is a week
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return utc(at)


def utc(at: datetime) -> datetime | None:
    """`at` as aware UTC; None when it is absurd (before 1980 or after 3000), which only broken data say."""
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    at = at.replace(microsecond=0)  # registries differ in whether they write fractions
    return at if 1980 <= at.year <= 3000 else None  # noqa: PLR2004 (the first domain is of 1985; 9999 means "never")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return the wait that a Retry-After header asks for, in seconds or as a date, within one second and one day."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), 86400))
    else:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 (rarely needed, and it is heavy)

        try:
            at = parsedate_to_datetime(text[:60])
        except (ValueError, TypeError, OverflowError):
            return None
        wait = (at.replace(tzinfo=UTC) if at.tzinfo is None else at) - now
    return max(timedelta(seconds=1), min(wait, timedelta(days=1)))
