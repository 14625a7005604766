"""The close look: once a day a name is asked about more than its mail needs, and what that shows is kept till the next.

Posture (M49, M58, M59) and the SMTP probe cost questions and connections, so they are no part of every look.
"""

import zlib
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.core.mail.probing import PROBE_FLAGS
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.states.mail_state import exists

_DAY = timedelta(days=1)


def close_look_due(name: str, standing: Verdict | None, last: datetime | None, now: datetime) -> bool:
    """Return whether the look at `now` should be close: the name's moment of the day came since the `last` settled.

    Only what is able, or exists without mail. The moment is the name's alone, so that close looks are spread over the
    day and nothing has to be remembered. A name whose zone is malformed is always looked at closely: what senders make
    of it may hang on an alias beside its exchanges (M49).
    """
    if standing is None or standing.ability is Ability.UNKNOWN or not exists(standing):
        return False
    if last is None or Flag.MALFORMED in standing.flags or now - last >= _DAY:
        return True
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + timedelta(seconds=zlib.crc32(name.encode()) % 86_400)
    return last < (moment if moment <= now else moment - _DAY)


def carried(verdict: Verdict, earlier: Verdict | None) -> Verdict:
    """Return the verdict of a plain look with what the last close look showed, as far as it still fits."""
    if earlier is None or verdict.ability is Ability.UNKNOWN or not exists(verdict):
        return verdict
    kept = set()
    if verdict.basis is Basis.NO_ADDRESS:
        kept = {Flag.SENDS_MAIL}
    elif earlier.basis is not Basis.NO_ADDRESS:
        kept = {Flag.OPERATED}
    hosts = {exchange.host for exchange in verdict.exchanges}
    if verdict.ability is Ability.ABLE and hosts == {exchange.host for exchange in earlier.exchanges}:
        kept |= PROBE_FLAGS
    return replace(verdict, flags=tuple(sorted({*verdict.flags, *(kept & set(earlier.flags))})))
