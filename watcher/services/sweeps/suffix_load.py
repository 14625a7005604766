"""The number of candidates under each public suffix: the questions that its own nameservers would be asked."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from watcher.core.slips.candidates import Candidate
from watcher.core.states.budget import Budget, SuffixLoad
from watcher.services.sweeps.enumerate import Named

Enumerate = Callable[[Named, int, int], Iterator[Candidate]]

SAMPLE = 8
"""Protected names whose candidates are counted: a quarter of a second of computing each."""


class Allowance:
    """Questions a second that a plan may spend.

    `rate`: of the resolvers; `of_suffix`: of one suffix's own nameservers, where they are asked. Which candidates lie
    under which suffix is known after `count`.
    """

    def __init__(
        self,
        rate: Callable[[], float],
        *,
        of_suffix: float | None,
        names: Callable[[], Sequence[Named]],
        enumerate_: Enumerate,
        public_suffix: Callable[[str], str],
        tiers: Sequence[int],
    ) -> None:
        self._rate = rate
        self._of_suffix = of_suffix
        self._names = names
        self._count = (enumerate_, public_suffix, tiers)
        self._counted: Sequence[Named] = ()
        self._load: Mapping[str, Sequence[float]] = {}

    def __call__(self) -> Budget:
        """As far as it is known now."""
        if self._of_suffix is None:
            return Budget(self._rate())
        return Budget(self._rate(), SuffixLoad(self._of_suffix, self._load))

    async def count(self) -> None:
        """Learn which candidates lie under which suffix, where that may have changed."""
        names = self._names()
        if self._of_suffix is not None and names != self._counted:
            self._load = await suffix_load(names, *self._count)
            self._counted = names


async def suffix_load(
    names: Sequence[Named],
    enumerate_: Enumerate,
    public_suffix: Callable[[str], str],
    tiers: Sequence[int],
) -> Mapping[str, tuple[float, ...]]:
    """For each suffix the registrable domains of one protected name that lie under it, tier by tier, in the mean.

    `tiers` are the last ranks of each. Counted over some of `names`, spread evenly over all of them in their order.
    """
    step = max(1, len(names) / SAMPLE)
    some = [names[int(place * step)] for place in range(min(SAMPLE, len(names)))]
    return await asyncio.to_thread(_counted, some, enumerate_, public_suffix, tiers)


def _counted(
    names: Sequence[Named],
    enumerate_: Enumerate,
    public_suffix: Callable[[str], str],
    tiers: Sequence[int],
) -> Mapping[str, tuple[float, ...]]:
    counts: Counter[tuple[str, int]] = Counter()
    for name in names:
        seen = set()
        for candidate in enumerate_(name, 1, tiers[-1]):
            domain = candidate.registrable_domain
            if domain is not None and domain not in seen:
                seen.add(domain)
                tier = next(place for place, last in enumerate(tiers) if candidate.rank <= last)
                counts[public_suffix(domain), tier] += 1
    suffixes = {suffix for suffix, _ in counts}
    return {
        suffix: tuple(counts[suffix, tier] / len(names) for tier in range(len(tiers))) for suffix in sorted(suffixes)
    }
