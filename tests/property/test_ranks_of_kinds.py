"""Each kind of lookalike comes early enough, for names of several shapes."""

import pytest

from watcher.core.names.names import Fqdn
from watcher.core.names.protected import parse_protected
from watcher.core.slips.candidates import IMPERSONATION, TYPING, enumerate_candidates
from watcher.data import load_tables
from watcher.techniques import ALL

TABLES = load_tables()
SOON, TIER = 1_000, 20_000
LOOKALIKES = {
    "kanzler.com": {
        "two sounds alike": (SOON, "kanzlar.com kaenzler.com kantzler.com kanzleer.com"),
        "letters turned round across one": (SOON, "kaznler.com kanzrel.com"),
        "a slip beside a repetition": (TIER, "kannzlr.com kanzlerr.co"),
        "another com, or the writer's country, behind": (
            TIER,
            "kanzler.com.com kanzler.com.cl kanzler.co.com kanzler.com.co",
        ),
        "a slip with another suffix": (TIER, "kannzler.cz kanzlr.de kazler.fr kanzlerr.org kanzle.com.br kanzker.de"),
        "an accent": (TIER, "kánzler.com kanzlér.com"),
        "lookalike letters with another suffix": (TIER, "kanz1er.ml kanz1er.net"),
        "deceivers' words": (
            TIER,
            "kanzler-security.com kanzlerlogin.com secure-kanzler.com hrkanzler.com kanzlercareers.com",
        ),
    },
    "rathaus.cz": {
        "a slip with a neighbour's suffix": (10_000, "ratthaus.sk rathas.sk rahaus.sk ratahus.sk rathauss.pl"),
        "a slip with a familiar suffix": (TIER, "ratthaus.com rathuas.eu"),
        "lookalike letters with a free suffix": (TIER, "rathau5.ml rathau5.tk"),
    },
    "rathaus.co.jp": {
        "a missing dot with a familiar suffix": (SOON, "rathausco.com rathausco.net rathausco.jp"),
        "a second suffix": (SOON, "rathaus.co.com"),
    },
    "bfv.mil": {
        "the suffix fused": (200, "bfv-mil.com bfvmil.com"),
        "a lookalike letter with the suffix fused": (2_000, "bfw-mil.com"),
    },
}
CASES = [
    pytest.param(protected, within, names.split(), id=f"{protected}: {kind}")
    for protected, kinds in LOOKALIKES.items()
    for kind, (within, names) in kinds.items()
]


@pytest.fixture(scope="module")
def ranks():
    made = {}
    for protected in LOOKALIKES:
        name = parse_protected(protected, TABLES.suffixes)
        made[protected] = {c.unicode: c.rank for c in enumerate_candidates(name, TABLES, ALL, limit=TIER)}
    return made


@pytest.mark.parametrize(("protected", "within", "names"), CASES)
def test_a_kind_is_early_enough(ranks, protected, within, names):
    assert {name: ranks[protected].get(name) for name in names if ranks[protected].get(name, TIER + 1) > within} == {}


@pytest.mark.parametrize("protected", ["rathaus.cz", "us.army.mil", "gmail.com"])
def test_every_flipped_bit_is_among_the_first_thousand(protected):
    name = parse_protected(protected, TABLES.suffixes)
    label = TABLES.suffixes.registrable_domain(name[0]).partition(".")[0]
    first = {c.name for c in enumerate_candidates(name, TABLES, ALL, limit=SOON)}
    flipped = {
        label[:at] + chr(ord(letter) ^ 1 << bit) + label[at + 1 :]
        for at, letter in enumerate(label)
        for bit in range(7)
    }
    before, _, behind = name[0].partition(label)
    expected = {
        f"{before}{text}{behind}" for text in flipped if set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    }
    assert expected - first == set()


def test_no_typed_slip_leaves_the_first_thousand_for_a_deceiving_name():
    """Of the places of the first thousand, those for typing hold the likeliest, in their order."""
    name = (Fqdn("kanzler.com"), parse_protected("kanzler.com", TABLES.suffixes)[1])
    made = list(enumerate_candidates(name, TABLES, ALL, limit=SOON))
    assert sum(candidate.why == IMPERSONATION for candidate in made[:100]) == 0
    assert sum(candidate.why == TYPING for candidate in made) >= 970
