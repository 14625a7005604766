"""The honesty check of a resolver: a rewriting or filtering one would invent lookalikes, or hide them (M56)."""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import IPv6Network

from watcher.core.errors import DishonestResolver
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.ports import Clock
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.dns.translation import KNOWN_NAME, prefixes

CANARY = "canary.watcher.invalid"
CANARY_OF_UNBOUND = "canary.watcher.alt"
"""The name that every block list of our own export holds: a resolver that knows it has loaded one."""

_CANARIES = frozenset({CANARY, CANARY_OF_UNBOUND})
_SUFFIXES = ("com", "net", "org")
_FILTERS = frozenset({4, 15, 16, 17, 18})  # RFC 8914


class Reachability(StrEnum):
    """The result of an honesty check that found no lie."""

    HONEST = "honest"
    """Random names, `.invalid` and the canary do not exist there."""
    STRIPPING = "stripping"
    """It says that names do not exist, and leaves out the SOA that shows who says so: nothing can be settled by it."""
    FAILING = "failing"
    """It replies, but answered none of the questions: refused, or cut off from the Internet."""
    UNREACHABLE = "unreachable"
    """It did not reply at all."""


async def check_honesty(
    server: Server,
    *,
    suffixes: Sequence[str] = _SUFFIXES,
    timeout: float = 3.0,  # noqa: ASYNC109 (of each try, as everywhere in here)
    attempts: int = 2,
    clock: Clock | None = None,
) -> Reachability:
    """Ask `server` for names that cannot exist. Raises DishonestResolver for an answer where none can be.

    `suffixes`: unrelated public suffixes without a wildcard, under which random names are tried.
    """
    resolver = CarefulResolver([server], timeout=timeout, attempts=attempts, clock=clock)
    random_names = [f"{_label()}.{suffix}" for suffix in suffixes]
    names = [*random_names, f"{_label()}.invalid", *_CANARIES]  # the general lie is told before the special one
    try:
        answers = await resolver.ask([Question(name, rrtype) for name in names for rrtype in (RRType.A, RRType.MX)])
    finally:
        resolver.close()
    for answer in answers:
        _judge_answer(server, answer)
    _judge_filter(server, answers)
    outcomes = {answer.outcome for answer in answers}
    if outcomes <= {Outcome.TIMEOUT}:
        return Reachability.UNREACHABLE
    random_ones = [answer for answer in answers if answer.question.name in random_names]
    if any(answer.outcome is Outcome.NXDOMAIN for answer in random_ones):
        return Reachability.HONEST
    stripped = any(answer.outcome is Outcome.FILTERED and answer.soa is None for answer in random_ones)
    return Reachability.STRIPPING if stripped else Reachability.FAILING


async def find_prefixes(server: Server, *, timeout: float = 3.0) -> tuple[IPv6Network, ...] | None:  # noqa: ASYNC109
    """Return the prefixes of the addresses that `server` makes up from IPv4 ones (RFC 7050); None: it did not say."""
    resolver = CarefulResolver([server], timeout=timeout, attempts=2)
    try:
        (answer,) = await resolver.ask([Question(KNOWN_NAME, RRType.AAAA)])
    finally:
        resolver.close()
    if answer.outcome is Outcome.ANSWER:
        return prefixes(answer.records)
    return () if answer.settled else None


def _judge_answer(server: Server, answer: Answer) -> None:
    name = answer.question.name
    if answer.outcome in (Outcome.ANSWER, Outcome.NODATA):
        if name in _CANARIES:
            raise DishonestResolver(server.name, f"it knows {name}, so it has loaded a block list of this service")
        shown = f" ({', '.join(answer.records[:3])})" if answer.records else ""
        raise DishonestResolver(
            server.name, f"it answers for {name}{shown}, which does not exist: it rewrites NXDOMAIN"
        )


def _judge_filter(server: Server, answers: Sequence[Answer]) -> None:
    """A filter that knows the canary, or names nobody has ever used, is one that we would see the world through."""
    for answer in answers:
        if answer.question.name in _CANARIES and answer.outcome is Outcome.FILTERED and answer.soa is not None:
            why = (
                f"its policy zone {answer.soa} holds {answer.question.name}: it has loaded a block list of this service"
            )
            raise DishonestResolver(server.name, why)
    filtered = {answer.question.name: answer.extended_errors for answer in answers if _says_filtered(answer)}
    special = {name for name in filtered if name.endswith(".invalid") or name in _CANARIES}
    if special and special <= _CANARIES:
        raise DishonestResolver(server.name, f"it filters {min(special)}: it has loaded a block list of this service")
    for name in filtered.keys() - special:
        codes = ", ".join(map(str, filtered[name]))
        raise DishonestResolver(server.name, f"it filters {name} (extended error {codes})")


def _says_filtered(answer: Answer) -> bool:
    return answer.outcome is Outcome.FILTERED and not _FILTERS.isdisjoint(answer.extended_errors)


def _label() -> str:
    """Return a label that nobody has registered."""
    return "w" + secrets.token_hex(10)
