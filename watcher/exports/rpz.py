"""Response policy zone: one zone file for BIND, Unbound, PowerDNS Recursor and Knot Resolver.

The apex NS stands outside the zone: with a name inside and no address BIND does not load it, and fails every name
that it would have matched. A listed name needs a second record for its hosts.
"""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import CANARIES, About, ExportOrder, Format, Guide, RpzAction, sentence

TTL = 60
"""Seconds. Short, because a removed name should be free again soon."""
REFRESH, RETRY, EXPIRE = 60, 30, 604_800
_MOST_OCTETS = 255  # of a name on the wire (RFC 1035 3.1)


def render(entries: Iterable[BlockEntry], about: About) -> Iterator[str]:
    """Yield the zone as a master file (RFC 1035 5), with the canaries first."""
    yield f"$ORIGIN {about.zone}.\n$TTL {TTL}\n"
    yield f"@ SOA localhost. hostmaster.watcher.invalid. {about.serial} {REFRESH} {RETRY} {EXPIRE} {TTL}\n"
    yield "@ NS localhost.\n"
    for canary in CANARIES:
        yield f'{canary} TXT "watcher"\n'
    match about.action:
        case RpzAction.NXDOMAIN:
            yield from _aliases(entries, ".")
        case RpzAction.NODATA:
            yield from _aliases(entries, "*.")
        case RpzAction.CLEAR_BOUNCE:
            for entry in entries:
                name = entry.name
                if action_on(name, about.action) is RpzAction.NXDOMAIN:
                    yield from _aliases((entry,), ".")
                    continue
                text = _text(sentence(entry))
                yield f"{name} MX 0 .\n{name} TXT {text}\n*.{name} MX 0 .\n*.{name} TXT {text}\n"


def action_on(name: str, action: RpzAction) -> RpzAction:
    """Return the action on a name: BIND refuses a whole zone where a name with an underscore has an MX record."""
    return RpzAction.NXDOMAIN if action is RpzAction.CLEAR_BOUNCE and "_" in name else action


def _aliases(entries: Iterable[BlockEntry], target: str) -> Iterator[str]:
    for entry in entries:
        yield f"{entry.name} CNAME {target}\n*.{entry.name} CNAME {target}\n"


def _text(text: str) -> str:
    """Return the character strings of a TXT record; one holds 255 octets at most."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


def problem(entry: BlockEntry, about: About) -> str | None:
    """Return why the name and its hosts do not fit below the zone's name; None when they do."""
    octets = len(f"*.{entry.name}.{about.zone}") + 2
    return None if octets <= _MOST_OCTETS else f"too long below {about.zone}: {octets} of {_MOST_OCTETS} octets"


FORMAT = Format(
    name="rpz",
    title="Response policy zone for DNS resolvers",
    media="text/dns",
    extension="zone",
    limit="name and zone together 255 octets; large zones block a resolver while it loads them, so keep it small",
    guides=(
        Guide(
            consumer="BIND",
            place="/var/cache/bind/rpz.watcher.invalid.zone, and in named.conf: options { response-policy { zone "
            '"rpz.watcher.invalid"; } min-update-interval 5; }; zone "rpz.watcher.invalid" { type primary; file '
            '"rpz.watcher.invalid.zone"; allow-query { none; }; }; (without min-update-interval BIND takes a version '
            "once a minute)",
            load="rndc reload rpz.watcher.invalid",
            test="dig @RESOLVER army.ml MX; dig @RESOLVER canary.watcher.invalid TXT",
            undo="rndc zonestatus shows it; take it out of response-policy, then rndc reconfig",
        ),
        Guide(
            consumer="Unbound",
            place='/var/lib/unbound/rpz.zone, and in unbound.conf: server: module-config: "respip validator iterator"; '
            'rpz: name: rpz.watcher.invalid zonefile: "/var/lib/unbound/rpz.zone"',
            load="unbound-control auth_zone_reload rpz.watcher.invalid",
            test="dig @RESOLVER army.ml MX; dig @RESOLVER canary.watcher.invalid TXT",
            undo="unbound-control rpz_disable rpz.watcher.invalid",
        ),
        Guide(
            consumer="PowerDNS Recursor",
            place='/etc/powerdns/rpz.zone, and in the lua-config-file: rpzFile("/etc/powerdns/rpz.zone", '
            '{policyName="watcher"})',
            load="rec_control reload-lua-config",
            test="dig @RESOLVER army.ml MX; dig @RESOLVER canary.watcher.invalid TXT",
            undo="take rpzFile out, then rec_control reload-lua-config",
        ),
        Guide(
            consumer="Knot Resolver 5",
            place="/etc/knot-resolver/rpz.zone, and in kresd.conf: policy.add(policy.rpz(policy.DENY, "
            '"/etc/knot-resolver/rpz.zone", true))',
            load="nothing: the file is watched (this needs the package lua-cqueues)",
            test="dig @RESOLVER army.ml MX",
            undo="take the line out of kresd.conf and restart kresd@1",
        ),
    ),
    render=render,
    order=ExportOrder.NAME,
    problem=problem,
    warning="A resolver that loads this list hides the listed names from watcher too: give watcher another resolver. "
    "With the action clear_bounce the web of a listed name vanishes as well.",
)
