"""What a recursive resolver would find, from zones in master-file text that may change at any moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.zonefile

_MAX_LINKS = 16
_TTL = 600
_NEGATIVE_TTL = 300

Node = dict[dns.rdatatype.RdataType, dns.rrset.RRset]


@dataclass
class Found:
    """An answer before it is a message."""

    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    answer: list[dns.rrset.RRset] = field(default_factory=list)
    soa: dns.rrset.RRset | None = None


@dataclass(frozen=True)
class _Zone:
    origin: dns.name.Name
    nodes: Mapping[dns.name.Name, Node]
    soa: dns.rrset.RRset


class Zones:
    """CNAME, DNAME and wildcards are followed over all zones.

    A delegation to a zone that is not there is lame: SERVFAIL. A name under no zone at all does not exist, and a
    top-level domain without a zone of its own exists and is empty.
    """

    def __init__(self, zones: Mapping[str, str] | None = None) -> None:
        self._zones: dict[dns.name.Name, _Zone] = {}
        for origin, text in (zones or {}).items():
            self.load(origin, text)

    def load(self, origin: str, text: str | None) -> None:
        """Add or replace one zone; None takes it away. Safe from another thread."""
        name = dns.name.from_text(origin)
        zones = dict(self._zones)
        if text is None:
            zones.pop(name, None)
        else:
            zones[name] = _read(name, text)
        self._zones = zones

    def find(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """The answer to one question."""
        zones, found = self._zones, Found()
        name = name.canonicalize()
        for _ in range(_MAX_LINKS + 1):
            zone = _enclosing(zones, name)
            if zone is None:
                return self._under_no_zone(name, found)
            node, cut = _node(zone, name)
            if cut:
                return Found(dns.rcode.SERVFAIL)
            if node is None:
                target = _dname(zone, name, found)
                if target is None:
                    found.rcode, found.soa = dns.rcode.NXDOMAIN, zone.soa
                    return found
                name = target
                continue
            if rdtype in node:
                found.answer.append(_named(node[rdtype], name))
                return found
            alias = node.get(dns.rdatatype.CNAME)
            if alias is None:
                found.soa = zone.soa
                return found
            found.answer.append(_named(alias, name))
            name = alias[0].target
        return Found(dns.rcode.SERVFAIL)

    def _under_no_zone(self, name: dns.name.Name, found: Found) -> Found:
        top = dns.name.Name(name.labels[-2:])
        found.rcode = dns.rcode.NOERROR if name == top else dns.rcode.NXDOMAIN
        found.soa = _made_soa(top)
        return found


def _read(origin: dns.name.Name, text: str) -> _Zone:
    nodes: dict[dns.name.Name, Node] = {origin: {}}
    for rrset in dns.zonefile.read_rrsets(text, origin=origin, default_ttl=_TTL, relativize=False):
        node = nodes.setdefault(rrset.name, {})
        if rrset.rdtype in node:
            for rdata in rrset:
                node[rrset.rdtype].add(rdata)
        else:
            node[rrset.rdtype] = rrset
    for name in tuple(nodes):  # empty non-terminals exist too
        while name != origin and name.is_subdomain(origin):
            name = name.parent()  # noqa: PLW2901 (walks up)
            nodes.setdefault(name, {})
    apex = nodes[origin]
    if dns.rdatatype.SOA not in apex:
        apex[dns.rdatatype.SOA] = _made_soa(origin)
    if dns.rdatatype.NS not in apex:
        apex[dns.rdatatype.NS] = dns.rrset.from_text(origin, _TTL, "IN", "NS", f"ns1.{origin}".replace("..", "."))
    return _Zone(origin, nodes, apex[dns.rdatatype.SOA])


def _made_soa(origin: dns.name.Name) -> dns.rrset.RRset:
    text = f"ns1.{origin} hostmaster.{origin} 1 3600 600 86400 {_NEGATIVE_TTL}".replace("..", ".")
    return dns.rrset.from_text(origin, _NEGATIVE_TTL, "IN", "SOA", text)


def _enclosing(zones: Mapping[dns.name.Name, _Zone], name: dns.name.Name) -> _Zone | None:
    for start in range(len(name.labels)):
        zone = zones.get(dns.name.Name(name.labels[start:]))
        if zone is not None:
            return zone
    return None


def _node(zone: _Zone, name: dns.name.Name) -> tuple[Node | None, bool]:
    """The node of `name` (or its wildcard's), and whether it stands at or below a delegation."""
    depth = len(name.labels) - len(zone.origin.labels)
    for start in range(depth - 1, -1, -1):
        ancestor = dns.name.Name(name.labels[start:])
        node = zone.nodes.get(ancestor)
        if node is None:
            return zone.nodes.get(dns.name.Name((b"*", *name.labels[start + 1 :]))), False
        if dns.rdatatype.NS in node:
            return None, True
    return zone.nodes.get(name), False


def _dname(zone: _Zone, name: dns.name.Name, found: Found) -> dns.name.Name | None:
    for start in range(1, len(name.labels) - len(zone.origin.labels) + 1):
        ancestor = dns.name.Name(name.labels[start:])
        alias = zone.nodes.get(ancestor, {}).get(dns.rdatatype.DNAME)
        if alias is not None:
            target = name.relativize(ancestor).concatenate(alias[0].target)
            found.answer += [alias, dns.rrset.from_text(name, alias.ttl, "IN", "CNAME", target.to_text())]
            return target
    return None


def _named(rrset: dns.rrset.RRset, name: dns.name.Name) -> dns.rrset.RRset:
    """The records under `name`: those of a wildcard are answered as the name's own."""
    return rrset if rrset.name == name else dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset))
