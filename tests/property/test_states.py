"""All interleavings of looks: the rules of section E as invariants, checked against a record kept apart from the state."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fakes.sightings import ONE, OTHER, absent, explicit, implicit, no_address, null_mx, unknown
from watcher.core.events import EventKind
from watcher.core.mail.verdict import Ability, Flag
from watcher.core.shapes.state import state_from_json, state_json
from watcher.core.states.cadence import Cadence, next_look
from watcher.core.states.mail_state import MailState, Origin, Policy, Standing, exists, sighted, standing_of
from watcher.core.states.name import step

NAME = "army.ml"
START = datetime(2026, 11, 1, tzinfo=UTC)
SETTLING = {
    "plain": explicit,
    "weak": implicit,
    "other plain": lambda name, at, **options: explicit(name, at, "mx.other.net", **options),
    "defensive": lambda name, at, **options: explicit(name, at, "mail.army.mil", flags=(Flag.DEFENSIVE,), **options),
    "disagreed": lambda name, at, **options: explicit(name, at, "mx.b.net", flags=(Flag.INCONSISTENT,), **options),
    "null": null_mx,
    "nothing": no_address,
    "absent": absent,
}
WEEK = timedelta(days=6.9)
ABLE = {Standing.DEFENSIVE, Standing.WEAK, Standing.PLAIN}
TTLS = st.sampled_from([0, 60, 600, 7200, 86_400])
STEPS = st.sampled_from([1, 30, 60, 61, 300, 301, 3600, 86_400])


class Looks(RuleBasedStateMachine):
    """One name, looked at by two resolvers at any times with any result."""

    @initialize(alone=st.booleans(), origin=st.sampled_from(["baseline", "absent before", "grown", "registered since"]))
    def begin(self, alone, origin):
        hour = timedelta(hours=1)
        self.policy = Policy(alone=alone)
        self.origin = {
            "baseline": None,
            "absent before": Origin(absent_since=START - hour),
            "grown": Origin(last_sweep_at=START - hour, registered_at=START - 2 * hour),
            "registered since": Origin(last_sweep_at=START - hour, registered_at=START - hour / 2),
        }[origin]
        self.news = self.origin is not None and self.origin.known_absent_since is not None
        self.now, self.state = START, MailState()
        self.looks = []  # (seconds apart matter) every settled look: (time, standing class)
        self.told = []  # kinds in order
        self.stood_plain = []

    @rule(apart=STEPS, what=st.sampled_from(sorted(SETTLING)), resolver=st.sampled_from([ONE, OTHER]), ttl=TTLS)
    def settled(self, apart, what, resolver, ttl):
        self.now += timedelta(seconds=apart)
        verdict = SETTLING[what](NAME, self.now, resolver=resolver, ttl=ttl)
        before = self.state
        drafts = self._look(verdict)
        self.looks.append((self.now, standing_of(verdict), resolver, exists(verdict)))
        assert self.state.settled_at == self.now
        for draft in drafts:
            self._check(draft, before)
        if standing_of(self.state.standing) is standing_of(verdict) is Standing.PLAIN:
            self.stood_plain.append(self.now)

    @rule(apart=STEPS, resolver=st.sampled_from([ONE, OTHER]))
    def unsettled(self, apart, resolver):
        self.now += timedelta(seconds=apart)
        before = self.state
        drafts = self._look(unknown(NAME, self.now, resolver=resolver))
        assert drafts == ()
        for kept in ("seen", "pending", "losses", "swings", "shifts", "plain_until"):
            assert getattr(self.state, kept) == getattr(before, kept)
        if before.attempted_at is not None:
            assert (self.state.standing, self.state.settled_at) == (before.standing, before.settled_at)

    @rule()
    def restarted(self):
        """All that is remembered survives being written down."""
        assert state_from_json(state_json(self.state)) == self.state

    @precondition(lambda self: self.state.attempted_at is not None)
    @rule(seconds=st.integers(0, 7200))
    def clock_set_back(self, seconds):
        self.now -= timedelta(seconds=seconds)
        if self.state.attempted_at > self.now:
            by = self.state.attempted_at - self.now
            self.looks = [(at - by, *rest) for at, *rest in self.looks]
            self.stood_plain = []  # what is remembered of it moves with the clock
            assert self._look(unknown(NAME, self.now)) == ()

    def _look(self, verdict):
        sighting = sighted(NAME, verdict, self.now)
        if self.state.attempted_at == self.now:
            self.now += timedelta(milliseconds=1)
            sighting = sighted(NAME, verdict, self.now)
        self.state, drafts = step(self.state, sighting, self.now, self.policy, self.origin)
        assert step(self.state, sighting, self.now, self.policy, self.origin) == (self.state, ())
        return drafts

    def _check(self, draft, before):
        self.told.append(draft.kind)
        able_looks = [look for look in self.looks if look[1] in ABLE]
        match draft.kind:
            case EventKind.MAIL_BECAME_ABLE:
                if standing_of(draft.before) is Standing.WEAK:
                    assert not any(at >= self.now - WEEK for at in self.stood_plain), "M70: it stood plain this week"
                assert len(able_looks) >= 2
                assert self.looks[-1][1] in ABLE
                assert self.looks[-2][1] in ABLE, "a contradicted one ended"
                assert len({answer.at for answer in draft.evidence}) >= 2, "both readings are shown"
                if not self.news and EventKind.MAIL_BECAME_UNABLE not in self.told:
                    stood = standing_of(draft.before)
                    assert stood in {Standing.DEFENSIVE, Standing.WEAK} or self._was_unable_first(), (
                        "able by baseline pages for nothing"
                    )
            case EventKind.MAIL_BECAME_UNABLE:
                since_able = self._since_last_able()
                assert len(since_able) >= self.policy.losses
                assert since_able[-1] - since_able[0] >= (self.policy.losses - 1) * self.policy.loss_gap
                assert standing_of(draft.before) in ABLE
            case EventKind.MAIL_FOUND_ABLE:
                assert not self.news
                assert len(self.looks) == 1
            case EventKind.EXCHANGES_CHANGED:
                assert draft.before.ability is Ability.ABLE
                assert draft.after.ability is Ability.ABLE
            case EventKind.LOOKALIKE_FOUND:
                assert not before.seen
                assert exists(draft.after)
        if draft.since is not None:
            assert draft.since <= self.now

    def _was_unable_first(self):
        return self.looks[0][1] is Standing.UNABLE

    def _since_last_able(self):
        moments = []
        for at, standing, *_ in reversed(self.looks):
            if standing is not Standing.UNABLE:
                break
            moments.append(at)
        return moments[::-1]

    @invariant()
    def told_once(self):
        if not hasattr(self, "told"):
            return
        assert self.told.count(EventKind.MAIL_FOUND_ABLE) <= 1
        assert self.told.count(EventKind.LOOKALIKE_FOUND) <= 1

    @invariant()
    def it_is_looked_at_again(self):
        if not hasattr(self, "state") or self.state.attempted_at is None:
            return
        again = next_look(self.state, self.now, 0.5, cadence=Cadence())
        assert self.now <= again <= self.now + timedelta(hours=7)
        if again == self.now:
            assert self.state.pending or self.state.losses


TestLooks = Looks.TestCase
TestLooks.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
