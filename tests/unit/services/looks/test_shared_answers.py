"""What names share is asked for once: across a sweep, and by looks that run at the same time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.services.looks.shared_answers import RememberedAnswers, SharedQuestions

A, B, C = (Question(f"{letter}.ml", RRType.A) for letter in "abc")


class SlowResolver:
    """Answers when told to; `asked` holds every round."""

    def __init__(self) -> None:
        self.asked: list[tuple[Question, ...]] = []
        self.go = asyncio.Event()

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:
        self.asked.append(tuple(questions))
        await self.go.wait()
        at = FakeClock().now()
        return tuple(Answer(question, Outcome.NODATA, f"r{len(self.asked)}", at, ttl=60) for question in questions)


async def _until(resolver: SlowResolver, rounds: int) -> None:
    async with asyncio.timeout(5):
        while len(resolver.asked) < rounds:
            await asyncio.sleep(0)


async def test_a_question_under_way_is_not_put_again():
    resolver = SlowResolver()
    shared = SharedQuestions(resolver)
    first = asyncio.create_task(shared.ask([A, B]))
    await _until(resolver, 1)
    second = asyncio.create_task(shared.ask([C, B]))
    await _until(resolver, 2)
    resolver.go.set()
    heard = await asyncio.gather(first, second)
    assert resolver.asked == [(A, B), (C,)]
    assert [[answer.question for answer in answers] for answers in heard] == [[A, B], [C, B]]
    await shared.ask([A])
    assert resolver.asked[-1] == (A,), "what is answered is not under way any more"


async def test_whoever_waits_asks_itself_when_the_first_gives_up():
    resolver = SlowResolver()
    shared = SharedQuestions(resolver)
    first = asyncio.create_task(shared.ask([A]))
    await _until(resolver, 1)
    second = asyncio.create_task(shared.ask([A]))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await _until(resolver, 2)
    resolver.go.set()
    assert [answer.question for answer in await second] == [A]


async def test_a_waiting_look_that_gives_up_takes_nobody_along():
    resolver = SlowResolver()
    shared = SharedQuestions(resolver)
    first = asyncio.create_task(shared.ask([A]))
    await _until(resolver, 1)
    second = asyncio.create_task(shared.ask([A]))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    resolver.go.set()
    assert [answer.question for answer in await first] == [A]
    assert resolver.asked == [(A,)]


async def test_memory_is_bounded_and_drops_what_was_used_least():
    clock = FakeClock()
    remembered = RememberedAnswers(clock, limit=2)
    a, b, c = (Question(f"{letter}.ml", RRType.A) for letter in "abc")
    for question in (a, b):
        remembered.keep(Answer(question, Outcome.ANSWER, "r", clock.now(), ("93.184.215.14",), ttl=60))
    assert remembered.get(a) is not None
    remembered.keep(Answer(c, Outcome.NXDOMAIN, "r", clock.now(), ttl=60))
    assert remembered.get(b) is None
    assert remembered.get(a) is not None
    assert remembered.get(c) is not None


async def test_nothing_is_remembered_longer_than_an_hour():
    clock = FakeClock()
    remembered = RememberedAnswers(clock)
    question = Question("a.ml", RRType.A)
    remembered.keep(Answer(question, Outcome.ANSWER, "r", clock.now(), ("93.184.215.14",), ttl=86400))
    await clock.advance(timedelta(hours=1).total_seconds())
    assert remembered.get(question) is None
