"""Confirmations: a sender who was asked and sends again means it. Hashes only, bounded, forgotten after a while."""

from collections import OrderedDict
from typing import NamedTuple

MOST = 100_000


class _Asked(NamedTuple):
    until: float
    instance: str
    confirmed: bool


class Confirmations:
    """The senders asked to confirm, each with the domain. Times are seconds of any clock that does not go back."""

    def __init__(self, within: float, most: int = MOST) -> None:
        self._within = within
        self._most = most
        self._asked: OrderedDict[int, _Asked] = OrderedDict()

    def __len__(self) -> int:
        return len(self._asked)

    def confirm(self, key: int, instance: str, now: float) -> bool:
        """Return whether the sender of `key` (a hash of sender and domain) was asked before, and ask otherwise.

        `instance` tells one message from another: a second recipient of the same message confirms nothing.
        """
        known = self._asked.get(key)
        if known is not None and known.until > now:
            if known.confirmed:
                return True
            if instance and instance == known.instance:
                return False
            self._keep(key, _Asked(now + self._within, instance, confirmed=True))
            return True
        self._keep(key, _Asked(now + self._within, instance, confirmed=False))
        return False

    def _keep(self, key: int, asked: _Asked) -> None:
        self._asked[key] = asked
        self._asked.move_to_end(key)
        if len(self._asked) > self._most:
            self._asked.popitem(last=False)
