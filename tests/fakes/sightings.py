"""Verdicts and looks made by hand, as tests of states and of the watch need them."""

from datetime import datetime

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.findings import Observation
from watcher.core.mail.look import Look
from watcher.core.mail.verdict import Ability, Basis, Exchange, Flag, Verdict
from watcher.core.names.names import Fqdn

ADDRESS = "93.184.215.14"
ONE, OTHER = "192.0.2.1:53", "192.0.2.2:53"
"""Two resolvers."""


def answer(name, type_, records, at, *, resolver=ONE, ttl=60, outcome=None):
    said = outcome or (Outcome.ANSWER if records else Outcome.NODATA)
    return Answer(Question(name, type_), said, resolver, at, tuple(records), ttl=ttl if said.settled else None)


def explicit(name, at, *hosts, resolver=ONE, ttl=60, flags=()):
    """Able by explicit MX: 10 for the first of `hosts` (mx.NAME unless given), 20 for the next, ..."""
    exchanges = tuple(
        Exchange(10 * number, host, (ADDRESS,)) for number, host in enumerate(hosts or (f"mx.{name}",), start=1)
    )
    records = [f"{exchange.preference} {exchange.host}" for exchange in exchanges]
    evidence = (
        answer(name, RRType.MX, records, at, resolver=resolver, ttl=ttl),
        *(answer(exchange.host, RRType.A, [ADDRESS], at, resolver=resolver, ttl=ttl) for exchange in exchanges),
    )
    return Verdict(Ability.ABLE, Basis.EXPLICIT_MX, tuple(flags), exchanges, evidence)


def implicit(name, at, *, resolver=ONE, ttl=60, flags=()):
    evidence = (
        answer(name, RRType.MX, [], at, resolver=resolver, ttl=ttl),
        answer(name, RRType.A, [ADDRESS], at, resolver=resolver, ttl=ttl),
    )
    return Verdict(Ability.ABLE, Basis.IMPLICIT_MX, tuple(flags), (Exchange(0, name, (ADDRESS,)),), evidence)


def null_mx(name, at, *, resolver=ONE, ttl=60, flags=()):
    evidence = (answer(name, RRType.MX, ["0 ."], at, resolver=resolver, ttl=ttl),)
    return Verdict(Ability.UNABLE, Basis.NULL_MX, tuple(flags), (), evidence)


def no_address(name, at, *, resolver=ONE, ttl=60, flags=()):
    kinds = (RRType.MX, RRType.A, RRType.AAAA)
    evidence = tuple(answer(name, kind, [], at, resolver=resolver, ttl=ttl) for kind in kinds)
    return Verdict(Ability.UNABLE, Basis.NO_ADDRESS, tuple(flags), (), evidence)


def absent(name, at, *, resolver=ONE, ttl=60, flags=()):
    evidence = (answer(name, RRType.MX, [], at, resolver=resolver, ttl=ttl, outcome=Outcome.NXDOMAIN),)
    return Verdict(Ability.UNABLE, Basis.NO_SUCH_NAME, tuple(flags), (), evidence)


def unknown(name, at, *, resolver=ONE, outcome=Outcome.SERVFAIL, ttl=0, flags=()):
    evidence = (answer(name, RRType.MX, [], at, resolver=resolver, outcome=outcome),)
    return Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED, tuple(flags), (), evidence)


def suffix_wildcard(name, at, *, resolver=ONE, ttl=60):
    seen = implicit(name, at, resolver=resolver, ttl=ttl)
    return Verdict(Ability.ABLE, Basis.REGISTRY_WILDCARD, (Flag.WILDCARD,), seen.exchanges, seen.evidence)


def look(name: str, verdict: Verdict, at: datetime) -> Look:
    """The look that gave `verdict`; the parent of a name is its last two labels, the suffix its last one."""
    labels = name.split(".")
    parent = Fqdn(".".join(labels[-2:])) if len(labels) > 1 else None
    return Look(Observation(Fqdn(name), parent, labels[-1], verdict.evidence, at), verdict)
