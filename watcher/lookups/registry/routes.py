"""The servers that know a registrable domain: what the operator listed, RDAP by the bootstrap, WHOIS by referral."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.names import names
from watcher.core.names.names import Fqdn, is_under
from watcher.lookups.registry import whois
from watcher.lookups.registry.rdap_bootstrap import UNLISTED, Bootstrap, base_url, suffixes_of
from watcher.lookups.registry.third_level import THIRD_LEVEL


@dataclass(frozen=True, slots=True)
class RdapServer:
    """An RDAP server by its base URL."""

    url: str

    @property
    def pace(self) -> str:
        """Return the key of its pace: many suffixes share one host."""
        return urlsplit(self.url).netloc.lower()


@dataclass(frozen=True, slots=True)
class WhoisServer:
    """A WHOIS server; `address` None: the one that the referral server names for the suffix."""

    address: whois.Address | None
    suffix: str


Server = RdapServer | WhoisServer


class Routes:
    """Routes by longest suffix. Overrides come first and alone; otherwise RDAP, and WHOIS should that fail.

    Raises ConfigurationError for an override that is no suffix, URL or address.
    """

    def __init__(self, bootstrap: Bootstrap, rdap_servers: Mapping[str, str], whois_servers: Mapping[str, str]) -> None:
        self.bootstrap = bootstrap
        self._whois = dict(_whois_overrides(whois_servers))
        self._rdap = dict(_rdap_overrides(rdap_servers))

    def servers(self, domain: Fqdn) -> tuple[Server, ...]:
        """Return the servers to ask about `domain`, in order; the later ones only when an earlier one could not say."""
        suffixes = tuple(suffixes_of(domain))
        for suffix in suffixes:
            if suffix in self._rdap:
                return (RdapServer(self._rdap[suffix]),)
            if suffix in self._whois:
                return (WhoisServer(self._whois[suffix], suffix),)
        referral = WhoisServer(None, suffixes[-1]) if suffixes else None
        for table in (self.bootstrap.servers, UNLISTED):
            url = next((table[suffix] for suffix in suffixes if suffix in table), None)
            if url is not None and referral is not None:
                return (RdapServer(url), referral)
        return (referral,) if referral is not None else ()

    def below(self, domain: Fqdn, registered: Fqdn) -> tuple[Server, ...]:
        """Return the servers of a registry below `registered`, for a suffix of `domain` (`uk.com`), if there is one."""
        for suffix in suffixes_of(domain):
            if not is_under(suffix, registered):
                break
            if suffix in self._rdap:
                return (RdapServer(self._rdap[suffix]),)
            if suffix in self._whois:
                return (WhoisServer(self._whois[suffix], suffix),)
            url = self.bootstrap.servers.get(suffix)
            if url is not None:
                return (RdapServer(url),)
            if suffix in THIRD_LEVEL:
                return (WhoisServer(whois.address(THIRD_LEVEL[suffix]), suffix),)
        return ()

    def trusted(self) -> Iterator[tuple[str, int]]:
        """Yield the (host, port) pairs that the operator listed: these may be non-global addresses."""
        for url in self._rdap.values():
            yield origin(url)
        for address in self._whois.values():
            yield address.host, address.port


def origin(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def _rdap_overrides(listed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for text, url in listed.items():
        base = base_url(url, plain_http=True)
        if base is None:
            raise ConfigurationError("registration.rdap_servers", f"{url[:80]!r} is no http or https URL")
        yield _suffix("registration.rdap_servers", text), base


def _whois_overrides(listed: Mapping[str, str]) -> Iterator[tuple[str, whois.Address]]:
    for text, server in listed.items():
        try:
            address = whois.address(server)
        except ValueError as error:
            raise ConfigurationError("registration.whois_servers", str(error)) from error
        yield _suffix("registration.whois_servers", text), address


def _suffix(setting: str, text: str) -> str:
    try:
        return names.parse(text.strip().removeprefix("."))
    except InvalidName as error:
        raise ConfigurationError(setting, f"{text[:80]!r} is no suffix: {error.reason}") from error
