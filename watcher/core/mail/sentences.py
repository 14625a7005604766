"""The parts that sentences on verdicts share: where mail goes, which hosts are meant, how many resolvers said so.

Names and addresses from outside are made harmless for a terminal.
"""

from watcher.core.mail.dns import RRType
from watcher.core.mail.verdict import Exchange, Verdict
from watcher.core.names.addresses import is_global

_MAX_HOST = 80


def delivered(name: str, verdict: Verdict, how: str = "", *, of_itself: str = "") -> str:
    """Return the sentence on a name whose mail is delivered: where to and `how`, which is else the preference.

    `of_itself` takes the place of `how` where the name is its own exchange.
    """
    usable = [exchange for exchange in verdict.exchanges if _usable(exchange)]
    if not usable:
        return f"{name} can receive mail{seen(name, verdict)}"
    best = usable[0]
    address = next(address for address in best.addresses if is_global(address))
    where = f"{shown(best.host)} ({address})" if best.host != address else shown(best.host)
    more = f" and {len(usable) - 1} more" if len(usable) > 1 else ""
    if of_itself and best.host == name and best.preference == 0:
        how, where = of_itself, f"it ({address})"
    how = how or f"MX {best.preference}"
    return f"Mail for {name} is delivered to {where}{more}: {how}{seen(name, verdict)}"


def lead(name: str, verdict: Verdict) -> str:
    """Return the beginning of a clause on what the exchanges lead to."""
    implicit = all(exchange.host == name and exchange.preference == 0 for exchange in verdict.exchanges)
    if implicit or not verdict.exchanges:
        return "it has no MX and leads to"
    return f"its exchanges ({hosts(verdict)}) lead to"


def hosts(verdict: Verdict) -> str:
    """Return the first three exchanges."""
    listed = [shown(exchange.host) for exchange in verdict.exchanges[:3]]
    more = len(verdict.exchanges) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more else "")


def seen(name: str, verdict: Verdict) -> str:
    """Return by how many resolvers the MX question was answered, the name's or that of what does not exist above it."""
    answered = [answer for answer in verdict.evidence if answer.settled and answer.question.type is RRType.MX]
    if not answered:
        return ""
    own = [answer for answer in answered if answer.question.name == name]
    resolvers = {answer.resolver for answer in own or answered[:1]}
    return f", seen by {len(resolvers)} resolver{'s' if len(resolvers) > 1 else ''}"


def _usable(exchange: Exchange) -> bool:
    return any(is_global(address) for address in exchange.addresses)


def shown(host: str) -> str:
    """Return a host name from outside, harmless for a terminal and bounded."""
    clean = "".join(character if character.isascii() and character.isprintable() else "?" for character in host)
    return clean if len(clean) <= _MAX_HOST else clean[: _MAX_HOST - 3] + "..."
