"""The ways to people, and what is told through which: settings become channels and a policy, by plain calls."""

from datetime import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from watcher.alert_settings import Alerts
    from watcher.core.alerts import Policy
    from watcher.core.ports import Channel
    from watcher.settings import Settings


def channels(chosen: "Settings") -> dict[str, "Channel"]:
    """Every configured channel by its name, in the order of `channels.ALL`. Raises ConfigurationError."""
    from watcher.channels.email import Email
    from watcher.channels.slack import Slack

    made: dict[str, Channel] = {}
    slack, email = chosen.alerts.slack, chosen.alerts.email
    if slack.configured:
        made["slack"] = Slack(
            webhook_url=_secret(slack.webhook_url),
            token=_secret(slack.token),
            channel=slack.channel,
            api_url=slack.api_url,
        )
    if email.smtp_url is not None:
        made["email"] = Email(smtp_url=email.smtp_url.get_secret_value(), sender=email.sender or "", to=email.to)
    return made


def _secret(value: Any) -> str | None:
    return None if value is None else str(value.get_secret_value())


def policy(alerts: "Alerts", names: tuple[str, ...], *, timezone: str) -> "Policy":
    """What is told, to whom and when; `names` are those of the configured channels."""
    from watcher.core.alerts import DigestEvery, Policy, Route

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
