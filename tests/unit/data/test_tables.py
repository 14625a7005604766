"""The bundled data: complete, dated, and the same as its sources say."""

import re
from pathlib import Path

import idna
import publicsuffixlist
import pytest
from idna.idnadata import codepoint_classes as classes
from idna.intranges import intranges_contain

from watcher.data import enumeration_version, load_suffixes, load_tables

FOLDER = Path(publicsuffixlist.__file__).parent
DATA = Path(__file__).parents[3] / "watcher" / "data"
MINE = sorted(str(path.relative_to(DATA)) for path in DATA.rglob("*.txt"))


@pytest.mark.parametrize("name", MINE)
def test_every_file_says_date_source_and_licence(name: str) -> None:
    head = "".join(line for line in (DATA / name).read_text(encoding="utf-8").splitlines(True) if line[0] == "#")
    assert re.search(r"^# Date: .*\d{4}", head, re.MULTILINE)
    assert re.search(r"^# Source: \S", head, re.MULTILINE)
    assert re.search(r"^# Licence: \S", head, re.MULTILINE)


def test_the_notice_names_whatever_others_have_made() -> None:
    """A file whose licence is not ours stands in NOTICE, and one that stands there exists."""
    notice = (DATA.parents[1] / "NOTICE").read_text(encoding="utf-8")
    for name in MINE:
        licence = re.search(r"^# Licence: (.*)$", (DATA / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert licence is not None
        if licence[1] != "Apache-2.0":
            assert Path(name).name in notice, name
    for named in re.findall(r"watcher/data/([\w/]+\.\w+)", notice):
        assert (DATA / named).exists(), named


def test_a_registry_takes_what_its_table_says() -> None:
    tables = load_tables()
    assert tables.takes("münchen", "de")
    assert not tables.takes("münchen", "uk")
    assert not tables.takes("мир", "de")
    assert tables.takes("мир", "com")
    assert tables.takes("日本", "jp")
    assert tables.takes("日本", "com")
    assert not tables.takes("日本", "fr")
    assert tables.takes("ḁrmy", "travel")  # no table: the general rule
    assert all(tables.takes("plain-1", top) for top in tables.suffixes.delegated)


def test_every_line_of_the_registries_characters_says_where_it_is_written() -> None:
    lines = (DATA / "idn_tables.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            labels, characters, source = line.split(maxsplit=2)
            assert re.match("# .*[A-Za-z]", source)
            assert set(labels.split(",")) <= load_suffixes().delegated
            for one in characters.replace("-", "").replace("*", ""):
                assert load_tables().takes(one, labels.split(",")[0])
                assert any(intranges_contain(ord(one), classes[kind]) for kind in ("PVALID", "CONTEXTO")), (labels, one)


def test_the_suffix_list_is_read_as_its_own_package_reads_it() -> None:
    """Every rule as an A-label, and the official answers for names around the odd rules."""
    tables = load_tables()
    theirs = publicsuffixlist.PublicSuffixList()
    assert {rule for rule in theirs._publicsuffix if rule.isascii()} == tables.icann | tables.private
    for name in ["a.b.ck", "www.ck", "x.www.ck", "a.city.kawasaki.jp", "a.b.kawasaki.jp", "x.github.io", "x.xn--p1ai"]:
        assert tables.suffixes.public_suffix(name) == theirs.publicsuffix(name)
        assert tables.suffixes.registrable_domain(name) == theirs.privatesuffix(name)


def test_a_registry_knows_the_icann_section_only() -> None:
    suffixes = load_suffixes()
    assert suffixes.registrable_domain("x.uk.com") == "x.uk.com"
    assert suffixes.registered_domain("x.uk.com") == "uk.com"


def test_the_root_has_what_it_must() -> None:
    delegated = load_suffixes().delegated
    assert {"mil", "gov", "com", "uk", "ml", "xn--p1ai"} <= delegated
    assert not {"con", "invalid", "local", "onion", ""} & delegated
    assert len(delegated) > 1400


def test_everything_named_as_a_suffix_is_one() -> None:
    tables = load_tables()
    for suffix in [*tables.popular_suffixes, *tables.restricted]:
        assert suffix in tables.icann | tables.private, suffix
    assert set(tables.well_known) - {"*"} <= tables.icann


def test_homoglyphs_can_stand_in_a_name() -> None:
    tables = load_tables()
    twins = {twin for glyphs in tables.glyphs.values() for twin in glyphs.same + glyphs.marked}
    assert len(twins) > 150
    for twin in twins:
        assert idna.decode(idna.encode(f"a{twin}b.com")) == f"a{twin}b.com"


def test_keyboards_know_their_neighbours() -> None:
    tables = load_tables()
    assert set("qwertyuiopasdfghjklzxcvbnm") <= set(tables.keyboards["en"])
    assert set(tables.keyboards["en"]["r"].row) == {"e", "t"}
    assert set(tables.layouts.values()) <= set(tables.keyboards)
    for layout in tables.keyboards.values():
        for key, keys in layout.items():
            assert key not in keys.row + keys.near + keys.digits


@pytest.mark.parametrize(
    ("suffix", "government", "restricted"),
    [
        ("mil", True, True),
        ("gov", True, True),
        ("gov.uk", True, True),
        ("gov.ug", True, True),
        ("gouv.fr", True, True),
        ("gob.mx", True, True),
        ("edu", False, True),
        ("ac.uk", False, True),
        ("co.uk", False, False),
        ("ml", False, False),
        ("com", False, False),
    ],
)
def test_who_may_register(suffix: str, *, government: bool, restricted: bool) -> None:
    tables = load_tables()
    assert tables.is_government(suffix) is government
    assert tables.is_restricted(suffix) is restricted


def test_the_version_is_short_and_stays() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", enumeration_version())
    assert enumeration_version() == enumeration_version()
