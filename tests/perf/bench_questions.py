"""How many questions one candidate costs: 100,000 real candidates of which 4 % are registered, sweep and looks together.

Run it alone: `pytest -m perf -s tests/perf/bench_questions.py`, or `python -m tests.perf.bench_questions [CANDIDATES]`.
What is counted are the questions that reach the server. What the registered names look like follows what is known of real
lookalikes: about half have an address and no exchange, a tenth a null MX, and ten operators serve most of the rest.
"""

import asyncio
import sys
import zlib
from collections import Counter
from itertools import islice

import pytest

from tests.fakes.dns_server import DnsServer
from watcher import checks
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import parse_protected
from watcher.core.ports import Presence
from watcher.core.slips.candidates import Candidate
from watcher.data import load_suffixes, load_tables
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import parse_server
from watcher.lookups.existence.sweepers import ResolverSweeper
from watcher.services.looks.examine import Examiner
from watcher.services.sweeps.enumerate import Enumeration
from watcher.techniques import ALL

PROTECTED = ("army.mil", "us.army.mil", "mod.gov.uk", "navy.mil", "bundeswehr.de", "defense.gouv.fr")
_REGISTERED_PERCENT = 4
_OPERATORS = 10
_AT_ONCE = 64


def _zone(domain: str, number: int) -> str:
    """What one registered name says; `number` is from 0 to 99."""
    if number < 48:
        return "@ A 93.184.215.14\nwww A 93.184.215.14"
    if number < 76:
        return f"@ MX 10 mx.operator{number % _OPERATORS}.net.\n@ A 93.184.215.14"
    if number < 84:
        return "@ MX 10 mx\nmx A 93.184.215.25"
    if number < 93:
        return "@ MX 0 .\n@ A 93.184.215.14"
    if number < 97:
        return f"@ MX 10 mx.gone-{domain}."
    return '@ TXT "nothing"'


def _candidates(count: int) -> list[Candidate]:
    """The best candidates of each protected name in turn, each once, until there are enough."""
    enumeration = Enumeration(load_tables(), ALL, "benchmark")
    suffixes = load_suffixes()
    each = -(-count // len(PROTECTED)) + 4000
    found: dict[Fqdn, Candidate] = {}
    for text in PROTECTED:
        name, kind = parse_protected(text, suffixes)
        named = type("Named", (), {"name": name, "kind": kind.value})()
        for candidate in enumeration.candidates(named, 1, each):
            found.setdefault(candidate.name, candidate)
    return list(islice(found.values(), count))


async def _measure(count: int) -> float:
    suffixes = load_suffixes()
    candidates = _candidates(count)
    under: dict[Fqdn, list[Fqdn]] = {}
    for candidate in candidates:
        under.setdefault(candidate.registrable_domain or candidate.name, []).append(candidate.name)
    registered = [domain for domain in under if zlib.crc32(domain.encode()) % 100 < _REGISTERED_PERCENT]
    zones = {domain: _zone(domain, zlib.crc32(domain.encode()) // 100 % 100) for domain in registered}
    zones |= {f"operator{number}.net": "mx A 93.184.215.30" for number in range(_OPERATORS)}
    verdicts: Counter[str] = Counter()
    async with DnsServer(zones) as server:
        resolver = CarefulResolver([parse_server(server.address)], max_rate=1_000_000, timeout=5)
        examiner = Examiner(resolver, SystemClock(), suffixes, checks.ALL, lambda: "nobody-has-7c1f9e")
        places = asyncio.Semaphore(_AT_ONCE)

        async def look(name: Fqdn) -> None:
            async with places:
                verdicts[(await examiner.look(name)).verdict.basis.value] += 1

        try:
            sweeper = ResolverSweeper(resolver, window=500, registrable_domain=suffixes.registrable_domain)
            found = [one.name async for one in sweeper.sweep(under) if one.presence is not Presence.ABSENT]
            swept = len(server.log)
            await asyncio.gather(*(look(name) for domain in found for name in under[domain]))
        finally:
            resolver.close()
        asked = len(server.log)
    mean = asked / len(candidates)
    print(
        f"\n{len(candidates):,} candidates under {len(under):,} registrable domains, {len(registered):,} registered "
        f"({len(registered) / len(under):.1%}): {swept:,} questions by the sweep, {asked - swept:,} by looks, "
        f"{mean:.3f} a candidate, {asked / len(under):.3f} a registrable domain; {dict(verdicts)}"
    )
    assert verdicts["lookup_failed"] == 0
    assert set(found) >= set(registered)
    return mean


@pytest.mark.perf
def test_report_the_questions_of_a_candidate() -> None:
    assert asyncio.run(_measure(100_000)) <= 1.25


if __name__ == "__main__":
    asyncio.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
