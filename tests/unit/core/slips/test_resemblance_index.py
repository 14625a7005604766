"""Which of many protected names a name resembles, without trying them all."""

import pytest

from watcher.core.names.names import parse
from watcher.core.names.protected import parse_protected
from watcher.core.slips.resemblance_index import Index
from watcher.data import load_tables
from watcher.techniques import ALL

TABLES = load_tables()
PROTECTED = ("army.mil", "us.army.mil", "mod.gov.uk", "münchen.de", "defence.gov.au", ".mil", "landregistry.gov.uk")


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index(TABLES, ALL)
    for text in PROTECTED:
        made.add(*parse_protected(text, TABLES.suffixes))
    return made


@pytest.mark.parametrize(
    ("name", "protected"),
    [
        ("army.ml", {"army.mil", "us.army.mil", "mil"}),
        ("amry.com", {"army.mil", "mil"}),
        ("usarmy.com", {"us.army.mil", "army.mil", "mil"}),
        ("us-army.mil.com", {"us.army.mil"}),
        ("mod.go.uk", {"mod.gov.uk"}),
        ("mod-gov-uk.com", {"mod.gov.uk"}),
        ("wwwmod.uk", {"mod.gov.uk"}),
        ("defense.gov.uk", {"defence.gov.au"}),
        ("muenchen.com", {"xn--mnchen-3ya.de"}),
        ("navy.ml", {"mil"}),
        ("ml", {"mil"}),
        ("ladnregisty.gov.uk", set()),
        ("landregisty.co.uk", {"landregistry.gov.uk"}),
    ],
)
def test_finds_what_the_techniques_make(index: Index, name: str, protected: set[str]) -> None:
    found = {one.protected for one in index.resembling(parse(name))}
    assert protected <= found or (not protected and found <= {"landregistry.gov.uk"})


def test_the_likeliest_comes_first(index: Index) -> None:
    found = index.resembling(parse("army.ml"))
    assert found[0].protected == "army.mil"
    assert [one.likelihood for one in found] == sorted((one.likelihood for one in found), reverse=True)


@pytest.mark.parametrize("name", ["army.mil", "www.army.mil", "mil", "landregistry.gov.uk", "gardening.org"])
def test_ones_own_and_strangers_resemble_nothing(index: Index, name: str) -> None:
    assert [one for one in index.resembling(parse(name)) if one.protected != "us.army.mil"] == []


def test_a_host_under_a_lookalike_is_judged_by_it(index: Index) -> None:
    assert index.resembling(parse("mail.navy.ml"))[0].protected == "mil"


@pytest.mark.parametrize(
    ("name", "explanation"),
    [
        ("my-landregistry-refund.com", "`landregistry` inside `my-landregistry-refund`"),
        ("landregistryrefunds24.top", "`landregistry` inside `landregistryrefunds24`"),
        ("gov-mod-pay.org", "`mod` inside `gov-mod-pay`"),
        ("xarmymil-benefits.net", "`army.mil` inside `xarmymil-benefits`"),
    ],
)
def test_a_protected_label_inside_a_longer_one(index: Index, name: str, explanation: str) -> None:
    found = [one for one in index.resembling(parse(name)) if one.techniques == ("containment",)]
    assert explanation in {one.explanation for one in found}
    assert all(0 < one.likelihood < 1e-3 for one in found)


def test_any_number_of_letters_that_look_alike(index: Index) -> None:
    found = index.resembling(parse("ląṅdregistŕy.com"))
    assert [(one.protected, one.explanation) for one in found] == [
        ("landregistry.gov.uk", "`ląṅdregistŕy` looks like `landregistry`")
    ]


@pytest.mark.parametrize("name", ["modern.com", "swarmyn.com", "remodel.org"])
def test_a_short_label_inside_a_word_means_nothing(index: Index, name: str) -> None:
    assert [one for one in index.resembling(parse(name)) if one.techniques == ("containment",)] == []


def test_what_is_no_longer_protected_is_no_longer_found(index: Index) -> None:
    own = Index(TABLES, ALL)
    own.add(*parse_protected("army.mil", TABLES.suffixes))
    own.add(*parse_protected("army.mil", TABLES.suffixes))
    assert len(own) == 1
    own.remove(parse("army.mil"))
    assert own.resembling(parse("army.ml")) == ()
    assert len(own) == 0


def test_labels_in_use_under_a_suffix_are_found_when_told() -> None:
    own = Index(TABLES, ALL)
    name, kind = parse_protected(".mil", TABLES.suffixes)
    own.add(name, kind)
    assert own.resembling(parse("secretbase.ml")) == ()
    own.add(name, kind, ("secretbase",))
    assert own.resembling(parse("secretbase.ml"))[0].protected == "mil"


def test_many_names_at_once(index: Index) -> None:
    names = [parse(name) for name in ("gardening.org", "army.ml", "weather.com", "mod.uk")]
    assert [name for name, _ in index.matching(names)] == ["army.ml", "mod.uk"]
