"""Reads a scenario file and plays it: zones and faults in simulated time, looks, and what each look must show.

A scenario is a list of `[[look]]` tables, played in order over the same resolver, clock and memory:

    name        the name looked at
    at          seconds since the start (default: when the look before ended)
    zones       zones to add or replace: origin = master-file text ("" takes the zone away)
    faults      all faults from now on: {name, type, outcome, ...} as in `tests.fakes.zone_resolver.Fault`
    posture, fresh, avoid, recheck_suffix   as in `LookOptions`
    held, nameservers, organisation         what its registry says
    confirm     true: this look confirms the one before
    own, protected            the own list, the protected registrable domains
    owner       what else is the owner's: {exchanges, nameservers, organisations}
    rank        the rank for the severity

and, expected: ability, basis, flags, severity, sentence (all of it), exchanges, evidence (one line per answer in order,
see `line`), asked (questions really put, where memory answers the rest), and forbidden: bases and flags of neighbouring
mistakes. A question that is not in `evidence` is an error.
"""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher import checks
from watcher.checks import VOCABULARY
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.look import Look
from watcher.core.mail.operators import MailOperators, Networks
from watcher.core.mail.risk import rate
from watcher.core.mail.verdict import Exchange, Owner
from watcher.core.names.names import parse
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.data import load_suffixes
from watcher.services.looks.examine import Examiner, LookOptions

PROBE = "probe"
OPERATORS = MailOperators(
    collectors=frozenset({"h-email.net"}),
    shared_providers={"google.com": "Google", "mail.protection.outlook.com": "Microsoft"},
    tenant_domains=frozenset({"mail.protection.outlook.com"}),
    parking=Networks(("185.53.176.0/22",)),
    sinkholes=Networks(("146.112.61.104/29",)),
)
_LOOK_OPTIONS = ("posture", "fresh", "recheck_suffix")
_FAULT_TUPLES = ("records", "chain", "extended_errors")


def scenario_files() -> list[Path]:
    """Every scenario, in order."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def read_scenario(path: Path) -> dict[str, Any]:
    """The scenario in a file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


async def play(scenario: dict[str, Any], *, strict: bool = True) -> list[dict[str, Any]]:
    """What each look showed, in the form of what it expects; `strict` makes unexpected questions an error."""
    clock = FakeClock()
    resolver = ZoneResolver(clock, resolvers=scenario.get("resolvers", ["9.9.9.10:53", "149.112.112.10:53"]))
    examiner = Examiner(resolver, clock, load_suffixes(), checks.ALL, lambda: PROBE, operators=OPERATORS)
    start = clock.now()
    shown: list[dict[str, Any]] = []
    last: Look | None = None
    for look in scenario["look"]:
        elapsed = (clock.now() - start).total_seconds()
        await clock.advance(look.get("at", elapsed) - elapsed)
        for origin, text in look.get("zones", {}).items():
            resolver.load(origin, text or None)
        if "faults" in look:
            resolver.faults = [fault(row) for row in look["faults"]]
        resolver.expected = frozenset(_question(text) for text in look["evidence"]) if strict else None
        already = len(resolver.asked)
        also = {key: frozenset(values) for key, values in look.get("owner", {}).items()}
        owner = Owner(frozenset(look.get("protected", ())), frozenset(look.get("own", ())), **also)
        if look.get("confirm"):
            assert last is not None
            last = await examiner.confirm(last, owner=owner)
        else:
            options = {option: look[option] for option in _LOOK_OPTIONS if option in look}
            avoid = frozenset(look.get("avoid", ()))
            facts = _registration(look, clock.now())
            last = await examiner.look(
                parse(look["name"]), LookOptions(avoid=avoid, owner=owner, registration=facts, **options)
            )
        shown.append(_shown(look, last, len(resolver.asked) - already))
    return shown


def _registration(look: dict[str, Any], now: datetime) -> RegistrationFacts | None:
    """What the registry says, where the look tells."""
    if not {"held", "nameservers", "organisation"} & look.keys():
        return None
    return RegistrationFacts(
        RegistrationStatus.REGISTERED,
        RegistrationSource.WHOIS,
        now,
        statuses=("client hold",) if look.get("held") else (),
        nameservers=tuple(look.get("nameservers", ())),
        registrant_organisation=look.get("organisation"),
    )


def _shown(look: dict[str, Any], seen: Look, asked: int) -> dict[str, Any]:
    verdict = seen.verdict
    return {
        "ability": verdict.ability.value,
        "basis": verdict.basis.value,
        "flags": [flag.value for flag in verdict.flags],
        "severity": rate(verdict, rank=look.get("rank")).severity.value,
        "sentence": VOCABULARY.sentence(look["name"], verdict),
        "exchanges": [_exchange(exchange) for exchange in verdict.exchanges],
        "evidence": [line(answer) for answer in verdict.evidence],
        "asked": asked,
    }


def _exchange(exchange: Exchange) -> str:
    return " ".join((str(exchange.preference), exchange.host, *exchange.addresses))


def line(answer: Answer) -> str:
    """One answer: `army.ml MX ANSWER 10 mx.army.ml | 20 b.army.ml`, `x.ml A NXDOMAIN soa ml`, `y.ml A+cd NODATA via z.ml`."""
    question = answer.question
    parts = [question.name, question.type.value + ("+cd" if question.checking_disabled else ""), answer.outcome.value]
    if answer.records:
        parts.append(" | ".join(answer.records))
    if answer.chain:
        parts.append("via " + " ".join(answer.chain))
    if answer.outcome is Outcome.NXDOMAIN and answer.soa is not None:
        parts.append(f"soa {answer.soa}")
    return " ".join(parts)


def _question(text: str) -> Question:
    name, rrtype = text.split()[:2]
    kind, _, unchecked = rrtype.partition("+")
    return Question(name, RRType(kind), unchecked == "cd")


def fault(row: dict[str, Any]) -> Fault:
    """The fault that a table describes."""
    values = {key: tuple(value) if key in _FAULT_TUPLES else value for key, value in row.items()}
    return Fault(**{**values, "outcome": Outcome(row["outcome"])})


def expectations(look: dict[str, Any]) -> Iterator[str]:
    """Which parts of what was shown this look says something about."""
    yield from ("ability", "basis", "flags", "severity", "evidence")
    yield from (part for part in ("sentence", "exchanges", "asked") if part in look)
