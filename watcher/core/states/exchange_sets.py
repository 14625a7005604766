"""Sets of exchanges compared: whether two looks differ, and whether they differ alike (M66)."""

from dataclasses import replace

from watcher.core.mail.verdict import Exchange, Flag, Verdict
from watcher.core.names.addresses import is_global
from watcher.core.states.mail_state import exchange_set


def differs(stood: Verdict | None, seen: Verdict) -> bool:
    """Return whether the exchanges are others, or one that was dead takes mail now."""
    return exchange_set(seen) != exchange_set(stood) or bool(_revived(stood, seen))


def agree(stood: Verdict | None, first: Verdict, second: Verdict) -> bool:
    """Return whether two looks that differ from what stands do so alike."""
    if exchange_set(first) != exchange_set(second):
        return False
    return exchange_set(first) != exchange_set(stood) or bool(_revived(stood, first) & _revived(stood, second))


def _revived(stood: Verdict | None, seen: Verdict) -> frozenset[str]:
    """Return the usable exchanges that were not when it stood with dead ones; one that was merely unsettled is none."""
    if stood is None or Flag.PARTLY_DEAD not in stood.flags:
        return frozenset()
    return _usable(seen) - _usable(stood)


def _usable(verdict: Verdict) -> frozenset[str]:
    return frozenset(exchange.host for exchange in verdict.exchanges if _is_usable(exchange))


def _is_usable(exchange: Exchange) -> bool:
    return any(is_global(address) for address in exchange.addresses)


def with_known(stood: Verdict | None, seen: Verdict) -> Verdict:
    """Return the verdict after a look at the same exchanges, with known addresses of one that fails now and then.

    So one that was told of is not told again whenever it comes back.
    """
    known = {item.host: item.addresses for item in (stood.exchanges if stood else ()) if _is_usable(item)}
    exchanges = (
        exchange if _is_usable(exchange) else replace(exchange, addresses=known.get(exchange.host, exchange.addresses))
        for exchange in seen.exchanges
    )
    return replace(seen.brief, exchanges=tuple(exchanges))
