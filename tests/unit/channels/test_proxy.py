"""Channels go out through `http.proxy`, but to the hosts of `http.no_proxy`; the environment is not read."""

import pytest

from tests.fakes.alert_samples import ALERTS
from tests.fakes.post_receiver import PostReceiver
from watcher.channels.mattermost import Mattermost
from watcher.settings.settings import Http

HOOK = "http://chat.army.mil/hooks/secret"


async def test_a_post_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with PostReceiver() as proxy:
        through = Http(proxy=f"http://127.0.0.1:{proxy.port}")
        await Mattermost(url=HOOK, proxy=through).send(ALERTS["test"])
    assert proxy.accepted[0].headers["host"] == "chat.army.mil"


async def test_an_excepted_host_is_reached_directly() -> None:
    async with PostReceiver() as receiver:
        around = Http(proxy="http://127.0.0.1:9", no_proxy=("127.0.0.0/8",))
        await Mattermost(url=receiver.url, proxy=around).send(ALERTS["test"])
    assert receiver.accepted


@pytest.mark.parametrize(
    ("entry", "host", "direct"),
    [
        ("army.mil", "chat.army.mil", True),
        (".army.mil", "army.mil", True),
        ("*.army.mil", "a.b.army.mil", True),
        ("ARMY.mil", "chat.army.MIL.", True),
        ("army.mil", "xarmy.mil", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "ten.army.mil", False),
        ("::1", "[::1]", True),
        ("", "army.mil", False),
    ],
)
def test_exceptions(entry: str, host: str, direct: bool) -> None:
    chosen = Http(proxy="http://proxy:3128", no_proxy=(entry,))
    assert chosen.of(f"https://{host}/x") == (None if direct else "http://proxy:3128")


@pytest.mark.parametrize("url", ["https://proxy:1", "proxy:3128", "http://user:pass@proxy:3128", "socks5://proxy:1"])
def test_what_is_no_proxy(url: str) -> None:
    with pytest.raises(ValueError, match="proxy"):
        Http(proxy=url)
