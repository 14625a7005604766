"""The listeners put together: they answer gear that asks."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from socket import gethostname
from typing import TYPE_CHECKING

from watcher.bootstrap.network import system_clock

if TYPE_CHECKING:
    from watcher.core.blocking.answer import Action
    from watcher.core.blocking.friends import Friends, ListedName
    from watcher.listeners.policy import Observe, PolicyListener
    from watcher.services.blocking.held import HeldList
    from watcher.services.blocking.recipient_policy import RecipientPolicy
    from watcher.services.names.own import Ours
    from watcher.services.sweeps.enumerate import Enumeration
    from watcher.settings.settings import Settings
    from watcher.store import Store

_SWITCH_SECONDS = 0.001
"""The time in seconds after which a thread that computes gives way: answers come first."""
LIST_MAY_AGE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Refusing:
    """The policy service: its answers, the list behind them, and its listener where it has one."""

    policy: "RecipientPolicy"
    held: "HeldList"
    listener: "PolicyListener | None"

    async def trouble(self) -> str | None:
        """Return what is wrong with a service that listens, in one line; None when all is well."""
        if self.listener is None:
            return None
        read_at = self.held.read_at
        if read_at is None:
            return "the policy service has no list yet, so all mail passes"
        age = system_clock().now() - read_at
        if age > LIST_MAY_AGE:
            return f"the policy service answers from a list that is {age.total_seconds():.0f} s old"
        return None


@asynccontextmanager
async def open_policy(
    chosen: "Settings",
    store: "Store",
    names: "Enumeration",
    ours: "Ours",
    *,
    observe: "Observe" = lambda kind, seconds: None,  # noqa: ARG005 (what the names mean)
    stopped: "Callable[[Action], None]" = lambda action: None,  # noqa: ARG005
) -> AsyncIterator[Refusing]:
    """The policy service of the settings; it listens and follows the database where `policy.listen` is set."""
    from watcher.core.blocking.answer import Action, PolicyRules
    from watcher.listeners.policy import PolicyListener
    from watcher.services.blocking.held import HeldList
    from watcher.services.blocking.outgoing import Outgoing
    from watcher.services.blocking.policy_reports import PolicyReports
    from watcher.services.blocking.recipient_policy import RecipientPolicy

    setting, clock = chosen.policy, system_clock()
    rules = PolicyRules(Action(setting.mode), Action(setting.blocked), setting.ask, setting.confirm_within)
    outgoing = Outgoing(store, clock, names.tables.suffixes, known_after=setting.known_after, observe=stopped)
    held = HeldList(
        store,
        clock,
        friends(names),
        ours=ours,
        changed=lambda: policy.forget(),  # noqa: PLW0108 (made below)
        approval=chosen.exports.approval,
    )
    policy = RecipientPolicy(held, names, rules, outgoing=outgoing)
    if setting.listen is None:
        try:
            yield Refusing(policy, held, None)
        finally:
            policy.close()
        return
    listener = PolicyListener(policy, observe=observe)
    sys.setswitchinterval(_SWITCH_SECONDS)
    await listener.listen(setting.listen)
    service = Refusing(policy, held, listener)
    reports = PolicyReports(store, clock, place=f"{setting.listen} on {gethostname()}", trouble=service.trouble)
    tasks = [asyncio.create_task(work) for work in (held.follow(), outgoing.run(), reports.run())]
    try:
        yield service
    finally:
        await reports.end()
        await listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        policy.close()


def friends(names: "Enumeration") -> "Callable[[Iterable[ListedName]], Friends]":
    """Make the friends of lists, over the bundled tables."""
    from watcher.core.blocking.friends import Friends
    from watcher.data.popular import load_popular_names

    popular = load_popular_names()
    return lambda listed: Friends(listed, names.tables, popular)
