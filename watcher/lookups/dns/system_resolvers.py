"""The resolvers this machine uses, for when the settings name none."""

from pathlib import Path

from watcher.core.errors import ConfigurationError
from watcher.lookups.dns.servers import Server, parse_server

_RESOLV_CONF = Path("/etc/resolv.conf")
_MEND = 'set it to resolvers that filter nothing, for example dns.resolvers = ["127.0.0.1", "9.9.9.10"]'


def system_resolvers(path: Path = _RESOLV_CONF) -> tuple[Server, ...]:
    """Return the `nameserver` lines of `path`, in order, each once; lines that cannot be read are left out.

    Raises ConfigurationError, naming the setting to use instead, when there is none.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        why = f"no resolver is set, and {path} cannot be read ({error.strerror}): {_MEND}"
        raise ConfigurationError("dns.resolvers", why) from None
    servers: dict[Server, None] = {}
    for line in lines:
        words = line.split("#", 1)[0].split(";", 1)[0].split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                servers[parse_server(words[1])] = None
            except ConfigurationError:
                continue
    if not servers:
        raise ConfigurationError("dns.resolvers", f"no resolver is set, and {path} names none: {_MEND}")
    return tuple(servers)
