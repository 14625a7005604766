"""The index finds whatever the enumeration can produce, among many protected names of every shape."""

from itertools import islice

from hypothesis import example, given
from hypothesis import strategies as st

from tests.property.test_techniques_agree import QUICK, TABLES, protected_names
from watcher.core.names.protected import Kind
from watcher.core.slips.candidates import enumerate_candidates
from watcher.core.slips.nearness import Near, within_two
from watcher.core.slips.resemblance import resembles
from watcher.core.slips.resemblance_index import Index
from watcher.techniques import ALL

word = st.text("abc-", min_size=1, max_size=9)


@QUICK
@given(st.lists(protected_names(), min_size=1, max_size=4, unique=True), st.integers(0, 60))
@example([("aci-dec.mil", Kind.DOMAIN)], 52)  # two labels in place of a suffix of one
def test_every_candidate_leads_back_to_its_protected_name(protected, offset):
    index = Index(TABLES, ALL)
    for name, kind in protected:
        index.add(name, kind)
    excluded = {name for name, _ in protected}
    for name, kind in protected:
        made = enumerate_candidates((name, kind), TABLES, ALL, limit=6000, excluded=excluded - {name})
        for candidate in islice(made, offset, None, 61):
            assert name in {filed[0] for filed in index.possible(candidate.name)}, (name, candidate)


@QUICK
@given(st.lists(protected_names(), min_size=2, max_size=4, unique=True), st.integers(0, 1000))
def test_it_says_what_trying_every_name_says(protected, offset):
    index = Index(TABLES, ALL)
    for name, kind in protected:
        index.add(name, kind)
    for candidate in islice(enumerate_candidates(protected[0], TABLES, ALL, limit=1500), offset, None, 500):
        expected = resembles(candidate.name, protected, TABLES, ALL)
        assert index.resembling(candidate.name) == expected or not expected


@given(st.lists(word, max_size=8), word, st.integers(0, 10), st.sampled_from("abcx-"), st.integers(0, 10))
def test_labels_a_slip_or_two_away_are_found(others, label, at, character, again):
    near = Near()
    for one in (*others, label):
        near.add(one)
    at, again = at % len(label), again % len(label)
    lost = label[:at] + label[at + 1 :]
    turned = label[:at] + label[at : at + 2][::-1] + label[at + 2 :]
    added = label[:at] + character + label[at:]
    put = label[:at] + character + label[at + 1 :]
    twice = added[:again] + added[again] + added[again:]
    for typed in (label, lost, turned, added, put, twice, turned[:again] + turned[again + 1 :]):
        if typed:
            assert label in near.find(typed), (label, typed)
            assert all(within_two(one, typed) for one in near.find(typed))
