"""Failures from outside: one line each at growing waits, shared by all that fail for the same reason."""

import pytest

from watcher.core.errors import StoreError, outside_failure
from watcher.core.states.outages import LONGEST_WAIT, Outages

LOCKED, FULL = "the database is locked", "the disk is full"


def test_one_line_for_all_that_fail_together():
    outages = Outages()
    assert outages.struck("sweep", LOCKED, began=0, now=10) == f"sweep waits 1 s: {LOCKED}"
    assert outages.struck("relook", LOCKED, began=0, now=10) is None
    assert outages.struck("vigil", LOCKED, began=10.5, now=10.9) is None
    assert outages.wait("relook", 10.5) == pytest.approx(0.5)
    assert outages.wait("honesty", 10.5) == 0, "what does not fail does not wait"


def test_waits_double_up_to_a_minute_and_each_is_said_once():
    outages, now, waits = Outages(), 0.0, []
    for _ in range(9):
        assert outages.struck("sweep", LOCKED, began=now, now=now)
        assert outages.struck("relook", LOCKED, began=now, now=now) is None
        waits.append(outages.wait("sweep", now))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, LONGEST_WAIT]


def test_the_end_is_said_once_and_begins_the_waits_anew():
    outages = Outages()
    outages.struck("sweep", LOCKED, began=0, now=0)
    outages.struck("relook", LOCKED, began=0, now=0)
    assert outages.worked("honesty") is None
    assert outages.worked("relook") is None, "the sweep still waits"
    assert outages.worked("sweep") == "sweep goes on"
    assert outages.worked("sweep") is None
    outages.struck("sweep", LOCKED, began=99, now=99)
    assert outages.wait("sweep", 99) == 1


def test_another_reason_is_another_outage():
    outages = Outages()
    outages.struck("sweep", LOCKED, began=0, now=0)
    assert outages.struck("sweep", FULL, began=2, now=2) == f"sweep waits 1 s: {FULL}"
    assert outages.worked("sweep") == "sweep goes on"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StoreError(LOCKED), LOCKED),
        (StoreError("away:\n  no route to host"), "away: no route to host"),
        (OSError(28, "No space left on device", "/srv/list"), "No space left on device: /srv/list"),
        (TimeoutError(), "TimeoutError"),
        (ExceptionGroup("work", [ExceptionGroup("more", [StoreError(LOCKED)]), StoreError(FULL)]), LOCKED),
        (ExceptionGroup("work", [StoreError(LOCKED), ZeroDivisionError()]), None),
        (ZeroDivisionError(), None),
    ],
)
def test_what_comes_from_outside(error, line):
    assert outside_failure(error) == line
