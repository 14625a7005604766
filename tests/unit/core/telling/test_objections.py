"""False letters: for each state and kind of name, whether a request may be made, and to whom it goes."""

from dataclasses import replace

import pytest

from tests.unit.core.telling.test_report import FACTS, KNOWN, VERDICT
from watcher.checks import VOCABULARY
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.registration.facts import RegistrationStatus
from watcher.core.report import Purpose
from watcher.core.telling.objections import objection_to_name, objection_to_state
from watcher.core.telling.report import report_of

UNABLE = replace(VERDICT, ability=Ability.UNABLE, exchanges=())
UNREGISTERED = replace(FACTS, status=RegistrationStatus.UNREGISTERED)
ABSENT = replace(UNABLE, basis=Basis.NO_SUCH_NAME)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("army.mil", "it is protected"),
        ("mail.army.mil", "it stands under army.mil, which is protected"),
        ("army-shop.com", "it is on the own list"),
        ("www.army-shop.com", "it stands under army-shop.com, which is on the own list"),
        ("army.ml", None),
        ("notarmy.mil", None),
    ],
)
def test_what_is_ours(name, why):
    known = replace(KNOWN, name=name)
    assert objection_to_name(known, protected={"army.mil"}, own={"army-shop.com"}) == why


def test_what_resembles_nothing():
    assert objection_to_name(replace(KNOWN, resembles=()), protected=(), own=()) == "it resembles no protected name"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"verdict": None, "settled_at": None}, "no look at it has settled"),
        ({"settled_at": None}, "no look at it has settled"),
        ({"verdict": replace(UNABLE, ability=Ability.UNKNOWN, basis=Basis.LOOKUP_FAILED)}, "no look at it has settled"),
        ({"verdict": replace(VERDICT, flags=(Flag.DEFENSIVE,))}, "the owner of the protected name holds it"),
        ({"verdict": replace(UNABLE, basis=Basis.NULL_MX)}, "null MX"),
        ({"verdict": ABSENT, "registration": None}, "does not exist, and nobody asked its registry"),
        ({"verdict": ABSENT, "registration": UNREGISTERED}, "does not exist, and its registry says unregistered"),
        ({"verdict": ABSENT, "registration": replace(FACTS, status=RegistrationStatus.RESERVED)}, "says reserved"),
        ({"verdict": ABSENT, "registration": replace(FACTS, status=RegistrationStatus.UNKNOWN)}, "says unknown"),
        ({"verdict": ABSENT}, None),
        ({"verdict": replace(UNABLE, basis=Basis.DEAD_EXCHANGES)}, None),
        ({"verdict": replace(VERDICT, basis=Basis.REGISTRY_WILDCARD), "registration": UNREGISTERED}, None),
    ],
)
def test_the_state_of_the_name(changes, why):
    told = objection_to_state(replace(KNOWN, **changes))
    assert told is None if why is None else why in told


def test_a_registrys_wildcard_is_the_registrys():
    known = replace(KNOWN, verdict=replace(VERDICT, basis=Basis.REGISTRY_WILDCARD), registration=None)
    text = report_of(known, VOCABULARY).texts[Purpose.TAKEDOWN]
    assert text.startswith("To: the registry of .ml\nSubject: Mail for unregistered names under .ml\n")
    assert "Nobody registered army.ml" in text
    assert "registrar" not in text.partition("The name\n")[0]
