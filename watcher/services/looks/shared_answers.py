"""Answers that names share: remembered for a sweep, and asked for once even by looks that run at the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from watcher.core.mail.dns import Answer, Question
from watcher.core.ports import Clock, Resolver

_LONGEST_MEMORY = timedelta(hours=1)


class RememberedAnswers:
    """Settled answers of this sweep, each until its TTL ends, at most an hour; the least used go first."""

    def __init__(self, clock: Clock, *, limit: int = 50_000) -> None:
        self._clock = clock
        self._limit = limit
        self._answers: OrderedDict[Question, tuple[Answer, datetime]] = OrderedDict()

    def get(self, question: Question, /) -> Answer | None:
        """The answer while it holds."""
        kept = self._answers.get(question)
        if kept is None:
            return None
        answer, until = kept
        if until <= self._clock.now():
            del self._answers[question]
            return None
        self._answers.move_to_end(question)
        return answer

    def keep(self, answer: Answer) -> None:
        """Remember a settled answer; an unsettled one is asked again each time."""
        if not answer.settled or not answer.ttl:
            return
        life = min(timedelta(seconds=answer.ttl), _LONGEST_MEMORY)
        self._answers[answer.question] = (answer, self._clock.now() + life)
        self._answers.move_to_end(answer.question)
        while len(self._answers) > self._limit:
            self._answers.popitem(last=False)


class SharedQuestions:
    """Puts a question that another look is waiting for only once; every asker gets the same answer."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._under_way: dict[Question, asyncio.Future[Answer]] = {}

    async def ask(self, questions: Sequence[Question]) -> tuple[Answer, ...]:
        """The answers in the order of the questions. Where the look that asked first gave up, this one asks itself."""
        theirs = {question: self._under_way[question] for question in questions if question in self._under_way}
        heard = await self._ask([question for question in questions if question not in theirs])
        for question, answer in theirs.items():
            await asyncio.wait([answer])  # neither cancels it nor raises what it holds
            if not answer.cancelled():
                heard[question] = answer.result()
        heard |= await self._ask([question for question in questions if question not in heard])
        return tuple(heard[question] for question in questions)

    async def _ask(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        if not questions:
            return {}
        loop = asyncio.get_running_loop()
        promised = {question: loop.create_future() for question in questions}
        self._under_way.update(promised)
        heard: dict[Question, Answer] = {}
        try:
            heard.update(zip(questions, await self._resolver.ask(questions), strict=True))
        finally:
            for question, answer in promised.items():
                if self._under_way.get(question) is answer:
                    del self._under_way[question]
                if question in heard:
                    answer.set_result(heard[question])
                else:
                    answer.cancel()
        return heard
