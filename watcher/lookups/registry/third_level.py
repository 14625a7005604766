"""WHOIS servers of registries below a registered domain, which no referral of IANA's leads to."""

from collections.abc import Mapping
from typing import Final

_CENTRALNIC = """
    ae.org br.com cn.com co.com com.de com.se de.com eu.com gb.com gb.net gr.com hu.com hu.net in.net jp.net jpn.com
    kr.com mex.com no.com qc.com ru.com sa.com se.com se.net uk.com uk.net us.com us.org uy.com za.com
"""
THIRD_LEVEL: Final[Mapping[str, str]] = {
    # As WHOIS clients' own lists have them; a setting overrides each.
    **dict.fromkeys(_CENTRALNIC.split(), "whois.centralnic.com"),
    "eu.org": "whois.eu.org",
    "priv.at": "whois.nic.priv.at",
    "za.net": "whois.za.net",
    "za.org": "whois.za.net",
}
