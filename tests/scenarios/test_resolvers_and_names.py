"""The rows of the specification that no observation shows: whom to believe (M56, M63), and what is not generated (M60)."""

import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import idna
import pytest

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from tests.scenarios.timeline import PROBE, line
from watcher import checks
from watcher.core.errors import DishonestResolver
from watcher.core.names.names import parse
from watcher.data import load_suffixes, load_tables
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.honesty import check_honesty
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import parse_server
from watcher.services.looks.examine import Examiner
from watcher.services.sweeps.enumerate import Enumeration
from watcher.techniques import ALL


def _scenario(stem: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "resolvers" / f"{stem}.toml").read_text(encoding="utf-8"))


def _faults(resolver: dict[str, Any]) -> list[Fault]:
    return [Fault(**{**row, "effect": Effect(row["effect"])}) for row in resolver.get("effects", ())]


@pytest.mark.parametrize(
    "resolver", _scenario("m56_dishonest_resolver")["resolver"], ids=lambda resolver: resolver["what"]
)
async def test_m56_a_resolver_is_believed_or_refused(resolver: dict[str, Any]):
    async with DnsServer({"com": "x A 5.5.5.5\n"}, faults=_faults(resolver)) as server:
        asking = check_honesty(parse_server(server.address), timeout=0.2)
        if "refused" in resolver:
            with pytest.raises(DishonestResolver) as raised:
                await asking
            assert resolver["refused"] in raised.value.why
            assert raised.value.resolver == server.address
        else:
            assert (await asking).value == resolver["expect"]


@pytest.mark.parametrize("effect", _scenario("m63_reply_that_does_not_match")["effects"])
async def test_m63_a_reply_that_does_not_match_is_waited_past(effect: str):
    scenario = _scenario("m63_reply_that_does_not_match")
    zones = {scenario["name"]: scenario["zone"]}
    async with DnsServer(zones, faults=[Fault(Effect(effect))]) as server:
        resolver = CarefulResolver([parse_server(server.address)], timeout=1)
        examiner = Examiner(resolver, SystemClock(), load_suffixes(), checks.ALL, lambda: PROBE)
        try:
            look = await examiner.look(parse(scenario["name"]))
        finally:
            resolver.close()
    assert look.verdict.basis.value == scenario["basis"]
    assert [line(answer) for answer in look.verdict.evidence] == scenario["evidence"]


def test_m60_what_no_registry_takes_is_not_generated():
    scenario = _scenario("m60_idn_not_generated")
    enumeration = Enumeration(load_tables(), ALL, "test")
    names = {shape["name"] for text in scenario["protected"] for shape in enumeration.shapes(text, scenario["limit"])}
    for name in names:
        label = name.partition(".")[0]
        if label.startswith("xn--"):
            assert idna.encode(idna.decode(label)).decode() == label
            assert len({script_of(character) for character in idna.decode(label)}) == 1, name
    assert set(scenario["generated"]) <= names
    unicode_names = {".".join(map(idna.decode, name.split("."))) for name in names}
    assert not set(scenario["never"]) & (names | unicode_names)


def script_of(character: str) -> str:
    """Latin, or another script; digits and the hyphen go with any label, so they count as Latin only among Latin."""
    first = unicodedata.name(character).split(" ")[0]
    return {"HYPHEN-MINUS": "LATIN", "DIGIT": "LATIN"}.get(first, first)
