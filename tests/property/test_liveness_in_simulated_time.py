"""The watch never stands still: whatever names do and whenever the process is killed, an honest gain is told in time.

In time is twice what it takes where no name misbehaves. A pass, a look and a restart are the real ones; only the network
and the clock are not.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.attacked_watch import ABLE, HALF, KINDS, AttackedWatch, HostileDns
from tests.fakes.simulated_time import SimulatedClock, run_simulated
from watcher.store import Store

NORMAL = 7.0
"""Seconds: the interval of the tier, the look, the time until it is confirmed, and the steps of the jobs."""
HONEST = 7
"""Every so many of the candidates behave; the others do as the mix says."""


async def _story(mix, turns, kills, wait):
    with TemporaryDirectory() as folder:
        clock = SimulatedClock()
        store = await Store.open_or_create(f"sqlite:///{Path(folder)}/watcher.db", clock=clock)
        dns = HostileDns(clock, {})
        watch = AttackedWatch(store, clock, dns)
        names = await watch.candidates()
        honest, others = names[3::HONEST], [name for place, name in enumerate(names) if place % HONEST != 3]
        hostile = {name: mix[place % len(mix)] for place, name in enumerate(others) if mix[place % len(mix)]}
        for place, (name, kind) in enumerate(hostile.items()):
            if not turns or place % 2:
                dns.misbehave(name, kind)
        await watch.start()
        for after in kills:
            await clock.advance(after)
            await watch.kill()
            watch = AttackedWatch(store, clock, dns)
            await watch.start()
        await clock.advance(wait)
        for place, (name, kind) in enumerate(hostile.items()):
            if turns and not place % 2:  # these misbehave from now on
                dns.misbehave(name, kind)
        gained = honest[len(honest) // 2]
        dns.load(gained, ABLE)
        seconds = await watch.seconds_until(gained, most=60)
        assert await watch.passes() is not None, "the first pass has ended"
        await watch.kill()
        await store.close()
    return seconds


def test_the_normal_time():
    assert run_simulated(_story([None], False, [], 10.0)) <= NORMAL


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mix=st.lists(st.sampled_from((None, HALF, *KINDS)), min_size=1, max_size=8),
    turns=st.booleans(),
    kills=st.lists(st.floats(0, 8), max_size=2),
    wait=st.floats(1.5, 14),
)
def test_a_gain_is_told_within_twice_the_normal_time(mix, turns, kills, wait):
    seconds = run_simulated(_story(mix, turns, kills, wait))
    assert seconds is not None
    assert seconds <= 2 * NORMAL
