"""What holds for every protected name of any shape: apex, host, IDN, long, short, suffix."""

from itertools import islice

from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from watcher.core.errors import InvalidName
from watcher.core.names.names import parse
from watcher.core.names.protected import Kind, parse_protected
from watcher.core.slips.candidates import ALL_BY_LIKELIHOOD, IMPERSONATION, TYPING, Share, enumerate_candidates
from watcher.core.slips.intended import Intended
from watcher.core.slips.resemblance import resemblance_of, resembles
from watcher.data import load_tables
from watcher.techniques import ALL, IN_ONE_LABEL

TABLES = load_tables()
MANY = 30_000
"""Of what a technique makes so many are taken: of a long label one makes millions."""
SUFFIXES = ("mil", "com", "gov.uk", "co.uk", "de", "ck", "kawasaki.jp", "uk.com", "gov.ug", "xn--p1ai", "com.br", "ml")
QUICK = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example takes a tenth of a second: no shrinking
)

ldh = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
doubled = st.from_regex(r"[a-e]{1,3}[lmrns0o1i]{1,5}-?[a-e]{1,3}", fullmatch=True)
long = st.integers(55, 63).map(lambda size: ("abcdefgh1-" * 7)[: size - 1] + "z")
idn = st.text("aeiobcdmnrstuvwäöüéñçßøłабвгдеорсху", min_size=1, max_size=10)
label = st.one_of(ldh, doubled, idn, long)


@st.composite
def protected_names(draw: st.DrawFn) -> tuple[str, Kind]:
    suffix = draw(st.sampled_from(SUFFIXES))
    labels = draw(st.lists(label, min_size=0, max_size=3))
    try:
        return parse_protected(".".join([*labels, suffix]), TABLES.suffixes)
    except InvalidName:
        assume(False)
        raise


@QUICK
@given(protected_names())
@example(("abcdefgh1-abcdefgh1-abcdefgh1-abcdefgh1-abcdefgh1-abcdefgz.ck", Kind.SUFFIX))  # a hyphen in a suffix
def test_explains_names_exactly_what_generate_makes(protected):
    """For what the technique itself makes, and for what all the others make of the same name."""
    intended = Intended(protected[0], TABLES)
    listed = {technique.NAME: list(islice(technique.generate(intended, TABLES), MANY)) for technique in ALL}
    made = {name: {text for text, _ in texts} for name, texts in listed.items()}
    everything = sorted(set().union(*made.values()))
    step = max(1, len(everything) // 150)
    for technique in ALL:
        own = sorted(made[technique.NAME])
        for text in own[:: max(1, len(own) // 60)]:
            if text != intended.text:
                assert technique.explains(intended, text, TABLES) is not None, (technique.NAME, intended.text, text)
        for text in everything[::step] if len(listed[technique.NAME]) < MANY else ():
            if text not in made[technique.NAME]:
                assert technique.explains(intended, text, TABLES) is None, (technique.NAME, intended.text, text)


@QUICK
@given(protected_names())
def test_techniques_of_one_label_leave_the_rest_alone(protected):
    """Where more than a label differs they are not asked."""
    intended = Intended(protected[0], TABLES)
    assert {technique.NAME for technique in ALL} > IN_ONE_LABEL
    for technique in ALL:
        if technique.NAME in IN_ONE_LABEL:
            for text, _ in islice(technique.generate(intended, TABLES), MANY):
                same = text == intended.text
                assert same or any(
                    place.typed(text) is not None for place in intended.places or intended.registrable
                ), (
                    technique.NAME,
                    text,
                )


@QUICK
@given(protected_names())
def test_weights_are_positive(protected):
    intended = Intended(protected[0], TABLES)
    for technique in ALL:
        weighed = islice(technique.generate(intended, TABLES), MANY)
        assert all(weight > 0 for _, weight in weighed), technique.NAME


@QUICK
@given(protected_names(), st.integers(1, 400))
def test_candidates_are_names_of_others_in_a_fixed_order(protected, limit):
    made = list(enumerate_candidates(protected, TABLES, ALL, limit=limit))
    assert made == list(enumerate_candidates(protected, TABLES, ALL, limit=limit))
    assert len(made) <= limit
    names = [candidate.name for candidate in made]
    assert len(set(names)) == len(names)
    assert [candidate.rank for candidate in made] == list(range(1, len(made) + 1))
    assert [c.likelihood for c in made] == sorted((c.likelihood for c in made), reverse=True)
    own = protected[0]
    for candidate in made:
        assert candidate.name != own
        assert not candidate.name.endswith("." + own)
        assert not own.endswith("." + candidate.name)
        assert parse(candidate.name) == candidate.name
        assert TABLES.suffixes.is_delegated(candidate.name)
        assert candidate.registrable_domain == TABLES.suffixes.registrable_domain(candidate.name)
        assert candidate.techniques
        assert 0 < candidate.likelihood < 1
        assert 0 <= candidate.impersonation <= 1


@QUICK
@given(protected_names(), st.integers(0, 100))
@example(("f.xn--7ca00ohac.hhgi3ge.kawasaki.jp", Kind.HOST), 94)  # a U-label where any label makes a suffix
def test_every_candidate_is_explained_in_reverse(protected, offset):
    for candidate in islice(enumerate_candidates(protected, TABLES, ALL, limit=1200), offset, None, 200):
        (found,) = resembles(candidate.name, [protected], TABLES, ALL)
        assert found.protected == protected[0]
        assert set(candidate.techniques) <= set(found.techniques)
        if candidate.why == TYPING:  # else the likelihood is that of its place
            assert abs(found.likelihood - candidate.likelihood) <= 1e-9 * candidate.likelihood
        assert " with " in found.explanation
        assert resemblance_of(candidate, protected[1], TABLES, ALL).rank == candidate.rank


@QUICK
@given(protected_names(), protected_names())
def test_nothing_under_another_protected_name_is_a_candidate(protected, other):
    for candidate in enumerate_candidates(protected, TABLES, ALL, limit=300, excluded={other[0]}):
        assert candidate.name != other[0]
        assert not candidate.name.endswith("." + other[0])


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text("ab1-.", max_size=12), st.lists(st.text("xn1-é", max_size=66), max_size=5).map(".".join)))
def test_a_name_is_the_same_with_its_final_dot(text):
    """What is written as it should be is seen at once; with a dot behind it goes the long way."""

    def read(name):
        try:
            return parse(name)
        except InvalidName:
            return None

    assume(not text.endswith("."))
    assert read(text) == read(text + ".")


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(st.text(max_size=70), max_size=8).map(".".join)))
def test_any_text_is_a_name_or_invalid(text):
    try:
        name, kind = parse_protected(text, TABLES.suffixes)
    except InvalidName:
        return
    assert parse(name) == name
    assert kind in Kind


@QUICK
@given(protected_names(), st.sampled_from([0.0, 0.15, 0.4]))
def test_each_tier_keeps_its_share_for_deceiving_names(protected, part):
    share = Share(part, (100, 400))
    made = list(enumerate_candidates(protected, TABLES, ALL, limit=600, share=share if part else ALL_BY_LIKELIHOOD))
    posed = [candidate.why == IMPERSONATION for candidate in made]
    if part and len(made) == 600 and not all(posed[400:]) and sum(posed) > 600 * part - 2:
        assert not any(posed[:50])
        assert sum(posed[:100]) == int(part * 100)
        assert not any(posed[100:250])
        assert sum(posed[:400]) == int(part * 100) + int(part * 300)


@QUICK
@given(protected_names())
def test_what_is_typed_keeps_its_order_beside_deceiving_names(protected):
    """Their share moves it back by so many places at most; in the first half of a tier by none of that tier."""
    apart = [c.name for c in enumerate_candidates(protected, TABLES, ALL, limit=1000) if c.why == TYPING]
    alone = enumerate_candidates(protected, TABLES, ALL, limit=1000, share=ALL_BY_LIKELIHOOD)
    typed = [c.name for c in alone if c.why == TYPING]
    assert apart[: len(typed)] == typed[: len(apart)]
