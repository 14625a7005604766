"""Names that somebody else's list brought, kept so that the service looks at them."""

from collections.abc import Sequence
from datetime import datetime

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.names.suffixes import Suffixes
from watcher.store import Store, lookalikes, protected_names, resemblances
from watcher.store.lookalikes import Lookalike


async def keep(
    store: Store, found: Sequence[tuple[Fqdn, Sequence[Resemblance]]], *, suffixes: Suffixes, now: datetime
) -> int:
    """Give names that resemble protected ones rows that are due at once; how many had none.

    Of a name that has one only the resemblances are added. A name that does not exist loses its row with its first
    settled look, as a candidate does.
    """
    async with store.write() as tx:
        known = await lookalikes.find_known(tx, [name for name, _ in found])
        still = await protected_names.find_known(tx, [one.protected for _, each in found for one in each])
        resembling = {name: [one for one in each if one.protected in still] for name, each in found}
        new = [name for name, each in resembling.items() if each and name not in known]
        await lookalikes.save(tx, [_row(name, suffixes, now) for name in new])
        for name, each in resembling.items():
            await resemblances.save(tx, name, each)
    return len(new)


def _row(name: Fqdn, suffixes: Suffixes, now: datetime) -> Lookalike:
    domain, suffix = suffixes.registrable_domain(name), suffixes.public_suffix(name)
    return Lookalike(name, domain, suffix, to_unicode(name), next_look_at=now)
