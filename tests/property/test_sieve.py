"""The sieve lets through all that the careful path finds, among names that resemble and names that do not."""

import random
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.test_techniques_agree import QUICK, TABLES, protected_names
from watcher.core.names.names import Fqdn, parse
from watcher.core.names.protected import parse_protected
from watcher.core.slips.candidates import enumerate_candidates
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.sieve import Sieve, sieved
from watcher.techniques import ALL

OURS = ("army.mil", "us.army.mil", "dc.gov", "mod.gov.uk", "bundeswehr.de", "va.gov", "gov.uk", "x.com", "us-army.com")
PARTS = (
    "army",
    "bundes",
    "wehr",
    "dc",
    "gov",
    "mod",
    "login",
    "us",
    "mil",
    "wether",
    "a",
    "mail",
    "ministry",
    "va",
    "x1",
)


def index_of(*names: str) -> Index:
    index = Index(TABLES, ALL)
    for name in names:
        index.add(*parse_protected(name, TABLES.suffixes))
    return index


def invented(seed: int) -> Iterator[Fqdn]:
    """Names put together of parts, with a slip now and then: many resemble something."""
    chance = random.Random(seed)
    while True:
        glue = chance.choice(("", "", "-", "."))
        text = glue.join(chance.choice(PARTS) for _ in range(chance.randint(1, 3)))
        if chance.random() < 0.5:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(("", "e", text[at] * 2, "-", "rn")) + text[at + 1 :]
        text = f"{text}.{chance.choice(('com', 'ml', 'de', 'co.uk', 'gov', 'mil.com'))}".strip("-.")
        if ".." not in text and ".-" not in text and "-." not in text:
            yield parse(text)


def the_same(index: Index, names: list[Fqdn]) -> int:
    found = list(sieved(index, names))
    assert found == list(index.matching(names))
    return len(found)


@QUICK
@given(st.integers(0, 10**6))
def test_both_paths_find_the_same_in_a_stream(seed):
    assert the_same(index_of(*OURS), list(islice(invented(seed), 600))) > 20


@QUICK
@given(st.lists(protected_names(), min_size=1, max_size=3, unique=True), st.integers(0, 60))
def test_every_candidate_passes(protected, offset):
    index = Index(TABLES, ALL)
    for name, kind in protected:
        index.add(name, kind)
    sieve = Sieve(index.contents())
    for one in protected:
        made = [c.name for c in islice(enumerate_candidates(one, TABLES, ALL, limit=6000), offset, None, 31)]
        names = [name for name in made if index.resembling(name)]
        passing = sieve.passing(("\n".join(names) + "\n").encode()).tolist() if names else []
        assert passing == list(range(len(names))), [name for at, name in enumerate(names) if at not in set(passing)][:5]


def test_few_names_and_none_need_no_sieve():
    index = index_of("army.mil")
    assert list(sieved(index, [])) == []
    assert [name for name, _ in sieved(index, [parse("army.ml"), parse("weather.org")])] == ["army.ml"]


def test_what_is_not_plain_passes():
    sieve = Sieve(index_of("army.mil").contents())
    block = b"weather.org\nxn--rmy-0oa.com\nWeather.org\nweather.org.\n\nweather.org\n"
    assert sieve.passing(block).tolist() == [1, 2, 3]


@pytest.mark.soak
def test_both_paths_find_the_same_in_ten_million_names():
    index = index_of(*OURS)
    stream = invented(7)
    for _ in range(1000):
        the_same(index, list(islice(stream, 10_000)))
