"""The verdict as one sentence that a mail administrator accepts."""

from watcher.core.mail.dns import Answer, Outcome, RRType
from watcher.core.mail.verdict import Basis, Exchange, Flag, Verdict
from watcher.core.names.addresses import is_global

_MAX_HOST = 80


def reason(name: str, verdict: Verdict) -> str:
    """One sentence without a final full stop; names and addresses from outside are made harmless for a terminal."""
    text = _by_basis(name, verdict)
    notes = [note for flag, note in _NOTES.items() if flag in verdict.flags]
    return "; ".join((text, *notes))


_NOTES = {
    Flag.DEFENSIVE: "it is held defensively",
    Flag.COLLECTOR: "the operator takes mail for any name",
    Flag.SENDER_DEPENDENT: "senders differ in this case",
    Flag.IPV6_ONLY: "over IPv6 only",
    Flag.BOGUS_DNSSEC: "its DNSSEC signatures are wrong",
    Flag.INCONSISTENT: "its nameservers disagree",
    Flag.FILTERED: "a filter answered in place of the name's owner",
    Flag.ACCEPTS_ANY: "its mail server takes any mailbox",
    Flag.REJECTS_UNKNOWN: "its mail server answers, and knows its mailboxes",
    Flag.REFUSES: "its mail server refuses mail for it",
    Flag.CLOSED: "no mail server answers there just now",
}


def _by_basis(name: str, verdict: Verdict) -> str:  # noqa: C901, PLR0911 (one sentence a basis)
    match verdict.basis:
        case Basis.EXPLICIT_MX | Basis.IMPLICIT_MX | Basis.REGISTRY_WILDCARD:
            return _delivered(name, verdict)
        case Basis.NO_SUCH_NAME:
            return _no_such_name(name, verdict)
        case Basis.NO_SUCH_SUFFIX:
            return f"{name} cannot receive mail: .{name.rpartition('.')[2]} is no top-level domain"
        case Basis.NO_ADDRESS:
            return f"{name} exists but cannot receive mail: it has neither MX nor address{_seen(name, verdict)}"
        case Basis.NULL_MX:
            return f'{name} refuses all mail: its MX is "." (null MX){_seen(name, verdict)}'
        case Basis.DEAD_EXCHANGES:
            text = f"Mail for {name} bounces: none of its exchanges ({_hosts(verdict)}) has an address"
            claim = ", and one of them anybody could claim" if Flag.ARMED in verdict.flags else ""
            return text + claim + _seen(name, verdict)
        case Basis.LOOPBACK_EXCHANGE:
            return (
                f"Mail for {name} goes nowhere: {_lead(name, verdict)} the sender's own machine{_seen(name, verdict)}"
            )
        case Basis.UNROUTABLE_EXCHANGES:
            where = f"{_lead(name, verdict)} addresses nobody can reach"
            return f"Mail for {name} waits at its senders: {where}{_seen(name, verdict)}"
        case Basis.CONTROLLED_INTERRUPTION:
            why = "its registry signals a name collision (127.0.53.53)"
            return f"{name} cannot receive mail: {why}{_seen(name, verdict)}"
        case Basis.LOOKUP_FAILED:
            return _unknown(name, verdict)


def _delivered(name: str, verdict: Verdict) -> str:
    usable = [exchange for exchange in verdict.exchanges if _usable(exchange)]
    if not usable:
        return f"{name} can receive mail{_seen(name, verdict)}"
    best = usable[0]
    address = next(address for address in best.addresses if is_global(address))
    where = f"{_shown(best.host)} ({address})" if best.host != address else _shown(best.host)
    more = f" and {len(usable) - 1} more" if len(usable) > 1 else ""
    if verdict.basis is Basis.REGISTRY_WILDCARD:
        how = "nobody registered it, but its suffix answers for any name"
    elif best.host == name and best.preference == 0 and verdict.basis is Basis.IMPLICIT_MX:
        how = "no MX, so the address of the name itself"
        where = f"it ({address})"
    else:
        how = f"MX {best.preference}"
    return f"Mail for {name} is delivered to {where}{more}: {how}{_seen(name, verdict)}"


def _no_such_name(name: str, verdict: Verdict) -> str:
    first = next((answer for answer in verdict.evidence if answer.outcome is Outcome.NXDOMAIN), None)
    if Flag.ARMED in verdict.flags:
        why = "it is registered but not in service" if Flag.ALIAS not in verdict.flags else "its alias can be claimed"
        return f"{name} does not exist in the DNS now: {why}{_seen(name, verdict)}"
    if first is not None and all(answer.question.name != name for answer in verdict.evidence):
        return f"{name} does not exist, because {_shown(first.question.name)} does not{_seen(name, verdict)}"
    return f"{name} does not exist{_seen(name, verdict)}"


def _unknown(name: str, verdict: Verdict) -> str:
    failed: Answer | None = next((answer for answer in verdict.evidence if not answer.settled), None)
    if failed is None:
        return f"Whether {name} can receive mail is unknown: the answers do not settle it"
    question = f"{failed.question.type.value} of {_shown(failed.question.name)}"
    return f"Whether {name} can receive mail is unknown: {question} gave {failed.outcome.value}"


def _lead(name: str, verdict: Verdict) -> str:
    implicit = all(exchange.host == name and exchange.preference == 0 for exchange in verdict.exchanges)
    if implicit or not verdict.exchanges:
        return "it has no MX and leads to"
    return f"its exchanges ({_hosts(verdict)}) lead to"


def _hosts(verdict: Verdict) -> str:
    shown = [_shown(exchange.host) for exchange in verdict.exchanges[:3]]
    more = len(verdict.exchanges) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _seen(name: str, verdict: Verdict) -> str:
    """By how many resolvers the MX question was answered, the name's or that of what does not exist above it."""
    answered = [answer for answer in verdict.evidence if answer.settled and answer.question.type is RRType.MX]
    if not answered:
        return ""
    own = [answer for answer in answered if answer.question.name == name]
    seen = {answer.resolver for answer in own or answered[:1]}
    return f", seen by {len(seen)} resolver{'s' if len(seen) > 1 else ''}"


def _usable(exchange: Exchange) -> bool:
    return any(is_global(address) for address in exchange.addresses)


def _shown(host: str) -> str:
    clean = "".join(character if character.isascii() and character.isprintable() else "?" for character in host)
    return clean if len(clean) <= _MAX_HOST else clean[: _MAX_HOST - 3] + "..."
