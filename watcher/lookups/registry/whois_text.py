"""The bytes of a WHOIS reply as text. The protocol names no encoding (RFC 3912 section 4), so it is worked out."""

import re

_DECLARED = re.compile(
    rb"(?:charset|encoding)[ =:\"']{1,4}([A-Za-z0-9_-]{3,20})|(?:served|data"
    rb"|output)[^\n]{0,40}? in ([A-Za-z0-9_-]{5,20})",
    re.IGNORECASE,
)
_ALLOWED = {
    "utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "latin-1", "latin1": "latin-1", "latin-1": "latin-1",
    "iso-8859-2": "iso-8859-2", "iso-8859-15": "iso-8859-15", "windows-1252": "cp1252", "cp1252": "cp1252",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "koi8-r": "koi8_r", "gb2312": "gb18030", "gbk": "gb18030",
    "big5": "big5", "windows-1251": "cp1251",
}  # fmt: skip
_BY_SUFFIX = {
    "jp": ("iso2022_jp", "cp932", "euc_jp"),
    "kr": ("cp949",),
    "xn--3e0b707e": ("cp949",),
    "cn": ("gb18030",),
    "tw": ("big5",),
    "ru": ("koi8_r",),
    "hu": ("iso-8859-2",),
}


def decode(raw: bytes, domain: str) -> str:
    """`raw` as text: UTF-8 where it is, else as declared, else as the suffix of `domain` is known to, else Latin-1.

    Never raises; bytes that fit nothing become replacement characters or Latin-1.
    """
    if b"\x1b$" in raw[:65536]:
        return raw.decode("iso2022_jp", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4 and error.reason == "unexpected end of data":
            return raw.decode("utf-8", "replace")  # cut inside a character by our own limit
    declared = _DECLARED.search(raw[:8192])
    names = [(declared[1] or declared[2]).decode("ascii").lower()] if declared is not None else []
    choices = [_ALLOWED[name] for name in names if name in _ALLOWED]
    for encoding in (*choices, *_BY_SUFFIX.get(domain.rpartition(".")[2], ())):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
