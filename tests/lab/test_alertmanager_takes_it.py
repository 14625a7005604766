"""The real Alertmanager takes every form of an alert, shows what fires, and ends it with a loss."""

from collections.abc import Iterator

import pytest

from tests.fakes.alert_samples import ALERTS, storm
from tests.lab.alertmanager import RealAlertmanager
from watcher.channels.alertmanager import Alertmanager
from watcher.services.telling.memory import ShortMemory


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAlertmanager]:
    with RealAlertmanager(tmp_path_factory.mktemp("alertmanager")) as server:
        yield server


@pytest.mark.parametrize("name", ALERTS)
async def test_it_takes_every_alert(server: RealAlertmanager, name: str) -> None:
    await Alertmanager(url=server.url, memory=ShortMemory()).send(ALERTS[name])


async def test_a_gain_fires_until_the_loss(server: RealAlertmanager) -> None:
    memory = ShortMemory()
    channel = Alertmanager(url=server.url, memory=memory)
    await channel.send(ALERTS["mail_became_able"])
    (shown,) = [row for row in server.firing() if row["labels"].get("name") == "army.ml" and "became_able" in str(row)]
    assert shown["labels"]["severity"] == "critical"
    assert shown["annotations"]["summary"]
    await channel.send(ALERTS["mail_became_unable"])
    assert shown["fingerprint"] not in {row["fingerprint"] for row in server.firing()}


async def test_a_storm_is_as_many_alerts_as_names(server: RealAlertmanager) -> None:
    await Alertmanager(url=server.url, memory=ShortMemory()).send(storm(30))
    assert (
        len({row["labels"]["name"] for row in server.firing() if row["labels"].get("name", "").startswith("army")})
        >= 30
    )
