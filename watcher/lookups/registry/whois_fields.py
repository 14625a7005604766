"""Our own reading of a WHOIS reply's fields, for the registries that python-whois has no rules for.

It reads `whois_lines` only, so a reply cannot make it slow. What it finds fills the gaps that python-whois leaves.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from dateutil import parser as dates

from watcher.lookups.registry import text as registry_text
from watcher.lookups.registry.whois_lines import Line, lines

_CREATED = re.compile(
    r"^activation\b|date de cr[eé]ation|cr[eé]{1,2}e? le|date d['’]enregistrement|^creado|^criado"
    r"|fecha de (?:alta|activaci)|data (?:de )?(?:cria|registr)|^registriert am|^erstellt|^utworzon"
    r"|^datum registrace|^commencement|^first registered|^entry created|"
    r"creation date|^registration$|^acivated|fecha de registro"
    r"|^created?\b(?!.*by)|created (?:on|date)|record created|^registered(?: on| date|$)"
    r"|registration (?:date|time)"
    r"|date (?:of )?registration|activated|connected|^registered$|domain create|fecha de creaci|data de registo"
    r"|登録年月日"
    r"|接続年月日|등록일|registered date|^assigned|registerd|domain registered|registar created|date_approved"
    r"|date registered",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"derni[eè]re (?:modification|mise)|modifi[eé]e? le|mise [aà] jour|^actualizado|[uú]ltima modifica"
    r"|letzte [aä]nderung|^zmieniono|^entry updated|"
    r"updated? ?(?:date|on)|^updated\b(?!.*by)|^(?:domain |record )?(?:last )?(?:changed|modified|modification date)"
    r"|last[- _]?(?:updated?|modified|changed)(?: date| on|$)|domain record last updated|ultima (?:actualizaci"
    r"|modificaci)"
    r"|最終更新|최근 정보 변경일|^modif|last_modified|^update date",
    re.IGNORECASE,
)
_EXPIRES = re.compile(
    r"date d['’]expiration|expire le|^caduca|^vence|fecha de (?:caduc|expir)|data (?:de )?(?:expir|venc"
    r"|scad)|^ablauf|^paid till|^wygasa|"
    r"(?<!option )expir|^exp date|paid-till|valid[- ](?:until|date)|^validity|fecha de vencimiento|^expire|有効期限"
    r"|사용 종료일"
    r"|valid to|data de expira|^anniversary",
    re.IGNORECASE,
)
_RENEWAL = re.compile(r"^renew(?: by| date|al)|renewal date|date_renewal", re.IGNORECASE)
_REGISTRAR = re.compile(
    r"^bureau d['’]enregistrement|^agente registrador|^registrador|^entidade gestora|^registrierungsstelle|"
    r"^(?:sponsoring |current |registry )?regist(?:r)?ar(?: name|_name|-name| organi[sz]ation)?$"
    r"|^registration service provider"
    r"|^authorized agency|^current registar|^sponsoring registrar$|^support$|^created by registrar$",
    re.IGNORECASE,
)
_NAMESERVER = re.compile(
    r"serveurs? (?:de noms?|dns)|servidor(?:es)?(?: de)? (?:nombres?|nomes?|dns)|server dns|^servers?$|"
    r"\bn(?:ame)?[ _-]?servers?\b|^nserver|^dns(?: ?\d| servers?|_name)?$"
    r"|^(?:domain )?servers? (?:in listed order|name)"
    r"|domain (?:name ?)?servers?\b"
    r"|(?:primary|secondary|third|fourth) server(?:$| host)|^ns[ _]?\d+(?:_hostname)?$|^hostname$|^host ?name$"
    r"|ネームサーバ|호스트이름"
    r"|servidor\(es\) de nombres|^ns$|^nserver|servidores de nombre",
    re.IGNORECASE,
)
_NOT_NAMESERVER = re.compile(
    r"(?:\bip|address|country|whois|tech|dnssec|email|phone|status|handle|obsoleted)", re.IGNORECASE
)
_STATUS = re.compile(
    r"^statut$|^[eé]tat$|^estado$|^stav$|^epp status$|^status code$|^domain state$|^domain_status$|"
    r"^(?:domain |registration )?status$|^status \[\d+\]$|^eppstatus$|^state$|^estado / status$|ステータス|状態",
    re.IGNORECASE,
)
_IANA_ID = re.compile(r"^(?:sponsoring )?registrar iana id$", re.IGNORECASE)
_ABUSE_MAIL = re.compile(
    r"abuse.{0,20}(?:e-?mail|mail)|^registrar abuse contact$|^abuse-mailbox$|^anti-abuse", re.IGNORECASE
)
_ABUSE_PHONE = re.compile(r"abuse.{0,20}(?:phone|tel)", re.IGNORECASE)
_ORGANISATION = re.compile(
    r"^registrant(?: contact)?(?:'s)? organi[sz]ation(?: name)?$|^registrant_organization|^owner organi[sz]ation"
    r"|^org-name$",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"^(?:registrant|owner|admin|tech)(?: contact)?(?:'s)?(?:[ _-]name)?$|^person$|^holder$", re.IGNORECASE
)
_COUNTRY = re.compile(
    r"^registrant(?: contact)?(?:'s)? country(?: code|/economy)?$|^owner country(?: code)?$", re.IGNORECASE
)
_SECTION_NAME = re.compile(r"^(?:name|organi[sz]ation|organi[sz]ation name|registrar|registrar name)$", re.IGNORECASE)
_SUSPENDED = re.compile(
    r"(?:registration|domain|name) (?:has been|is|was) (?:currently )?(?:suspended|on hold|deactivated)", re.IGNORECASE
)
_SHORT_LINE = 90
_PARENTHESIS = re.compile(r"\([^()]{0,60}\)")
_MONTH_FIRST_SUFFIXES = ("us", "ph", "to", "edu", "tk")
_HANDLE = re.compile(r"(?=[^ ]*[-._\d])[\w.-]{3,40}\Z|[A-Z0-9]{3,20}\Z")
_HANDLE_KEY = re.compile(
    r"(?:sponsoring )?registrar(?: id| handle)?\Z|handle\Z|nic-hdl\Z|id\Z|contact\Z|mntner\Z", re.IGNORECASE
)
_HANDLE_NAME = re.compile(r"(?:registrar )?(?:organi[sz]ation|org|org-name|name|company)\Z", re.IGNORECASE)
_REGISTRAR_TAIL = re.compile(r"(?:\s*\((?:R?\d[\w-]*)\)|\s*\[Tag = [^\]]*\]|\s+R\d+-[A-Z]+)\Z")
_TRADING_AS = " t/a "
_UNTIL = re.compile(r"(?:until|connected)[ (]+(\d[\d/.-]{7,18})", re.IGNORECASE)
_LAST_DAY = re.compile(r"(?<!\d)((?:19|20)\d{6})(\d{6})?(?!\d)[^\d]*\Z")


@dataclass(frozen=True, slots=True)
class WhoisFields:
    """The fields of a WHOIS reply; None or empty where the reply does not say it."""

    registrar: str | None = None
    registrar_iana_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None
    statuses: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    registrant_organisation: str | None = None
    registrant_country: str | None = None
    abuse_email: str | None = None
    abuse_phone: str | None = None
    words: tuple[str, ...] = field(default=())
    """The statuses as written, for those who compare with a registry's own words."""


def read_fields(domain: str, text: str) -> WhoisFields:
    """Return the fields of `text`, a reply about `domain`; never raises."""
    found = _own_record(list(lines(text)), domain)
    values = _values(found)
    day_first = not domain.endswith(tuple("." + suffix for suffix in _MONTH_FIRST_SUFFIXES))

    def at(pattern: re.Pattern[str]) -> datetime | None:
        return next(
            (time for key, value in values if pattern.search(key) if (time := date(value, key, day_first))), None
        )

    def first(pattern: re.Pattern[str]) -> str | None:
        return next(
            (text for key, value in values if pattern.search(key) if (text := registry_text.disclosed(value))), None
        )

    words = tuple(value for key, value in values if _STATUS.search(key))
    said = [line.text for line in found if _SUSPENDED.search(line.text) and len(line.text) < _SHORT_LINE]
    held = [value for key, value in values if key in {"hold", "domain hold"} and value.lower().startswith(("y", "on"))]
    statuses = {status for word in words for status in registry_text.statuses(word)}
    statuses |= {"server hold"} if said or held else set()
    return WhoisFields(
        registrar=_registrar_name(_by_handle(found, first(_REGISTRAR)) or _in_section(found, "registrar")),
        registrar_iana_id=_digits(first(_IANA_ID)),
        created_at=at(_CREATED),
        updated_at=_newest(found, at(_UPDATED), day_first=day_first),
        expires_at=at(_EXPIRES) or at(_RENEWAL) or _until(words),
        statuses=tuple(sorted(statuses)[: registry_text.MOST_STATUSES]),
        nameservers=_nameservers(found, domain),
        registrant_organisation=registry_text.organisation(
            first(_ORGANISATION), [value for key, value in values if _PERSON.search(key)]
        ),
        registrant_country=registry_text.country(first(_COUNTRY)),
        abuse_email=next(
            (m for key, value in values if _ABUSE_MAIL.search(key) if (m := registry_text.mail_address(value))), None
        ),
        abuse_phone=next(
            (p for key, value in values if _ABUSE_PHONE.search(key) if (p := registry_text.phone(value))), None
        ),
        words=words,
    )


def date(value: str, key: str = "", day_first: bool = True) -> datetime | None:
    """Return the time in a registry's date, aware UTC (no zone: as if UTC); None without day, month or year."""
    text = value.strip().strip("\"'").rstrip(".")
    if not text or not any(character.isdigit() for character in text) or len(text) > 60:  # noqa: PLR2004
        return None
    text = text.partition("#")[0]
    if _VAGUE.search(text):
        return None
    last = _LAST_DAY.search(text)
    if last is not None:  # `registrar AT ns.il 20140116 (Changed)`, `0-UANIC 20020903000000`
        text = f"{last[1]}T{last[2] or '000000'}"
    if not re.search(r"\d{4}", text) and not re.search(r"\d[./-]\d", text):
        return None
    lowered = key.lower()
    if "mm/dd" in lowered or "month/day" in lowered:
        day_first = False
    iso = registry_text.time(text)
    if iso is not None:
        return iso
    text = _ZONE_BEFORE_OFFSET.sub(" ", text)  # dateutil reads `UTC+8` by POSIX, where the sign is the other way round
    for bare in (text.replace("(", " ").replace(")", " ").strip(), _PARENTHESIS.sub(" ", text).strip()):
        at = _whole_date(bare, day_first=day_first)
        if at is not None:
            return registry_text.utc(at)
    return None


def _whole_date(text: str, *, day_first: bool) -> datetime | None:
    """Return the date that `text` says by itself: nothing is filled in but the time of day."""
    year_first = bool(re.match(r"\d{4}", text))
    found = []
    for default in _DEFAULTS:
        try:
            found.append(
                dates.parse(
                    text, dayfirst=day_first and not year_first, yearfirst=year_first, tzinfos=_zone, default=default
                )
            )
        except (ValueError, OverflowError, TypeError, AttributeError):
            return None
    return found[0] if found[0] == found[1] else None


_DEFAULTS = (datetime(2000, 1, 1), datetime(2003, 11, 17))  # noqa: DTZ001 (they fill in what a text leaves out)
_VAGUE = re.compile(r"\b(?:before|prior|until before|vor|avant|antes|older|circa|approx)", re.IGNORECASE)
_HOUR = 3600
_ZONES = {
    "CLT": -4 * _HOUR, "CLST": -3 * _HOUR, "JST": 9 * _HOUR, "KST": 9 * _HOUR, "MSK": 3 * _HOUR, "MSD": 4 * _HOUR,
    "EET": 2 * _HOUR, "EEST": 3 * _HOUR, "CET": _HOUR, "CEST": 2 * _HOUR, "BST": _HOUR, "EST": -5 * _HOUR,
    "EDT": -4 * _HOUR, "PST": -8 * _HOUR, "PDT": -7 * _HOUR, "BRT": -3 * _HOUR, "HKT": 8 * _HOUR, "SGT": 8 * _HOUR,
    "IST": 2 * _HOUR, "NZST": 12 * _HOUR, "NZDT": 13 * _HOUR, "AEST": 10 * _HOUR,
}  # fmt: skip

_ZONE_BEFORE_OFFSET = re.compile(rf"\b(?:UTC|GMT|BRST|{'|'.join(_ZONES)})\s?(?=[+-]\d{{1,2}}(?::?\d\d)?\b)")


def _zone(name: str | None, offset: int | None) -> tzinfo:
    """Return a zone from its offset, or from a name that registries use; anything else counts as UTC."""
    seconds = offset if offset is not None else _ZONES.get((name or "").upper(), 0)
    return timezone(timedelta(seconds=seconds)) if abs(seconds) < 24 * _HOUR else UTC


def _own_record(found: list[Line], domain: str) -> list[Line]:
    """Return the lines from the domain's own record on, where those of other names stand before it."""
    start = next((at for at, line in enumerate(found) if _named(line) == domain), 0)
    others = any(line.key in {"server name", "domain name"} for line in found[:start])
    return found[start:] if others else found


def _named(line: Line) -> str | None:
    return registry_text.host_name(line.value) if line.key in {"domain name", "domain"} and not line.comment else None


def _by_handle(found: Sequence[Line], registrar: str | None) -> str | None:
    """Return the registrar's name, where its line holds a handle and a record of that handle stands below."""
    if registrar is None or not _HANDLE.match(registrar):
        return registrar
    inside = False
    seen = 0
    first = True
    for line in found:
        if not line.text:
            inside = False
        elif not line.comment and line.value == registrar and _HANDLE_KEY.match(line.key):
            seen += 1
            inside = first or seen > 1 or not _REGISTRAR.search(line.key)
        elif inside and _HANDLE_NAME.match(line.key) and (name := registry_text.disclosed(line.value)) is not None:
            return name
        first = not line.text or line.comment
    return registrar


def _newest(found: Sequence[Line], first: datetime | None, *, day_first: bool) -> datetime | None:
    """Return the newest of the `changed` lines that stand together with `first`'s; contacts have their own below."""
    newest = first
    seen = False
    for line in found:
        if not line.text and seen:
            break
        if line.key == "changed" and (at := date(line.value, line.key, day_first)) is not None:
            seen = True
            newest = max(newest or at, at)
    return newest


def _values(found: Sequence[Line]) -> list[tuple[str, str]]:
    """Key and value of each line; a key without value takes the next line when that has no key of its own."""
    values: list[tuple[str, str]] = []
    for index, line in enumerate(found):
        if not line.key or line.comment:
            continue
        value = line.value
        if not value and index + 1 < len(found) and not found[index + 1].key:
            value = found[index + 1].text
        if value:
            values.append((line.key, value))
    return values


def _in_section(found: Iterable[Line], section: str) -> str | None:
    """Return the name in a section such as `Registrar:` with indented `Name: ...` below."""
    for line in found:
        if line.section == section and line.value and _SECTION_NAME.search(line.key):
            return registry_text.disclosed(line.value)
    return None


def _nameservers(found: Sequence[Line], domain: str) -> tuple[str, ...]:
    names: list[str] = []
    inside = False
    for line, following in zip(found, (*found[1:], None), strict=True):
        if not line.text:
            inside = inside and not names
            continue
        if line.comment:
            continue
        if line.key and _NAMESERVER.search(line.key) and not _NOT_NAMESERVER.search(line.key):
            inside = True
            if not _is_handle_of_host(line, following, domain):
                names.extend(_hosts(line.value, domain))
        elif inside:
            more = _hosts(line.text.removeprefix("- "), domain) if not line.key else []
            if not more:
                inside = False
            names.extend(more)
    return tuple(sorted(set(names)))[: registry_text.MOST_NAMESERVERS]


def _is_handle_of_host(line: Line, following: Line | None, domain: str) -> bool:
    """Return whether the value is the registry's handle for a host that the next line names: `NS1GOOG0.SER`."""
    handle = _HOST_HANDLE.match(line.value) is not None
    return handle and following is not None and not following.key and bool(_hosts(following.text, domain))


_HOST_HANDLE = re.compile(r"[A-Z0-9-]{3,30}\.[A-Z]{3}\Z")
_ZONE_LINE = re.compile(r"\S+\s+(?:\d+\s+)?(?:IN\s+)?NS\s+(\S+)")


def _hosts(text: str, domain: str) -> list[str]:
    """Return the host name that `text` begins with; several where they are listed with commas, or stand alone."""
    record = _ZONE_LINE.match(text)
    parts = (record[1] if record is not None else text).replace(",", " ").replace(";", " ").split()[:16]
    hosts = [name for part in parts if (name := registry_text.host_name(part.strip("[]()."))) is not None]
    if not hosts or registry_text.host_name(parts[0].strip("[]().")) is None:
        return []
    return [host for host in hosts if host != domain] if len(hosts) == len(parts) else hosts[:1]


def _registrar_name(text: str | None) -> str | None:
    """Return the registrar without the registry's own number for it, by the name it trades as."""
    return None if text is None else _REGISTRAR_TAIL.sub("", text).rpartition(_TRADING_AS)[2].strip() or None


def _until(words: Iterable[str]) -> datetime | None:
    """Return the end of a registration from its status: `OK-UNTIL 20140903121852`, `Connected (2010/09/30)`."""
    ends = (match[1] for word in words if (match := _UNTIL.search(word)) is not None)
    return next((at for end in ends if (at := date(end)) is not None), None)


def _digits(text: str | None) -> str | None:
    return text if text is not None and text.isascii() and text.isdigit() and len(text) <= 10 else None  # noqa: PLR2004
