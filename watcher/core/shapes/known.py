"""The JSON of a name: the check shape, and the lookalike shape that lists show."""

from watcher.core.known import Known
from watcher.core.shapes.events import event_json, resemblance_json
from watcher.core.shapes.mail import mail_json, mail_to_json, probed_json
from watcher.core.shapes.registration import registration_json
from watcher.core.shapes.times import JSON, time_json


def known_json(known: Known) -> JSON:
    """Return the members that a check and a lookalike have in common."""
    return {
        "name": known.name,
        "unicode": known.unicode,
        "registrable_domain": known.registrable_domain,
        "public_suffix": known.public_suffix,
        "severity": known.severity.value,
        "severity_reasons": list(known.severity_reasons),
        "mail": None if known.verdict is None else mail_json(known.verdict, known.settled_at),
        "attempted_at": time_json(known.attempted_at),
        "last_outcome": known.last_outcome,
        "unconfirmed": known.unconfirmed,
        "registration": None if known.registration is None else registration_json(known.registration),
        "resembles": [resemblance_json(resemblance) for resemblance in known.resembles],
        "first_seen_at": time_json(known.first_seen_at),
        "triage": known.triage,
        "triage_note": known.triage_note,
        "triage_at": time_json(known.triage_at),
        "triage_by": known.triage_by,
    }


def check_json(known: Known) -> JSON:
    """Return the check shape: with its history and what it has in common with the owner's names."""
    shape = known_json(known)
    shape["history"] = [event_json(event) for event in known.history]
    shape["own_likeness"] = list(known.own_likeness)
    shape["mail_to"] = None if known.mail_to is None else mail_to_json(known.mail_to)
    if known.probed is not None:
        shape["probe"] = probed_json(known.probed)
    return shape


def lookalike_json(known: Known) -> JSON:
    """Return the lookalike shape: without history, with what it resembles on the surface."""
    return {
        **known_json(known),
        "techniques": list(known.techniques),
        "likelihood": known.likelihood,
        "protected": list(known.protected),
        "more_hosts": known.more_hosts,
    }
