"""What the fake registries know of a domain: one entry that the RDAP and the WHOIS server both read."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True)
class Registered:
    """One registration, as a registry holds it. `statuses` are in EPP's spelling (`clientHold`).

    `link` is where the registrar's own RDAP is said to be.
    """

    registrar: str = "Nominal Registrar Ltd"
    iana_id: str = "9999"
    created: datetime = datetime(2019, 3, 1, 12, 0, tzinfo=UTC)
    updated: datetime = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
    expires: datetime = datetime(2030, 3, 1, 12, 0, tzinfo=UTC)
    statuses: tuple[str, ...] = ("clientTransferProhibited",)
    nameservers: tuple[str, ...] = ("ns1.hosting.net", "ns2.hosting.net")
    organisation: str = "Someone Else Inc"
    country: str = "NL"
    abuse_email: str = "abuse@registrar.net"
    abuse_phone: str = "+31.205550100"
    link: str = "https://rdap.registrar.net/domain/none"


class RegisteredDomains(dict[str, Registered]):
    """The domains of a registry by name. Change it while servers run: they read it at each question."""

    def register(self, name: str, **facts: object) -> None:
        """Register `name`, or register it anew with these facts."""
        self[name] = replace(Registered(), **facts)

    def change(self, name: str, **facts: object) -> None:
        """Change facts of a registered name."""
        self[name] = replace(self[name], **facts)

    def delete(self, name: str) -> None:
        """Delete `name`; it is free again."""
        self.pop(name, None)
