"""Channels and the routing of alerts to them, made from the settings."""

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from watcher.core.ports import Channel
    from watcher.core.telling.alerts import AlertPolicy
    from watcher.settings.alerts import Alerts
    from watcher.settings.settings import Settings
    from watcher.store import Store


def build_channels(chosen: "Settings", store: "Store | None" = None) -> dict[str, "Channel"]:
    """Return every configured channel by its name; `store` keeps what they remember. Raises ConfigurationError."""
    from watcher import channels
    from watcher.bootstrap.network import system_clock
    from watcher.channels.form import Means
    from watcher.services.telling.memory import ShortMemory, StoredMemory

    means = Means(StoredMemory(store, system_clock()) if store is not None else ShortMemory(), chosen.http)
    made = ((module.NAME, module.make(getattr(chosen.alerts, module.NAME), means)) for module in channels.ALL)
    return {name: channel for name, channel in made if channel is not None}


def routing_policy(alerts: "Alerts", names: tuple[str, ...], *, timezone: str) -> "AlertPolicy":
    """Return the policy of alerts: which are sent, to whom and when. `names` are those of the configured channels."""
    from watcher.core.telling.alerts import AlertPolicy, DigestEvery, Route

    routes = tuple(
        Route(route.channels, route.protected, route.kinds, route.min_severity, route.owners, route.tags)
        for route in alerts.routes
    )
    return AlertPolicy(
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
