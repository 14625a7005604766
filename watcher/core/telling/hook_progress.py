"""The progress of an alert through a channel that takes event after event."""

from collections import OrderedDict

from watcher.core.telling.alerts import Alert

_REMEMBERED = 64

TURN_SECONDS = 10.0
"""A try that has got something through ends after this long, and the next goes on from there: no time limit is hit."""


class HookProgress:
    """The accepted parts of the alerts under way: the next try goes on from there.

    After a restart an alert begins anew; its messages have the same ids as before.
    """

    def __init__(self) -> None:
        self._accepted: OrderedDict[str, set[str]] = OrderedDict()

    def has(self, alert: Alert, part: str) -> bool:
        """Return whether this part of the alert was accepted."""
        return part in self._accepted.get(alert.id, ())

    def accepted(self, alert: Alert, part: str) -> None:
        """This part need not be sent again."""
        self._accepted.setdefault(alert.id, set()).add(part)
        while len(self._accepted) > _REMEMBERED:
            self._accepted.popitem(last=False)

    def end(self, alert: Alert) -> None:
        """All of it was accepted."""
        self._accepted.pop(alert.id, None)
