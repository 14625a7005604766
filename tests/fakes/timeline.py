"""Looks at one name, one after the other, by the state machine alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.fakes.sightings import (
    explicit,
)
from watcher.core.events import EventKind
from watcher.core.mail.verdict import Flag
from watcher.core.shapes.state import state_from_json, state_json
from watcher.core.states.mail_state import MailState, Origin, Policy, sighted
from watcher.core.states.name import step

NAME = "army.ml"
START = datetime(2026, 11, 1, tzinfo=UTC)
NEWS = Origin(absent_since=START - timedelta(hours=1))
FOUND = EventKind.LOOKALIKE_FOUND
BASELINE = EventKind.MAIL_FOUND_ABLE
ABLE = EventKind.MAIL_BECAME_ABLE
UNABLE = EventKind.MAIL_BECAME_UNABLE
CHANGED = EventKind.EXCHANGES_CHANGED


class Timeline:
    """Looks at one name at given seconds after START; every state goes through its JSON and back."""

    def __init__(self, policy=None, origin=None):
        self.policy, self.origin, self.state, self.drafts = policy or Policy(), origin, MailState(), []
        self.baseline_done = False

    def look(self, seconds, make, *hosts, **options):
        at = START + timedelta(seconds=seconds)
        sighting = sighted(NAME, make(NAME, at, *hosts, **options), at)
        state, drafts = step(self.state, sighting, at, self.policy, self.origin, baseline_done=self.baseline_done)
        self.state = state_from_json(state_json(state))
        assert self.state == state
        again = step(self.state, sighting, at, self.policy, self.origin)
        assert again == (state, ()), "the same look recorded twice"
        self.drafts = list(drafts)
        return [draft.kind for draft in drafts]


def able(name, at=0):
    """Make the timeline stand able by explicit MX by baseline at second `at`."""
    assert name.look(at, explicit) == [BASELINE]


def partly_dead(of, at, *_hosts, flags=(Flag.PARTLY_DEAD,), **options):
    """Able by mx.net; dead.net has no address."""
    verdict = explicit(of, at, "dead.net", "mx.net", flags=flags, **options)
    dead, usable = verdict.exchanges
    return replace(verdict, exchanges=(replace(dead, addresses=()), usable))
