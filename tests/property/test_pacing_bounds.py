"""Whatever happens, a server is never asked faster than its ceiling."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.lookups.dns.pacing import Bucket, Pace

_STEP = st.tuples(
    st.floats(0.0, 2.0),
    st.sampled_from(["take", "reserve", "answered", "failed"]),
    st.integers(1, 500),
)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.5, 5000.0), st.lists(_STEP, max_size=120))
def test_never_above_the_ceiling_in_any_span(ceiling, steps):
    pace, now = Pace(ceiling, now=0.0), 0.0
    sent: list[float] = []
    for passes, what, count in steps:
        now += passes
        if what == "take":
            sent += [now] * pace.take(now, count)
        elif what == "reserve":
            sent.append(now + pace.reserve(now))
        elif what == "answered":
            pace.answered(now, 0.05, count)
        else:
            for _ in range(min(count, 20)):
                pace.failed(now, 0.5)
        assert pace.floor <= pace.rate <= ceiling
    sent.sort()
    burst = max(1.0, ceiling * 0.1)
    for first, start in enumerate(sent):
        for count, end in enumerate(sent[first:], 1):
            assert count <= (end - start) * ceiling + burst + 1 + 1e-6
            if end - start > 3:
                break


@given(st.lists(st.floats(0.0, 3.0), min_size=2, max_size=60))
def test_reserved_turns_never_overtake(passes):
    pace, now, turns = Pace(50, now=0.0), 0.0, []
    for passed in passes:
        now += passed
        turns.append(now + pace.reserve(now))
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(turns))


@given(
    rate=st.floats(min_value=0.5, max_value=10_000),
    steps=st.lists(st.tuples(st.floats(min_value=0, max_value=5), st.integers(0, 10_000)), max_size=60),
)
def test_a_bucket_gives_no_more_than_its_rate_in_any_span(rate, steps):
    bucket = Bucket(rate, now=0.0)
    now, taken = 0.0, []
    for wait, wanted in steps:
        now += wait
        count = min(wanted, bucket.ready(now))
        bucket.take(count)
        taken.append((now, count))
    burst = max(1.0, rate * 0.1)
    for start in range(len(taken)):
        total = 0
        for at, count in taken[start:]:
            total += count
            assert total <= burst + (at - taken[start][0]) * rate + 1e-6
