"""Operators of exchanges and addresses: collectors, shared providers, parking hosts and sinkholes, as a table.

The table itself is bundled data; it is handed in, frozen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


class Networks:
    """A set of networks that is asked about single addresses; one look-up per prefix length, however many there are."""

    def __init__(self, texts: tuple[str, ...] = ()) -> None:
        """Take networks or addresses as `texts`; raise ValueError for anything else."""
        self._texts = texts
        for text in texts:
            ip_network(text)

    @cached_property
    def _networks(self) -> Mapping[tuple[int, int], frozenset[int]]:
        found: dict[tuple[int, int], set[int]] = {}
        for text in self._texts:
            network: IPv4Network | IPv6Network = ip_network(text)
            shift = network.max_prefixlen - network.prefixlen
            found.setdefault((network.version, shift), set()).add(int(network.network_address) >> shift)
        return {key: frozenset(values) for key, values in found.items()}

    def __contains__(self, text: object) -> bool:
        """Return whether `text` is an address inside one of the networks."""
        if not self._texts:
            return False
        try:
            address: IPv4Address | IPv6Address = ip_address(str(text))
        except ValueError:
            return False
        return any(
            version == address.version and int(address) >> shift in prefixes
            for (version, shift), prefixes in self._networks.items()
        )


@dataclass(frozen=True, slots=True)
class MailOperators:
    """Domains (with all hosts under them) and networks by what they are known for.

    `shared_providers` maps a domain to the provider's name. `tenant_domains`: under these each customer has a host of
    its own, so that a missing host is one that somebody could claim. `sinkholes`: an answer with such an address came
    from a filter, not from the name's owner.
    """

    collectors: frozenset[str] = frozenset()
    shared_providers: Mapping[str, str] = field(default_factory=dict)
    tenant_domains: frozenset[str] = frozenset()
    parking: Networks = field(default_factory=Networks)
    sinkholes: Networks = field(default_factory=Networks)

    def collects(self, host: str) -> bool:
        """Return whether the host belongs to an operator that takes mail for any name."""
        return any(domain in self.collectors for domain in _self_and_above(host))

    def provider(self, host: str) -> str | None:
        """Return the shared provider's name, or None."""
        for domain in _self_and_above(host):
            if domain in self.shared_providers:
                return self.shared_providers[domain]
        return None

    def is_tenant_host(self, host: str) -> bool:
        """Return whether the host is one a customer of a shared provider gets for itself."""
        return any(domain in self.tenant_domains for domain in _self_and_above(host)[1:])


def _self_and_above(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[index:]) for index in range(len(labels))]
