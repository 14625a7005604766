"""The watch never stands still: lookalikes whose owners make their names misbehave keep nobody else's gain from being told.

The real service, resolvers on loopback, and the attacks one by one. A gain of an honest name is told in the middle of
each, and the first sweep ends, also when the service is killed while a lame name is all that is left of it.
"""

import contextlib
import signal
import sqlite3

import pytest

from tests.e2e.attacked import SOA, World, baseline_done, candidates, seconds_until_told, seen_absent
from tests.e2e.service import Service, eventually
from tests.fakes.dns_faults import Effect, Fault

pytestmark = pytest.mark.soak

NAME = "army.mil"
RANKS = 200
WITHIN = 120.0
"""Seconds for what takes six on an idle machine; before the mend the gain beside a lame name and a kill was not told within two minutes."""


def lame(world, names):
    world.strike(names[:60], Effect.SERVFAIL, Effect.SLOW, seconds=2.5)


def cut(world, names):
    world.strike(names[:50], Effect.TRUNCATE, Effect.TCP_CLOSED)


def dripping(world, names):
    world.strike(names[:50], Effect.TRUNCATE, Effect.DRIP, seconds=0.2)


def mute(world, names):
    world.strike(names, Effect.DROP)


def dead_resolver(world, _names):
    world.resolvers[1].faults.append(Fault(Effect.DROP))


def rewriting_resolver(world, _names):
    world.resolvers[1].faults.append(Fault(Effect.REWRITE, share=0.05))


def half_mute(world, names):
    """They exist, and their addresses never come."""
    for name in names:
        world.load(name, SOA)
        for resolver in world.resolvers:
            resolver.faults += [Fault(Effect.DROP, name, type_) for type_ in ("A", "AAAA")]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """The candidates that are registrable domains, by rank."""
    found = candidates(tmp_path_factory.mktemp("names"), [NAME], RANKS)[NAME]
    return {name: rank for rank, name in enumerate(found, 1) if name.count(".") == 1}


@pytest.fixture(scope="module")
def names(ranks):
    return list(ranks)


@pytest.fixture
def world(names):
    with World({name.partition(".")[2] for name in names} | {"com", "net", "org", "mil"}) as made:
        yield made


@pytest.fixture
def service(tmp_path, world):
    made = Service(tmp_path, world.settings(ranks=RANKS))
    made.run("protect", "add", NAME)
    yield made
    made.kill(signal.SIGTERM)


@pytest.mark.parametrize("attack", [lame, cut, dripping, mute, half_mute, dead_resolver, rewriting_resolver])
def test_a_gain_is_told_in_the_middle_of_an_attack(world, service, ranks, attack, tmp_path):
    names = list(ranks)
    attack(world, [*names[:160], *names[175:185]])
    service.start()
    seen_absent(tmp_path, service, ranks[names[165]])
    seconds_until_told(world, service, names[165], within=WITHIN)
    baseline_done(service)


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.1"])
def test_a_filter_beside_an_honest_resolver_hides_no_gain(world, service, names, address):
    world.strike([names[165]], Effect.SINKHOLE, only=1)
    for fault in world.resolvers[1].faults:
        fault.address = address
    service.start()
    baseline_done(service)
    seconds_until_told(world, service, names[165], within=WITHIN)


def test_a_pass_that_waits_for_a_lame_name_ends_after_a_kill(world, service, names, tmp_path):
    world.strike([names[50]], Effect.SERVFAIL, Effect.SLOW, seconds=2.5)
    service.launch()

    def waits():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(tmp_path / "watcher.db")) as base:
            return any(kept and f"[{RANKS + 1}, " in kept for (kept,) in base.execute("SELECT progress FROM shards"))
        return False

    eventually(waits, "the pass waits for its last names", log=service.tail)
    service.kill()
    service.start()
    baseline_done(service)
    seconds_until_told(world, service, names[165], within=WITHIN)
