"""Four resolvers take the policy zone from a running watcher, and follow a triage within seconds."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.service import PATIENCE, Service, eventually, free_port
from tests.lab.addresses import MAILBOX
from tests.lab.resolvers import (
    BIND,
    KEY_NAME,
    KEY_SECRET,
    KNOT,
    POWERDNS,
    UNBOUND,
    bind,
    knot,
    powerdns,
    rcode,
    unbound,
)
from tests.lab.world import World

MAIL = f"@ MX 10 mx\nmx A {MAILBOX}\nus MX 10 mx\n"
ALL = {"BIND": BIND, "Unbound": UNBOUND, "PowerDNS": POWERDNS, "Knot Resolver": KNOT}


@pytest.fixture(scope="module")
def stage(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service that has seen army.ml, and four resolvers that load its zone."""
    folder = tmp_path_factory.mktemp("rpz")
    world.host("army.mil", MAIL)
    world.host("army.ml", MAIL)
    port = free_port()
    service = Service(
        folder,
        {
            "WATCHER_DNS__RESOLVERS": '["127.0.0.1"]',
            "WATCHER_REGISTRATION__ENABLED": "false",
            "WATCHER_RPZ__LISTEN": f"127.0.0.1:{port}",
            "WATCHER_RPZ__TSIG": f"hmac-sha256:{KEY_NAME}:{KEY_SECRET}",
            "WATCHER_RPZ__ALLOW": '["127.0.0.1"]',
            "WATCHER_RPZ__NOTIFY": json.dumps([BIND, UNBOUND]),
        },
    )
    service.run("protect", "add", "army.mil")
    file = folder / "rpz.zone"
    with ExitStack() as running:
        running.enter_context(service)
        eventually(
            lambda: "army.ml" in service.run("lookalikes", "--format", "plain").split(),
            "army.ml is seen",
            log=service.tail,
        )
        service.run("export", "rpz", "--output", str(file))
        primary = ("127.0.0.1", port)
        running.enter_context(bind(folder / "bind", primary))
        running.enter_context(unbound(folder / "unbound", primary))
        running.enter_context(powerdns(folder / "powerdns", primary))
        running.enter_context(knot(folder / "knot", file))
        yield service, file
        service.run("triage", "new", "army.ml")
    for name in ("army.mil", "army.ml"):
        world.remove(name)


def wait_for(wanted: dict[tuple[str, str], set[str]], since: float) -> dict[str, float]:
    """Seconds until every resolver says what is wanted of each name."""
    took: dict[str, float] = {}
    while len(took) < len(ALL):
        for maker, address in ALL.items():
            if maker not in took and all(rcode(address, *question) in codes for question, codes in wanted.items()):
                took[maker] = time.monotonic() - since
        said = {maker: [rcode(address, *question) for question in wanted] for maker, address in ALL.items()}
        assert time.monotonic() - since < PATIENCE, said
    return took


def test_a_triage_reaches_every_resolver_and_its_end_too(
    stage: tuple[Service, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    service, file = stage
    free = {("army.ml", "MX"): {"NOERROR"}, ("us.army.ml", "MX"): {"NOERROR"}}
    blocked = {("army.ml", "MX"): {"NXDOMAIN"}, ("us.army.ml", "MX"): {"NXDOMAIN"}, ("army.mil", "MX"): {"NOERROR"}}
    wait_for(free, time.monotonic())
    for triage, wanted in (("blocked", blocked), ("new", free), ("blocked", blocked)):
        service.run("triage", triage, "army.ml")
        since = time.monotonic()
        service.run("export", "rpz", "--output", str(file))
        took = wait_for(wanted, since)
        with capsys.disabled():  # docs/explanation/measurements.md has figures
            print(f"{triage}: " + ", ".join(f"{maker} {seconds:.1f} s" for maker, seconds in took.items()))


def test_a_resolver_that_loads_the_zone_knows_the_canary(stage: tuple[Service, Path]) -> None:
    for maker, address in ALL.items():
        assert rcode(address, "canary.watcher.alt", "TXT") == "NOERROR", maker
        assert rcode(address, "canary.watcher.alt", "MX") == "NODATA", maker
        if maker != "Unbound":  # it answers for all of .invalid itself
            assert rcode(address, "canary.watcher.invalid", "TXT") == "NOERROR", maker


@pytest.mark.parametrize("maker", ALL)
def test_watcher_says_that_it_would_be_blind_behind_it(stage: tuple[Service, Path], maker: str) -> None:
    service, _ = stage
    said = service.run("doctor", "--resolver", ALL[maker], "--format", "json", expect=3)
    found = [row for row in json.loads(said) if row["what"].startswith("resolver")]
    assert found[0]["state"] == "broken"
    assert "block list of this service" in found[0]["detail"], maker
