"""Names that a list or a feed brought, kept so that the service looks at them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.names.suffixes import Suffixes
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import MailState, Origin
from watcher.core.states.name import opened
from watcher.store import Store, lookalikes, protected_names, resemblances, shards


async def keep(
    store: Store,
    found: Sequence[tuple[Fqdn, Sequence[Resemblance]]],
    *,
    suffixes: Suffixes,
    now: datetime,
    absent_since: datetime | None = None,
    brought_by: str | None = None,
) -> int:
    """Give names that resemble protected ones rows that are due at once; how many had none.

    Of a name that has one only the resemblances are added. A name that does not exist loses its row with its first
    settled look, as a candidate does. Being able is news at the first look where the name was registered after the last
    finished sweep of a protected name that it resembles, or was in no complete zone of `absent_since` (M74).
    `brought_by`: the feed that its first events name as their source.
    """
    async with store.write() as tx:
        known = await lookalikes.find_known(tx, [name for name, _ in found])
        still = await protected_names.find_known(tx, [item.protected for _, each in found for item in each])
        resembling = {name: [item for item in each if item.protected in still] for name, each in found}
        new = [name for name, each in resembling.items() if each and name not in known]
        swept = await shards.last_sweeps(tx, sorted({item.protected for name in new for item in resembling[name]}))
        rows = []
        for name in new:
            sweeps = [swept[item.protected] for item in resembling[name] if item.protected in swept]
            origin = Origin(absent_since=absent_since, last_sweep_at=min(sweeps, default=None))
            rows.append(replace(_row(name, suffixes, now), state=opened(MailState(brought_by=brought_by), origin)))
        await lookalikes.save(tx, rows)
        if absent_since is not None:  # a name that we hold was delegated since
            await lookalikes.plan_look(tx, sorted(known), at=now)
        for name, each in resembling.items():
            await resemblances.save(tx, name, each)
    return len(new)


def _row(name: Fqdn, suffixes: Suffixes, now: datetime) -> Lookalike:
    domain, suffix = suffixes.registrable_domain(name), suffixes.public_suffix(name)
    return Lookalike(name, domain, suffix, to_unicode(name), next_look_at=now)
