"""The close look comes once a day at a name's own moment, and what it showed stays until the next."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from watcher.core.mail.verdict import Ability, Basis, Exchange, Flag, Verdict, ability_of
from watcher.core.states.close_look import carried, close_look_due

_AT = datetime(2026, 3, 1, tzinfo=UTC)
_ABLE = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (), (Exchange(10, "mx.army.ml", ("93.184.215.14",)),))
_BARE = Verdict(Ability.UNABLE, Basis.NO_ADDRESS)


def _verdict(basis: Basis, *flags: Flag) -> Verdict:
    return Verdict(ability_of(basis), basis, flags)


def _able(*flags: Flag) -> Verdict:
    return Verdict(_ABLE.ability, _ABLE.basis, flags, _ABLE.exchanges)


@pytest.mark.parametrize("wait", [timedelta(minutes=7), timedelta(hours=1), timedelta(hours=5, minutes=59)])
def test_each_name_is_looked_at_closely_once_a_day_however_often_it_is_looked_at(wait: timedelta):
    for name in ("army.ml", "navy.ml", "mod.uk"):
        last, closely = _AT, 0
        while last < _AT + timedelta(days=10):
            now = last + wait
            closely += close_look_due(name, _ABLE, last, now)
            last = now
        assert 10 <= closely <= 11


def test_the_close_looks_of_many_names_are_spread_over_the_day():
    hours = Counter(
        hour
        for number in range(2400)
        for hour in range(24)
        if close_look_due(f"name{number}.ml", _ABLE, _AT + timedelta(hours=hour), _AT + timedelta(hours=hour + 1))
    )
    assert sum(hours.values()) == 2400
    assert all(50 < count < 150 for count in hours.values())


@pytest.mark.parametrize(
    "standing",
    [
        None,
        _verdict(Basis.NO_SUCH_NAME),
        _verdict(Basis.NO_SUCH_SUFFIX),
        _verdict(Basis.LOOKUP_FAILED),
        _verdict(Basis.REGISTRY_WILDCARD),
    ],
)
def test_what_is_absent_or_unknown_is_never_looked_at_closely(standing: Verdict | None):
    assert not close_look_due("army.ml", standing, None, _AT)


def test_after_a_day_without_a_settled_look_it_is_due_at_once():
    assert close_look_due("army.ml", _BARE, None, _AT)
    assert close_look_due("army.ml", _BARE, _AT - timedelta(days=1), _AT)


def test_a_malformed_zone_is_looked_at_closely_each_time():
    standing = _verdict(Basis.EXPLICIT_MX, Flag.MALFORMED)
    assert all(close_look_due("army.ml", standing, _AT, _AT + timedelta(minutes=m)) for m in range(60))


@pytest.mark.parametrize(
    ("now", "earlier", "flags"),
    [
        (_ABLE, None, ()),
        (_ABLE, _able(Flag.ACCEPTS_ANY, Flag.OPERATED), (Flag.ACCEPTS_ANY, Flag.OPERATED)),
        (_verdict(Basis.NULL_MX), _able(Flag.ACCEPTS_ANY, Flag.OPERATED), (Flag.OPERATED,)),
        (_BARE, _verdict(Basis.NO_ADDRESS, Flag.SENDS_MAIL), (Flag.SENDS_MAIL,)),
        (_ABLE, _verdict(Basis.NO_ADDRESS, Flag.SENDS_MAIL), ()),
        (_verdict(Basis.NO_SUCH_NAME), _verdict(Basis.NO_ADDRESS, Flag.SENDS_MAIL), ()),
        (_verdict(Basis.LOOKUP_FAILED), _able(Flag.ACCEPTS_ANY), ()),
        (
            Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (), (Exchange(10, "mx.navy.ml", ("93.184.215.14",)),)),
            _able(Flag.ACCEPTS_ANY),
            (),
        ),
    ],
)
def test_what_the_last_close_look_showed_is_kept_as_far_as_it_fits(now, earlier, flags):
    assert carried(now, earlier).flags == flags
