"""The ways to people, and what is told through which: settings become channels and a policy, by plain calls."""

from collections.abc import Callable
from datetime import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from watcher.core.ports import Channel, Memory
    from watcher.core.telling.alerts import Policy
    from watcher.settings.alerts import Alerts
    from watcher.settings.settings import Settings
    from watcher.store import Store


def build_channels(chosen: "Settings", store: "Store | None" = None) -> dict[str, "Channel"]:
    """Return every configured channel by its name; `store` keeps what they remember. Raises ConfigurationError."""
    from watcher.bootstrap.network import system_clock
    from watcher.services.telling.memory import ShortMemory, StoredMemory

    return _configured(chosen, StoredMemory(store, system_clock()) if store is not None else ShortMemory())


def _configured(chosen: "Settings", memory: "Memory") -> dict[str, "Channel"]:
    """Every configured channel by its name, in the order of `channels.ALL`. Raises ConfigurationError."""
    from watcher.channels import alertmanager, apprise, command, email, slack, webhook

    alerts = chosen.alerts
    makers: dict[str, Callable[[], Channel]] = {}
    if alerts.slack.configured:
        makers[slack.NAME] = lambda: slack.Slack(
            webhook_url=_secret(alerts.slack.webhook_url),
            token=_secret(alerts.slack.token),
            channel=alerts.slack.channel,
            api_url=alerts.slack.api_url,
            memory=memory,
        )
    if alerts.email.smtp_url:
        smtp_url = alerts.email.smtp_url.get_secret_value()
        makers[email.NAME] = lambda: email.Email(
            smtp_url=smtp_url, sender=alerts.email.sender or "", to=alerts.email.to
        )
    if alerts.webhook.url:
        url = alerts.webhook.url.get_secret_value()
        secrets = filter(None, map(_secret, (alerts.webhook.secret, alerts.webhook.previous_secret)))
        makers[webhook.NAME] = lambda: webhook.Webhook(url=url, secrets=tuple(secrets))
    if alerts.alertmanager.url:
        manager = alerts.alertmanager.url.get_secret_value()
        makers[alertmanager.NAME] = lambda: alertmanager.Alertmanager(url=manager, memory=memory)
    if alerts.apprise.urls:
        urls = [url.get_secret_value() for url in alerts.apprise.urls]
        makers[apprise.NAME] = lambda: apprise.Apprise(urls=urls)
    if alerts.command:
        makers[command.NAME] = lambda: command.Command(arguments=alerts.command)
    return {name: make() for name, make in makers.items()}


def _secret(value: Any) -> str | None:
    return None if value is None else str(value.get_secret_value())


def routing_policy(alerts: "Alerts", names: tuple[str, ...], *, timezone: str) -> "Policy":
    """What is told, to whom and when; `names` are those of the configured channels."""
    from watcher.core.telling.alerts import DigestEvery, Policy, Route

    routes = tuple(Route(one.channels, one.protected, one.kinds, one.min_severity) for one in alerts.routes)
    return Policy(
        channels=names,
        kinds=frozenset(alerts.kinds),
        min_severity=alerts.min_severity,
        digest=DigestEvery(alerts.digest),
        digest_at=time.fromisoformat(alerts.digest_at),
        timezone=ZoneInfo(timezone),
        digest_after=alerts.digest_after,
        group_wait=alerts.group_wait,
        routes=routes,
    )
