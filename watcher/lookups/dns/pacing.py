"""The rate at which one server may be asked: a token bucket that grows by addition and shrinks by multiplication.

Pure arithmetic on seconds that the caller passes in, so that tests let hours pass in an instant. The rate never
exceeds the ceiling; what the bucket holds back for a quiet moment is at most a tenth of a second's worth.
"""

_SHRINK = 0.7
_STEPS_TO_CEILING = 20  # seconds from nothing to the ceiling
_LOWEST_SHARE = 0.05  # of the ceiling: below it nothing would be learnt about the server any more
_START = 100.0
_BURST = 0.1  # seconds' worth of questions
_WINDOW, _LONGEST_WINDOW = 1.0, 10.0
_FEW, _ENOUGH_BAD = 10, 3
_GOOD_SHARE, _BAD_SHARE = 0.05, 0.1
_MOST_USUAL = 0.3
_SLOWER, _SLACK = 2.0, 0.1
_USED = 0.5
_NEXT_TO_NOTHING, _LAPSED_WAIT = 1e-3, 0.2
_LEARN, _FORGET = 0.05, 0.3  # of what is usual, from each window


class Bucket:
    """A plain token bucket: never more than `rate` questions a second, whatever answers do."""

    def __init__(self, rate: float, *, now: float) -> None:
        if not rate > 0:
            raise ValueError("the rate must be above zero")
        self.rate = float(rate)
        self._most = max(1.0, rate * _BURST)
        self._tokens = 1.0
        self._filled_at = now
        self._until: float | None = None  # of a lent rate

    def lend(self, rate: float, *, until: float) -> None:
        """Let go at most `rate` questions a second, and none after `until`: others ask too."""
        self._until = until if rate > 0 else float("-inf")
        self.rate = max(rate, _NEXT_TO_NOTHING)
        self._most = max(1.0, self.rate * _BURST)

    def ready(self, now: float) -> int:
        """Return the number of questions that may go now."""
        if self._until is not None and now >= self._until:
            self._tokens, self._filled_at = 0.0, now
            return 0
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._filled_at) * self.rate)
        self._filled_at = now
        return int(self._tokens)

    def take(self, count: int) -> None:
        """So many were sent."""
        self._tokens -= count

    def until_next(self) -> float:
        """Seconds until one more may go, from when it was last filled."""
        return max(0.0, 1.0 - self._tokens) / self.rate


class Pace:
    """The rate for one server, learnt from what its answers do. Times are seconds of any clock; jumps are survived."""

    def __init__(self, ceiling: float, *, now: float) -> None:
        if not ceiling > 0:
            raise ValueError("the ceiling must be above zero")
        self.ceiling = float(ceiling)
        self.floor = max(min(1.0, self.ceiling), self.ceiling * _LOWEST_SHARE)
        self.rate = min(self.ceiling, max(_START, self.ceiling / 10))
        """Questions a second, at present."""
        self._tokens = 1.0
        self._filled_at = now
        self._cut_at = float("-inf")
        self._until: float | None = None  # of a lent ceiling
        self._usual = 0.0  # share of failures that a slower pace does not cure: lame delegations, a lossy line
        self._latency: float | None = None
        self._open_window(now)

    def lend(self, ceiling: float, *, until: float) -> None:
        """Ask at most `ceiling` questions a second, and none after `until`: others ask this server too."""
        self._until = until
        self.ceiling = max(ceiling, _NEXT_TO_NOTHING)
        self.floor = min(self.ceiling, max(min(1.0, self.ceiling), self.ceiling * _LOWEST_SHARE))
        self.rate = max(self.floor, min(self.rate, self.ceiling))
        if ceiling <= 0:
            self._until = float("-inf")

    def lapsed(self, now: float) -> bool:
        """Return whether nothing may be asked, because a lent ceiling is over."""
        return self._until is not None and now >= self._until

    def take(self, now: float, most: int) -> int:
        """Return the number of questions that may go now, `most` at the most; they count as sent."""
        if self.lapsed(now):
            return 0
        self._fill(now)
        count = max(0, min(most, int(self._tokens)))
        self._tokens -= count
        self._taken += count
        return count

    def reserve(self, now: float) -> float:
        """Seconds after which one question may go. It comes out of what `take` could give, and so goes first."""
        self._fill(now)
        self._tokens -= 1.0
        self._taken += 1
        return max(0.0, -self._tokens / self.rate)

    def until_next(self, now: float) -> float:
        """Seconds until `take` gives at least one."""
        if self.lapsed(now):
            return _LAPSED_WAIT
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self.rate)

    def answered(self, now: float, latency: float, count: int = 1) -> None:
        """`count` proper answers came, `latency` seconds after their questions on average."""
        if now - latency >= self._cut_at:
            self._good += count
            self._latency_sum += latency * count
            self._judge(now)

    def failed(self, now: float, after: float) -> None:
        """Silence, SERVFAIL or REFUSED, `after` seconds after the question was sent."""
        if now - after >= self._cut_at:  # what was sent before the last cut says nothing about the pace since
            self._bad += 1
            self._judge(now)

    def _fill(self, now: float) -> None:
        elapsed = now - self._filled_at
        self._filled_at = now
        if elapsed < 0:  # the clock was set back
            self._cut_at = min(self._cut_at, now)
            self._open_window(now)
            return
        self._tokens = min(self._tokens + min(elapsed, _LONGEST_WINDOW) * self.rate, max(1.0, self.rate * _BURST))

    def _open_window(self, now: float) -> None:
        self._opened_at = now
        self._good = self._bad = self._taken = 0
        self._latency_sum = 0.0

    def _judge(self, now: float) -> None:
        """Change the rate when a window of at least a second, with enough in it, is full."""
        elapsed, total = now - self._opened_at, self._good + self._bad
        if elapsed < _WINDOW or (total < _FEW and elapsed < _LONGEST_WINDOW):
            return
        share = self._bad / total
        failing = self._bad >= _ENOUGH_BAD and share > _BAD_SHARE + self._usual * 1.2
        if failing or self._slower():
            self.rate = max(self.floor, self.rate * _SHRINK)
            self._cut_at = now
        elif share <= _GOOD_SHARE + self._usual and self._taken >= _USED * self.rate * min(elapsed, _WINDOW):
            self.rate = min(self.ceiling, self.rate + self.ceiling / _STEPS_TO_CEILING * min(elapsed, _WINDOW))
        # Down quickly, up slowly: what a slower pace cures is not usual.
        learn = _LEARN if share > self._usual else _FORGET
        self._usual += learn * (min(share, _MOST_USUAL) - self._usual)
        self._open_window(now)

    def _slower(self) -> bool:
        """Return whether answers take much longer than they used to; what they usually take follows slowly."""
        if not self._good:
            return False
        mean = self._latency_sum / self._good
        if self._latency is None or mean < self._latency:
            self._latency = mean
            return False
        slower = mean > self._latency * _SLOWER + _SLACK
        self._latency += _LEARN * (mean - self._latency)
        return slower
