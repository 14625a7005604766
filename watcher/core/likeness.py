"""What a name has in common with the owner's own names (M35b): shown, and never enough to silence anything."""

from collections.abc import Mapping
from typing import Any

from watcher.core.verdict import Flag, Owner


def likeness(shape: Mapping[str, Any], owner: Owner) -> tuple[str, ...]:
    """Each likeness of a check shape to the owner as a phrase; an outsider can copy all of them."""
    mail, facts = shape["mail"], shape["registration"]
    found = []
    hosts = set() if mail is None else {row["host"] for row in mail["exchanges"]}
    if mail is not None and Flag.DEFENSIVE in mail["flags"]:
        return ()
    if (same := sorted(hosts & owner.exchanges)) and hosts <= owner.exchanges:
        found.append(f"its exchanges are the owner's: {', '.join(same[:4])}")
    if facts is not None:
        servers = set(facts["nameservers"])
        if servers and servers <= owner.nameservers:
            found.append(f"its nameservers are the owner's: {', '.join(sorted(servers)[:4])}")
        holder = facts["registrant"]["organisation"]
        if holder is not None and holder in owner.organisations:
            found.append(f"its registrant is named as the owner's: {holder}")
    return tuple(found)
