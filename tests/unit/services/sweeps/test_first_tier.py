"""Kept candidates come back as they were made, every field of them."""

from dataclasses import dataclass

from tests.fakes.clock import FakeClock
from watcher.core.names.names import Fqdn
from watcher.core.slips.candidates import Candidate
from watcher.data import load_suffixes
from watcher.services.names.protect import protect
from watcher.services.sweeps.first_tier import FirstTier
from watcher.store import Store


@dataclass(frozen=True)
class Row:
    name: str
    kind: str = "domain"


async def test_what_is_kept_is_what_was_made(tmp_path):
    army = Fqdn("army.mil")
    made = [
        Candidate(Fqdn("army.ml"), Fqdn("army.ml"), ("omission", "suffix_edit"), 0.5, 0.25, 1, ("restricted",), army),
        Candidate(Fqdn("mil"), None, (), 0.1, 0.9, 2, (), army, "impersonation"),
    ]

    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    asked = []

    def enumerate_(row, first, last):
        asked.append((row.name, first, last))
        return iter(made)

    tier = FirstTier(store, enumerate_, stamp=lambda: "1", last=2)
    assert await tier.of([Row("army.mil")]) == {"army.mil": made}
    assert await tier.of([Row("army.mil")]) == {"army.mil": made}
    assert asked == [("army.mil", 1, 2)]
    await store.close()
