"""The fast way through a zone file in ICANN's form, and the careful one, show the same names."""

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.core.names.lists import ListTally
from watcher.feeds.lists import lines_of
from watcher.feeds.names import existing_in
from watcher.feeds.zone_lines import zone_names

LABEL = st.sampled_from(["army", "navy", "a", "0", "x--y", "xn--p1ai", "ns1", "ml"])
OWNER = st.one_of(
    LABEL.map(lambda label: f"{label}.ml"),
    st.tuples(LABEL, LABEL).map(lambda pair: f"{pair[0]}.{pair[1]}.ml"),
    st.just("ml"),
    LABEL.map(lambda label: f"{label}.com"),
)
RECORD = st.tuples(
    OWNER,
    st.sampled_from(["ns", "ns", "ns", "a", "aaaa", "ds", "mx", "cname", "rrsig", "nsec3", "txt", "NS", "A"]),
    st.sampled_from(["ns1.x.", "192.0.2.1", "1 8 2 AB", "x. y. 1 2 3", '"text ( ;"', "( 1", "10 mx.x."]),
    st.sampled_from(
        ["{o}.\t60\tin\t{t}\t{d}\n"] * 12
        + ["{o}. 60 IN {t} {d}\n", "{o}.\tin\t{t}\t{d}\n", "\t60\tin\t{t}\t{d}\n", "; {o}\n", "$ORIGIN {o}.\n"]
    ),
)
SOA = "ml.\t60\tin\tsoa\tns. h. 1 2 3 4 5\n"


@settings(max_examples=200, deadline=None)
@given(st.lists(RECORD, max_size=12), st.integers(1, 8))
def test_both_ways_show_the_same(records, size):
    lines = [SOA, *(form.format(o=owner, t=kind, d=data) for owner, kind, data, form in records)]
    blocks = ["".join(lines[at : at + size]).encode() for at in range(0, len(lines), size)]
    zones, fast_zones = set(), set()
    careful = set(existing_in((line for block in blocks for line in lines_of(block)), zones, ListTally()))
    fast = {name for names in zone_names(blocks, fast_zones, ListTally()) for name in names}
    assert (fast, fast_zones) == (careful, zones)


def test_a_regular_file_is_read_the_fast_way():
    text = SOA + "".join(f"name{number}.ml.\t60\tin\tns\tns{host}.x.\n" for number in range(500) for host in (1, 2))
    tally = ListTally()
    names = [name for some in zone_names([text.encode()], set(), tally) for name in some]
    assert names == [f"name{number}.ml" for number in range(500)]
    assert tally.lines == 1001
