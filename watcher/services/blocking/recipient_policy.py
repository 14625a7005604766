"""Answers to mail servers that ask about a recipient: from memory, at once, whatever is broken."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from watcher.core.blocking.answer import PASS, Action, PolicyAnswer, PolicyRules, action_for, answer
from watcher.core.blocking.confirming import Confirmations
from watcher.core.blocking.recipient import Recipient, recipients
from watcher.core.blocking.standing import BlockStanding
from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.services.blocking.held import HeldList
from watcher.services.blocking.outgoing import Outgoing

log = logging.getLogger(__name__)

_REMEMBERED = 100_000
_COMPARING_AT_ONCE = 64
_WARMED = 10
COMPARE_SECONDS = 0.015
"""So long an answer waits for a comparison; then mail passes, and the next request finds it done."""
_WEIGHT = {action: place for place, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class RecipientQuestion:
    """The question of a mail server. `instance` tells one message from another; empty where it is not said."""

    recipient: str
    sender: str = ""
    instance: str = ""


class Comparing(Protocol):
    """The part of an enumeration that the policy needs."""

    def matching(self, names: Iterable[Fqdn]) -> Iterable[tuple[Fqdn, Sequence[Resemblance]]]:
        """Yield those of many names that resemble a protected name."""
        ...


class RecipientPolicy:
    """Answers by `rules` from what `held` has in memory.

    Without `ask` nothing is compared: only what the watch holds counts. `outgoing` counts; None: nothing is counted.
    """

    def __init__(
        self,
        held: HeldList,
        names: Comparing,
        rules: PolicyRules,
        *,
        outgoing: Outgoing | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rules = rules
        self._held = held
        self._names = names
        self._outgoing = outgoing
        self._monotonic = monotonic
        self._confirmations = Confirmations(rules.confirm_within.total_seconds())
        self._key = secrets.token_bytes(16)
        self._found: dict[str, BlockStanding | None] = {}
        self._comparing: dict[str, Future[BlockStanding | None]] = {}
        self._worker = ThreadPoolExecutor(1, "compare-recipients")

    def forget(self) -> None:
        """Let what was found be found anew: the list or the protected names changed."""
        self._found = {}
        if self.rules.ask:
            self._worker.submit(self._file)

    def close(self) -> None:
        """Stop comparing."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def at_once(self, question: RecipientQuestion, *, judging: bool = False) -> PolicyAnswer | None:
        """Return the answer; None when the domain must be compared first (`compared`). Never raises.

        `judging`: only tell what the answer would be; nothing is counted or remembered about it.
        """
        try:
            return self._answer(question, judging=judging, waited=False)
        except Exception:
            log.exception("mail passes, because the answer could not be worked out")
            return PASS

    async def judge(self, recipient: str) -> PolicyAnswer:
        """Return what a mail server would be told about a recipient from now on; nothing is counted or remembered.

        Raises StoreError where the list cannot be read.
        """
        await self._held.ensure_fresh()
        question = RecipientQuestion(recipient)
        return self.at_once(question, judging=True) or await self.compared(question, judging=True)

    async def compared(self, question: RecipientQuestion, *, judging: bool = False) -> PolicyAnswer:
        """Return the answer after comparing, or that mail passes when that takes too long. Never raises."""
        try:
            waiting = [future for future in map(self._compare, recipients(question.recipient)) if future is not None]
            if waiting:
                await asyncio.wait([asyncio.wrap_future(future) for future in waiting], timeout=COMPARE_SECONDS)
            return self._answer(question, judging=judging, waited=True) or PASS
        except Exception:
            log.exception("mail passes, because the answer could not be worked out")
            return PASS

    def _answer(self, question: RecipientQuestion, *, judging: bool, waited: bool) -> PolicyAnswer | None:
        if not self._held.loaded:
            return PASS
        worst: tuple[Action, Recipient, BlockStanding] | None = None
        for recipient in recipients(question.recipient):
            standing = self._standing(recipient.domain)
            if standing is _MISSING and not waited:
                return None
            if standing is not None and standing is not _MISSING:
                action = action_for(standing, self.rules, known=self._is_known(recipient.domain))
                if worst is None or _WEIGHT[action] > _WEIGHT[worst[0]]:
                    worst = action, recipient, standing
        if worst is None or worst[0] is Action.PASS:
            self._count_pass(question, judging=judging)
            return PASS
        return self._given(question, *worst, judging=judging)

    def _given(
        self,
        question: RecipientQuestion,
        action: Action,
        recipient: Recipient,
        standing: BlockStanding,
        *,
        judging: bool,
    ) -> PolicyAnswer:
        if action is Action.ASK and not judging:
            action = self._ask(question, recipient)
        given = answer(action, recipient, standing, self.rules)
        if self._outgoing is not None and not judging and action is not Action.PASS:
            self._outgoing.count(standing.name, standing.protected, action)
        return given

    def _standing(self, domain: Fqdn) -> BlockStanding | None:
        """The standing where it is at hand, else `_MISSING`."""
        known = self._found.get(domain, _MISSING)
        if known is not _MISSING:
            return known
        standings = self._held.standings
        standing = standings.find(domain)
        if standing is None and self.rules.ask and standings.friends.find(domain) is None:
            if domain not in self._comparing or not self._comparing[domain].done():
                return _MISSING
            standing = self._comparing.pop(domain).result()
        self._keep(domain, standing)
        return standing

    def _compare(self, recipient: Recipient) -> Future[BlockStanding | None] | None:
        domain = recipient.domain
        if domain in self._found:
            return None
        running = self._comparing.get(domain)
        if running is None:
            if len(self._comparing) >= _COMPARING_AT_ONCE:
                for name in [name for name, future in self._comparing.items() if future.done()]:
                    self._keep(Fqdn(name), self._comparing.pop(name).result())
                if len(self._comparing) >= _COMPARING_AT_ONCE:
                    return None
            running = self._comparing[domain] = self._worker.submit(self._resembling, domain)
        return running

    def _file(self) -> None:
        """File the protected names and compare slips of some: the first comparison need not wait for tables."""
        try:
            slips = [Fqdn(slip) for name in self._held.protected[:_WARMED] for slip in (name[1:], name[:-1])]
            list(self._names.matching([slip for slip in slips if "." in slip and slip == slip.strip(".")]))
        except Exception:
            log.exception("the protected names could not be filed")

    def _resembling(self, domain: Fqdn) -> BlockStanding | None:
        try:
            found = [resemblance for _, each in self._names.matching([domain]) for resemblance in each]
            return self._held.standings.find(domain, found)
        except Exception:
            log.exception("mail to a domain passes, because it could not be compared")
            return None

    def _keep(self, domain: Fqdn, standing: BlockStanding | None) -> None:
        if len(self._found) >= _REMEMBERED:
            self._found = {}
        self._found[domain] = standing

    def _ask(self, question: RecipientQuestion, recipient: Recipient) -> Action:
        """Ask, unless the sender was asked; a message without a sender is nobody's to confirm and passes."""
        if question.sender in {"", "<>"}:
            return Action.PASS
        text = f"{question.sender.lower()} {recipient.domain}".encode("utf-8", "replace")
        key = int.from_bytes(hashlib.blake2b(text, key=self._key, digest_size=8).digest(), "big")
        confirmed = self._confirmations.confirm(key, question.instance, self._monotonic())
        return Action.CONFIRMED if confirmed else Action.ASK

    def _is_known(self, domain: str) -> bool:
        return self._outgoing is not None and self._outgoing.is_known(domain)

    def _count_pass(self, question: RecipientQuestion, *, judging: bool) -> None:
        if self._outgoing is not None and not judging and self._outgoing.counts_recipients:
            for recipient in recipients(question.recipient)[:1]:
                self._outgoing.count_recipient(recipient.domain)


_MISSING = BlockStanding("", "", None, None, False, False, False)  # type: ignore[arg-type]  # noqa: FBT003 (a mark, never read)
