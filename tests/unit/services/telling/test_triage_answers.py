"""Triage answers in the thread of its alert: once, in order, from the first call on, and again after a failure."""

from datetime import timedelta

from tests.fakes.telling_office import Office
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.names.names import Fqdn
from watcher.core.ports import Answering, Channel
from watcher.core.states.lookalike import Lookalike, Triage
from watcher.services.names.triage import decide
from watcher.services.telling.triage_answers import TriageAnswers
from watcher.store import lookalikes


async def save_lookalike(office: Office, name: str) -> None:
    row = Lookalike(Fqdn(name), name, "ml", name, first_seen_at=office.clock.now())
    async with office.store.write() as tx:
        await lookalikes.save(tx, [row])


class Threads:
    """A channel with threads; `failing` is raised as long as it is set."""

    name, every_event = "threads", False

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.failing: Exception | None = None

    async def send(self, alert: object) -> None:
        """Take everything."""

    async def answer(self, group: str, text: str) -> bool:
        if self.failing is not None:
            raise self.failing
        self.answers.append((group, text))
        return True


async def _decide(office: Office, name: str, triage: Triage, note: str = "") -> None:
    assert await decide(office.store, [name], triage, note=note, now=office.clock.now(), by="alice") == ()
    await office.clock.advance(1)


async def test_each_decision_is_answered_once_and_after_a_failure(office: Office) -> None:
    for name in ("army.ml", "navy.ml"):
        await save_lookalike(office, name)
    await _decide(office, "army.ml", Triage.INVESTIGATING)
    threads = Threads()
    channels: dict[str, Channel] = {"threads": threads, "email": office.email}
    answers = TriageAnswers(office.store, channels, office.clock)
    assert await answers.due() == 0, "what was decided before is no news"
    await _decide(office, "navy.ml", Triage.TAKEDOWN, "asked the registrar of evil.com")
    threads.failing = DeliveryFailed("threads: no answer")
    assert await answers.due() == 0
    threads.failing = None
    assert await TriageAnswers(office.store, channels, office.clock).due() == 1, "also after a restart"
    assert await answers.due() == 0
    assert threads.answers == [
        ("domain:navy.ml", "navy[.]ml is to be taken down (triage by alice): asked the registrar of evil[.]com")
    ]


async def test_what_is_refused_or_old_holds_up_nothing(office: Office) -> None:
    for name in ("army.ml", "navy.ml"):
        await save_lookalike(office, name)
    threads = Threads()
    answers = TriageAnswers(office.store, {"threads": threads}, office.clock)
    await answers.due()
    await _decide(office, "army.ml", Triage.BLOCKED)
    threads.failing = DeliveryRejected("threads: no such channel")
    assert await answers.due() == 0
    threads.failing = DeliveryFailed("threads: away")
    await _decide(office, "navy.ml", Triage.IGNORED)
    assert await answers.due() == 0
    await office.clock.advance(timedelta(days=2).total_seconds())
    threads.failing = None
    assert await answers.due() == 0
    await _decide(office, "navy.ml", Triage.OWNED)
    assert await answers.due() == 1


def test_only_channels_with_threads_are_asked(office: Office) -> None:
    assert isinstance(Threads(), Answering)
    assert not isinstance(office.email, Answering)
