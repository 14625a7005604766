"""Settings become channels: each is made by its settings, in one order, under one name."""

import pytest

from watcher import channels
from watcher.bootstrap.channels import build_channels
from watcher.core.errors import ConfigurationError
from watcher.core.names.addresses import may_be_posted_to
from watcher.settings.settings import Settings

WHOLE = {
    "slack": {"webhook_url": "https://hooks.slack.com/services/very-secret"},
    "email": {"smtp_url": "smtp://user:very-secret@localhost", "from": "a@army.mil", "to": ["b@army.mil"]},
    "webhook": {"url": "https://host/very-secret", "secret": "whsec_" + "c2VjcmV0" * 4},
    "alertmanager": {"url": "http://user:very-secret@127.0.0.1:9093"},
    "teams": {"url": "https://flows.example/very-secret"},
    "mattermost": {"url": "https://chat.example/hooks/very-secret"},
    "pagerduty": {"routing_key": "verysecretverysecretverysecret00"},
    "jsm": {"key": "very-secret"},
    "ntfy": {"topic": "very-secret", "token": "very-secret"},
    "syslog": {"address": "tls://127.0.0.1:6514", "form": "ecs"},
    "apprise": {"urls": "json://localhost/very-secret  json://localhost/another"},
    "command": ["/usr/bin/tee", "-a", "/dev/null"],
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the many libraries that Apprise's plugins use
def test_every_channel_is_made_of_its_settings() -> None:
    chosen = Settings(alerts=WHOLE)
    made = build_channels(chosen)
    assert list(made) == [channel.NAME for channel in channels.ALL]
    assert set(made) == set(WHOLE)
    assert [channel.name for channel in made.values()] == list(made)
    assert "very-secret" not in repr(made) + repr(chosen) + chosen.model_dump_json()


def test_without_settings_there_is_none() -> None:
    assert build_channels(Settings()) == {}


@pytest.mark.parametrize("webhook", [{"url": "https://host/"}, {"secret": "whsec_x"}, {"previous_secret": "whsec_x"}])
def test_a_webhook_is_whole_or_none(webhook: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"go together|needs secret"):
        Settings(alerts={"webhook": webhook})


def test_what_cannot_be_used_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match=r"alerts\.webhook\.secret"):
        build_channels(Settings(alerts={"webhook": {"url": "https://host/", "secret": "nonsense"}}))


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("10.1.2.3", True), ("127.0.0.1", True), ("93.184.215.14", True), ("::1", True), ("fd12::1", True),
        ("2606:2800:21f::14", True), ("169.254.169.254", False), ("169.254.0.1", False), ("fe80::1", False),
        ("fe80::1%eth0", False), ("fd00:ec2::254", False), ("::ffff:169.254.169.254", False), ("0.0.0.0", False),
        ("::", False), ("224.0.0.1", False), ("ff02::1", False), ("64:ff9b::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::", False), ("100.100.100.200", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_where_nothing_is_posted(address: str, may: bool) -> None:
    assert may_be_posted_to(address) is may
