"""The pace of one server, in simulated time."""

import random

import pytest

from watcher.lookups.dns.pacing import Bucket, Pace

_TICK = 0.01


class _Server:
    """Answers `capacity` questions a second and loses the rest; `lossy` of all get lost or fail whatever the pace."""

    def __init__(self, pace: Pace, *, capacity: float, lossy: float = 0.0, latency: float = 0.02) -> None:
        self.pace = pace
        self.capacity = capacity
        self.lossy = lossy
        self.latency = latency
        self.now = 0.0
        self.sent = 0
        self._room = 0.0
        self._chance = random.Random(7)
        self._events: list[tuple[float, bool, float]] = []

    def run(self, seconds: float, *, demand: float = 1e9) -> float:
        """Let `seconds` pass while `demand` questions a second are waiting; returns questions a second sent."""
        sent, end, wanted = 0, self.now + seconds, 0.0
        while self.now < end:
            self.now += _TICK
            self._room = min(self._room + self.capacity * _TICK, max(1.0, self.capacity * 0.1))
            wanted = min(wanted + demand * _TICK, 1000)
            count = self.pace.take(self.now, int(wanted))
            wanted -= count
            sent += count
            for _ in range(count):
                served = self._room >= 1 and self._chance.random() >= self.lossy
                self._room -= 1 if served else 0
                self._events.append((self.now + (self.latency if served else 1.0), served, self.now))
            due = [event for event in self._events if event[0] <= self.now]
            self._events = [event for event in self._events if event[0] > self.now]
            for at, served, sent_at in due:
                if served:
                    self.pace.answered(self.now, at - sent_at)
                else:
                    self.pace.failed(self.now, at - sent_at)
        self.sent += sent
        return sent / seconds


def test_it_grows_to_the_ceiling_when_all_is_well():
    server = _Server(Pace(200, now=0.0), capacity=1000)
    server.run(15)
    assert server.pace.rate == 200
    assert server.run(10) == pytest.approx(200, rel=0.02)


def test_it_settles_near_what_the_server_can_take():
    server = _Server(Pace(2000, now=0.0), capacity=400)
    server.run(60)
    rates = [server.run(5) for _ in range(24)]
    assert 200 < sum(rates) / len(rates) < 520


def test_it_backs_off_from_a_silent_server_and_recovers():
    server = _Server(Pace(200, now=0.0), capacity=1000)
    server.run(20)
    server.lossy = 1.0
    server.run(60)
    assert server.pace.rate == server.pace.floor == 10
    server.lossy = 0.0
    server.run(40)
    assert server.pace.rate == 200


def test_a_lossy_line_does_not_bring_it_to_a_standstill():
    server = _Server(Pace(200, now=0.0), capacity=1000, lossy=0.05)
    server.run(120)
    assert server.run(60) > 150


def test_a_tenth_of_failures_at_any_pace_is_lived_with_and_a_fifth_slows_without_stopping():
    server = _Server(Pace(200, now=0.0), capacity=1000, lossy=0.1)
    server.run(120)
    assert server.run(60) > 150
    server.lossy = 0.2
    server.run(120)
    assert server.run(60) > 2 * server.pace.floor


def test_rising_latency_is_a_sign_before_loss():
    server = _Server(Pace(1000, now=0.0), capacity=100_000)
    server.run(25)
    before = server.pace.rate
    server.latency = 0.5
    server.run(5)
    assert server.pace.rate < before * 0.8


def test_it_does_not_grow_on_what_it_does_not_use():
    server = _Server(Pace(2000, now=0.0), capacity=10_000)
    before = server.pace.rate
    server.run(60, demand=20)
    assert server.pace.rate == before


def test_one_loss_among_few_questions_is_no_sign():
    server = _Server(Pace(200, now=0.0), capacity=1000)
    before = server.pace.rate
    server.pace.failed(5.0, 3.0)
    server.pace.failed(20.0, 3.0)
    assert server.pace.rate == before


def test_losses_from_before_a_cut_do_not_cut_again():
    pace = Pace(200, now=0.0)
    for _ in range(20):
        pace.failed(2.0, 1.0)
    once = pace.rate
    for _ in range(50):
        pace.failed(3.5, 3.0)
    assert once < 100
    assert pace.rate == once


def test_reserved_turns_come_before_a_sweep_and_in_a_row():
    pace = Pace(100, now=0.0)
    waits = [pace.reserve(0.0) for _ in range(5)]
    assert waits == pytest.approx([0.0, 0.01, 0.02, 0.03, 0.04])
    assert pace.take(0.0, 100) == 0
    assert pace.take(0.03, 100) == 0
    assert pace.take(0.051, 100) == 1


def test_the_wait_for_the_next_turn_is_told():
    pace = Pace(100, now=0.0)
    assert pace.until_next(0.0) == 0.0
    assert pace.take(0.0, 5) == 1
    assert pace.until_next(0.0) == pytest.approx(0.01)


def test_a_clock_set_back_or_far_forward_does_no_harm():
    pace = Pace(200, now=1_000_000.0)
    pace.take(1_000_000.0, 100)
    assert pace.take(900_000.0, 100) == 0
    assert 0 < pace.take(900_001.0, 1000) <= 20
    assert pace.take(9_900_000.0, 1000) <= 20
    for tenths in range(30):
        pace.failed(9_900_002.0 + tenths / 10, 0.1)
    assert pace.rate < 100


def test_a_ceiling_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above zero"):
        Pace(0, now=0.0)


def test_a_lent_ceiling_bounds_the_rate_and_ends():
    """Also for a process that was paused meanwhile: its tokens are of no use after the end."""
    pace = Pace(1000, now=0.0)
    pace.lend(10, until=30.0)
    assert sum(pace.take(second / 10, 1000) for second in range(290)) <= 10 * 29 + 1
    assert not pace.lapsed(29.9)
    assert pace.lapsed(30.0)
    assert pace.take(31.0, 1000) == 0
    assert pace.until_next(31.0) > 0
    pace.lend(500, until=60.0)
    assert pace.take(32.0, 1000) > 0
    pace.lend(0, until=90.0)
    assert pace.take(33.0, 1000) == 0


def _went(buckets, seconds, start):
    """Return how many questions all buckets let go in so many seconds."""
    gone = 0
    for tick in range(round(seconds / _TICK)):
        for bucket in buckets:
            count = bucket.ready(start + tick * _TICK)
            bucket.take(count)
            gone += count
    return gone


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
def test_lent_parts_of_a_suffixs_rate_add_up_to_the_rate_whoever_is_paused(workers):
    buckets = [Bucket(50, now=0.0) for _ in range(workers)]
    for bucket in buckets:
        bucket.lend(50 / workers, until=20.0)
    assert 400 <= _went(buckets, 10, 0.0) <= 50 * 10 + workers
    assert _went(buckets, 10, 20.0) == 0, "what was lent is over: nothing goes"
    buckets[0].lend(50, until=99.0)
    assert 400 <= _went(buckets, 10, 40.0) <= 50 * 10 + 6
    buckets[0].lend(0, until=99.0)
    assert _went(buckets, 5, 60.0) == 0
