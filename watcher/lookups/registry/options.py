"""The settings of a registry client: which servers it asks, and within which limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

IANA_WHOIS = "whois.iana.org"


@dataclass(frozen=True, slots=True)
class RegistryServers:
    """The servers to ask, and the way to them.

    `rdap_bootstrap` is a file or URL in place of the bundled bootstrap, None for IANA's URL: a URL is fetched by
    `refresh_bootstrap`, and the bundled one serves until then. `rdap` and `whois` map a suffix to the server that the
    operator wants asked. These, `rdap_bootstrap`, `proxy` and a `whois_referral` of one's own may have addresses that
    are not global. `proxy_of` gives the proxy for a URL, None: directly.
    """

    rdap_bootstrap: str | None = None
    rdap: Mapping[str, str] = field(default_factory=dict)
    whois: Mapping[str, str] = field(default_factory=dict)
    whois_referral: str = IANA_WHOIS
    proxy: str | None = None
    proxy_of: Callable[[str], str | None] = lambda url: None  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class RegistryLimits:
    """`max_rate` is questions a second at each server, `timeout` seconds for one question.

    `patience`: how long a question may wait for a server that throttles before it is answered "unknown". `kept`: how
    long an answer is given again without asking, `most_kept` of them at most.
    """

    max_rate: float = 1.0
    timeout: float = 15.0
    patience: timedelta = timedelta(seconds=30)
    kept: timedelta = timedelta(minutes=5)
    most_kept: int = 4096


USUAL_SERVERS = RegistryServers()
USUAL_LIMITS = RegistryLimits()
