"""Reasons not to send a takedown or block request: what it would say is false, or hits the wrong people."""

from collections.abc import Collection

from watcher.core.known import Known
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.names.names import is_under
from watcher.core.registration.facts import RegistrationStatus


def objection_to_name(known: Known, *, protected: Collection[str], own: Collection[str]) -> str | None:
    """Return why no request may be made about this name whatever it does; None where there is no such reason."""
    for listed, words in ((protected, "protected"), (own, "on the own list")):
        above = next((name for name in listed if is_under(known.name, name)), None)
        if above is not None:
            return f"it is {words}" if above == known.name else f"it stands under {above}, which is {words}"
    if not known.resembles:
        return "it resembles no protected name"
    return None


def objection_to_state(known: Known) -> str | None:
    """Return why no request may be made about the name as it is; None where there is no such reason."""
    verdict = known.verdict
    if verdict is None or not known.settled or known.ability is Ability.UNKNOWN:
        return "no look at it has settled, so nothing is known about its mail; try again later"
    if Flag.DEFENSIVE in verdict.flags:
        return "the owner of the protected name holds it"
    if verdict.basis is Basis.NULL_MX:
        return "it says itself that it takes no mail (null MX)"
    if verdict.basis in {Basis.NO_SUCH_NAME, Basis.NO_SUCH_SUFFIX}:
        facts = known.registration
        if facts is None or facts.status is not RegistrationStatus.REGISTERED:
            said = "nobody asked its registry" if facts is None else f"its registry says {facts.status.value}"
            return f"the name does not exist, and {said}"
    return None
