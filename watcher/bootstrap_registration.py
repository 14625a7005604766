"""What asks the registries: settings and bundled data become the client, by plain calls."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.core.ports import Clock
    from watcher.lookups.registry import RegistryClient
    from watcher.settings import Registration

_KEPT = timedelta(minutes=5)


def client(
    chosen: "Registration", clock: "Clock", *, heard: Callable[[str, str | None], None]
) -> "RegistryClient | None":
    """The registry client; None where registries are not to be asked. Raises ConfigurationError."""
    from watcher.core.addresses import is_global
    from watcher.data import rdap_bootstrap
    from watcher.lookups.registry import RegistryClient

    if not chosen.enabled:
        return None
    return RegistryClient(
        clock,
        is_global,
        bundled=rdap_bootstrap(),
        rdap_bootstrap=chosen.rdap_bootstrap,
        rdap_servers=chosen.rdap_servers,
        whois_servers=chosen.whois_servers,
        max_rate=chosen.max_rate,
        kept=min(_KEPT, chosen.refresh_soon / 2),
        heard=heard,
    )
