"""M35b: what a name shares with the owner's own names is shown, and silences nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import explicit, look
from watcher.core.mail.verdict import Owner
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.registration.likeness import likeness
from watcher.data import load_suffixes
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.store import Store

OWNER = Owner(
    exchanges=frozenset({"mx.army.mil", "mx2.army.mil"}),
    nameservers=frozenset({"ns1.army.mil"}),
    organisations=frozenset({"U.S. Army"}),
)
NOW = FakeClock().now()
FACTS = RegistrationFacts(
    RegistrationStatus.REGISTERED,
    RegistrationSource.RDAP,
    NOW,
    nameservers=("ns1.army.mil",),
    registrant_organisation="U.S. Army",
)


def verdict(*hosts, flags=()):
    return explicit("army.ml", NOW, *hosts, flags=flags)


def test_each_likeness_is_named():
    assert likeness(verdict("mx.army.mil"), FACTS, OWNER) == (
        "its exchanges are the owner's: mx.army.mil",
        "its nameservers are the owner's: ns1.army.mil",
        "its registrant is named as the owner's: U.S. Army",
    )


@pytest.mark.parametrize(
    ("facts", "hosts"),
    [
        (None, ("mx.army.mil", "mx.other.net")),
        (replace(FACTS, nameservers=("ns1.army.mil", "ns1.other.net"), registrant_organisation="Army"), ()),
        (replace(FACTS, nameservers=(), registrant_organisation=None), ()),
    ],
)
def test_a_part_is_no_likeness(facts, hosts):
    assert likeness(verdict(*hosts), facts, OWNER) == ()


def test_nothing_of_a_name_never_looked_at():
    assert likeness(None, None, OWNER) == ()


async def test_what_suggests_the_owner_comes_from_what_is_ours(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    try:
        watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        for name, relation in (("army.mil", "protected"), ("army.com", "own"), ("army.ml", "lookalike")):
            await clock.advance(1)
            seen = look(name, explicit(name, clock.now(), f"mx.{name}"), clock.now())
            await watch.record(seen, relation=relation)
            facts = replace(FACTS, fetched_at=clock.now(), nameservers=(f"ns.{name}",), registrant_organisation=name)
            await watch.record_registration(name, replace(facts, created_at=clock.now() - timedelta(days=900)))
        ours = Ours(store, load_suffixes())
        await ours.read_likeness()
        await ours.read()
        assert ours.owner.exchanges == {"mx.army.mil", "mx.army.com"}
        assert ours.owner.nameservers == {"ns.army.mil", "ns.army.com"}
        assert ours.owner.organisations == {"army.mil", "army.com"}
    finally:
        await store.close()
