"""The enumeration: the right names near the top, nothing that cannot exist, nothing of one's own."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from watcher.core.names.protected import parse_protected
from watcher.core.slips.candidates import ALL_BY_LIKELIHOOD, Candidate, candidate_json, enumerate_candidates
from watcher.data import load_tables
from watcher.techniques import ALL

TABLES = load_tables()


def enumerated(name: str, limit: int = 2000, *, only: Sequence[str] = (), **options) -> list[Candidate]:
    techniques = [technique for technique in ALL if not only or technique.NAME in only]
    protected = parse_protected(name, TABLES.suffixes)
    return list(enumerate_candidates(protected, TABLES, techniques, limit=limit, **options))


def ranks(name: str, limit: int = 2000, **options) -> dict[str, int]:
    return {candidate.name: candidate.rank for candidate in enumerated(name, limit, **options)}


@pytest.mark.parametrize(
    ("protected", "wanted", "within"),
    [
        ("army.mil", "army.ml", 3),
        ("navy.mil", "navy.ml", 3),
        ("army.mil", "army.com", 20),
        ("mod.gov.uk", "mod.uk", 10),
        ("mod.gov.uk", "modgov.uk", 10),
        ("mod.gov.uk", "mod.gov.ug", 50),
        ("mod.gov.uk", "mod.go.uk", 50),
        ("mod.gov.uk", "mod.co.uk", 100),
        ("mod.gov.uk", "mod.gov.uk.com", 100),
        ("us.army.mil", "us.army.ml", 3),
        ("us.army.mil", "usarmy.mil", 20),
        ("us.army.mil", "usarmy.com", 100),
        ("us.army.mil", "us-army.com", 200),
        ("us.army.mil", "army.ml", 50),
        ("mildenhall.af.mil", "mildenhall.com", 200),
        ("gmail.com", "gmial.com", 10),
        ("gmail.com", "gmail.co", 10),
        ("gmail.com", "gmai.com", 10),
        ("gmail.com", "gmail.cm", 20),
        ("münchen.de", "muenchen.de", 3),
        ("army.mil", "armymil.com", 50),
        ("army.mil", "ar-my.mil", 500),
        ("us.army.mil", "ua.army.mil", 2000),
        (".mil", "ml", 10),
        (".mil", "army.ml", 10),
        (".mil", "navy.ml", 10),
        (".gov.uk", "gov.ug", 100),
        (".gov.uk", "mod.uk", 20),
        ("nhs.uk", "n-hs.uk", 20),
        ("nhs.uk", "n.hs.uk", 200),
        (".nhs.uk", "nh5.uk", 500),
        (".gob.mx", "g-ob.mx", 200),
        (".gob.mx", "g.ob.mx", 500),
        (".gob.mx", "g0b.mx", 500),
    ],
)
def test_what_people_type_is_near_the_top(protected: str, wanted: str, within: int) -> None:
    found = ranks(protected).get(wanted)
    assert found is not None
    assert found <= within


def test_likelihood_falls_and_ranks_count() -> None:
    made = enumerated("mod.gov.uk", 20_000)
    assert len(made) == 20_000
    assert [candidate.rank for candidate in made] == list(range(1, 20_001))
    likelihoods = [candidate.likelihood for candidate in made]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert likelihoods[-1] > 0
    assert len({candidate.name for candidate in made}) == 20_000


def test_a_smaller_budget_holds_the_same_names_first() -> None:
    many = enumerated("us.army.mil", 5000)
    for limit in (1, 7, 200, 1500):
        assert enumerated("us.army.mil", limit) == many[:limit]


def test_more_than_the_tiers_hold() -> None:
    made = enumerated("army.mil", 60_000)
    assert len(made) == 60_000
    assert len({candidate.name for candidate in made}) == 60_000


def test_the_order_does_not_depend_on_the_process() -> None:
    """Sets of strings are ordered differently in every process."""
    program = (
        "import hashlib\n"
        "from tests.unit.core.slips.test_candidates import enumerated\n"
        "text = repr([enumerated(name, 3000) for name in ('mod.gov.uk', '.mil', 'münchen.de')])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


def test_only_names_that_can_exist() -> None:
    for candidate in enumerated("us.army.mil", 5000) + enumerated("mod.gov.uk", 5000):
        assert TABLES.suffixes.is_delegated(candidate.name)
        assert TABLES.suffixes.registrable_domain(candidate.name) == candidate.registrable_domain
        assert candidate.registrable_domain is not None or candidate.name in TABLES.private


def test_wildcard_and_exception_rules_are_honoured() -> None:
    """Below .ck a name needs three labels, www.ck excepted."""
    names = set(ranks("www.co.nz", 30_000))
    assert "www.ck" in names
    assert "army.ck" not in ranks("army.mil", 30_000)
    assert "us.army.ck" in ranks("us.army.mil", 30_000)


def test_registries_without_idn_get_none() -> None:
    made = enumerated("army.com", 20_000, only=("idn_homoglyph", "suffix_swap"))
    foreign = [candidate for candidate in made if "xn--" in candidate.name.rpartition(".")[0]]
    assert foreign
    assert not {c.name.rpartition(".")[2] for c in foreign} & {"mil", "uk", "nl", "ru", "us"}
    assert not enumerated("army.mil", only=("idn_homoglyph",))


def test_registries_get_the_characters_they_take_only() -> None:
    """DENIC takes `å` and no `ḁ`, SIDN takes neither, Verisign takes both and the Cyrillic letters."""
    made = {candidate.unicode for candidate in enumerated("army.de", 20_000, only=("idn_homoglyph", "suffix_swap"))}
    assert {"årmy.de", "årmy.com", "ḁrmy.com"} <= made
    assert not {"ḁrmy.de", "årmy.nl", "ḁrmy.fr"} & made
    assert "ѕара.com" in {c.unicode for c in enumerated("sapa.com", only=("idn_homoglyph",))}
    assert "ѕара.de" not in {c.unicode for c in enumerated("sapa.de", only=("idn_homoglyph",))}


def test_what_stands_in_the_protected_name_is_taken_where_it_stands() -> None:
    """A registry's table may be older than a name below it."""
    made = {candidate.unicode for candidate in enumerated("ḁrmy.de", 300, only=("omission", "suffix_swap"))}
    assert "ḁmy.de" in made
    assert "ḁrmy.fr" not in made


def test_two_exchanges_of_lookalikes_come_when_all_that_is_likelier_is_spent() -> None:
    chosen = tuple(t for t in ALL if t.NAME in {"omission", "suffix_swap", "double_homoglyph"})
    protected = parse_protected("gmail.com", TABLES.suffixes)
    made = list(enumerate_candidates(protected, TABLES, chosen, limit=80_000, share=ALL_BY_LIKELIHOOD))
    late = [candidate.rank for candidate in made if candidate.techniques == ("double_homoglyph",)]
    assert late
    assert late == list(range(late[0], late[0] + len(late)))
    assert made[late[0] - 2].likelihood >= made[late[0]].likelihood
    assert all(candidate.likelihood < made[late[0]].likelihood for candidate in made[late[-1] :])
    few = list(enumerate_candidates(protected, TABLES, ALL, limit=20_000, share=ALL_BY_LIKELIHOOD))
    assert few[-1].likelihood > made[late[0]].likelihood
    assert {"ǥḿail.com", "gṁaiĺ.com"} <= {made[rank - 1].unicode for rank in late}


def test_marks_say_where_outsiders_cannot_register() -> None:
    made = {candidate.name: candidate for candidate in enumerated("mod.gov.uk")}
    assert made["mo.gov.uk"].marks == ("restricted_suffix",)
    assert made["mod.gov.ug"].marks == ("restricted_suffix", "foreign_government")
    assert made["mod.uk"].marks == ()
    assert {c.name: c for c in enumerated("army.mil")}["army.gov"].marks == ("restricted_suffix",)


def test_restricted_names_are_ranked_down() -> None:
    made = {candidate.name: candidate.likelihood for candidate in enumerated("army.mil")}
    free = {candidate.name: candidate.likelihood for candidate in enumerated("army.com")}
    assert made["amy.mil"] < free["amy.com"]


@pytest.mark.parametrize("protected", ["army.mil", "us.army.mil", "mildenhall.af.mil", "mod.gov.uk", ".mil", ".gov.uk"])
def test_never_itself_nor_what_stands_above_or_below(protected: str) -> None:
    own = protected.removeprefix(".")
    parts = own.split(".")
    above = {".".join(parts[index:]) for index in range(len(parts))}
    for candidate in enumerated(protected, 5000):
        assert candidate.name not in above
        assert not candidate.name.endswith("." + own)


def test_other_protected_names_and_their_hosts_are_left_out() -> None:
    before = ranks("us.army.mil")
    assert {"us.army.ml", "army.ml", "usarmy.com"} <= set(before)
    after = ranks("us.army.mil", excluded={"army.ml", "usarmy.com", "mit"})
    assert not [name for name in after if name == "usarmy.com" or ("." + name).endswith((".army.ml", ".mit"))]
    assert after["us.army.com"] < before["us.army.com"]


def test_an_excluded_host_leaves_its_parent() -> None:
    after = ranks("us.army.mil", excluded={"us.army.ml"})
    assert "us.army.ml" not in after
    assert "army.ml" in after


def test_only_some_techniques() -> None:
    made = enumerated("us.army.mil", only=("missing_dot", "suffix_swap"))
    assert {technique for candidate in made for technique in candidate.techniques} == {"missing_dot", "suffix_swap"}
    assert {"usarmy.mil", "usarmy.com", "us.army.com"} <= {candidate.name for candidate in made}
    assert enumerated("army.mil", only=("missing_dot",)) == []


def test_under_a_suffix_come_its_siblings_and_known_labels() -> None:
    made = {candidate.name: candidate for candidate in enumerated(".mil")}
    assert made["ml"].registrable_domain is None
    assert made["army.ml"].registrable_domain == "army.ml"
    assert {candidate.protected for candidate in made.values()} == {"mil"}
    first_page = sorted(made.values(), key=lambda candidate: candidate.rank)[:20]
    assert {"ml", "il", "army.ml", "navy.ml"} <= {candidate.name for candidate in first_page}


def test_labels_in_use_under_a_suffix_come_first() -> None:
    made = ranks(".mil", known=("secretbase",))
    assert made["secretbase.ml"] < made["navy.ml"]


def test_government_suffixes_have_usual_labels() -> None:
    assert "mod.gov.ua" in ranks(".gov.ug")


def test_a_suffix_without_known_labels_still_has_siblings() -> None:
    made = enumerated(".com")
    assert {"co", "cm", "om"} <= {candidate.name for candidate in made}
    for candidate in made:
        assert (candidate.registrable_domain is None) == TABLES.suffixes.is_suffix(candidate.name)


def test_the_json_shape() -> None:
    shape = candidate_json(enumerated("army.mil", 1)[0])
    assert shape == {
        "name": "army.ml",
        "unicode": "army.ml",
        "registrable_domain": "army.ml",
        "techniques": ["suffix_edit"],
        "likelihood": shape["likelihood"],
        "impersonation": 0.5,
        "rank": 1,
        "marks": [],
        "protected": "army.mil",
        "why": "typing",
    }
    assert 0 < shape["likelihood"] < 1


def test_long_names_stay_within_253_characters() -> None:
    longest = ".".join(["a" * 61, "b" * 61, "c" * 61, "d" * 62, "com"])
    assert all(len(candidate.name) <= 253 for candidate in enumerated(longest, 5000))
    full = enumerated("a" * 63 + ".com", 5000)
    assert full
    assert all(len(label) <= 63 for candidate in full for label in candidate.name.split("."))
