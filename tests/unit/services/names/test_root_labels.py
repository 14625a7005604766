"""Labels that the root was asked about: kept for a week, asked again after it, forgotten when the root forgets them."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.names.suffixes import Suffixes
from watcher.data import load_suffixes
from watcher.services.names.root_labels import RootLabels
from watcher.store import Store


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield opened
    await opened.close()


class Root:
    """The root zone, and what it was asked."""

    def __init__(self, *labels: str) -> None:
        self.labels = set(labels)
        self.asked: list[str] = []
        self.silent = False

    async def __call__(self, labels) -> dict[str, bool]:
        self.asked += labels
        return {} if self.silent else {label: label in self.labels for label in labels}


async def test_the_question_is_weekly_and_the_answer_stands_meanwhile(store):
    clock, root, learned = FakeClock(), Root("zzshop"), []
    labels = RootLabels(store, Suffixes(None, None, frozenset({"com"})), clock, learned.extend)
    await labels.know(["zzshop", "zznone", "com", "local", "9", "zzshop"], root)
    assert root.asked == ["zzshop", "zznone"]
    assert learned == ["zzshop"]
    await labels.know(["zzshop", "zznone"], root)
    assert len(root.asked) == 2
    assert learned == ["zzshop", "zzshop"]
    await clock.advance(timedelta(days=8).total_seconds())
    root.labels = {"zznone"}
    learned.clear()
    await labels.renew(root, ["zzmore"])
    assert sorted(root.asked[2:]) == ["zzmore", "zznone", "zzshop"]
    assert learned == ["zznone"]
    await labels.read()
    assert learned == ["zznone", "zznone"]


async def test_a_silent_root_changes_nothing(store):
    clock, root, learned = FakeClock(), Root("zzshop"), []
    labels = RootLabels(store, load_suffixes(), clock, learned.extend)
    await labels.know(["zzshop"], root)
    await clock.advance(timedelta(days=8).total_seconds())
    root.silent = True
    learned.clear()
    await labels.renew(root)
    assert learned == ["zzshop"], "unknown is never no"


async def test_what_is_learned_counts_among_candidates_and_what_is_noticed_does_not():
    suffixes = Suffixes(None, None, frozenset({"com"}))
    suffixes.notice(["zznew"])
    assert suffixes.is_delegated("army.zznew")
    assert not suffixes.is_listed("army.zznew")
    suffixes.learn(["zznew"])
    assert suffixes.is_listed("army.zznew")
