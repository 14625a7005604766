"""No name whose block would stop mail to a listed name is missed, whatever is listed."""

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.blocking.friends import Friends, ListedName
from watcher.core.names.names import is_under
from watcher.data import load_tables
from watcher.data.popular import load_popular_names

LABELS = st.sampled_from(["a", "us", "army", "mail", "co", "gov", "xn--bcher-kva", "x" * 63])
SUFFIXES = st.sampled_from(["mil", "ml", "co.uk", "gov.uk", "com", "github.io", "ck", "example", "k12.ca.us"])
NAMES = st.builds(lambda labels, suffix: ".".join((*labels, suffix)), st.lists(LABELS, max_size=3), SUFFIXES)
LISTED = st.lists(st.builds(ListedName, NAMES, own=st.booleans()), max_size=6)


@given(LISTED, NAMES)
def test_a_name_that_is_above_or_below_a_listed_one_is_a_friend(listed: list[ListedName], name: str) -> None:
    found = Friends(listed, load_tables(), load_popular_names()).find(name)
    touched = [entry for entry in listed if is_under(entry.name, name) or is_under(name, entry.name)]
    if touched:
        assert found is not None
        assert found.of in {entry.name for entry in touched}


@given(LISTED, NAMES)
def test_a_name_is_a_friend_exactly_when_a_rule_says_so(listed: list[ListedName], name: str) -> None:
    tables = load_tables()
    popular = load_popular_names()
    domain = tables.suffixes.registrable_domain
    parts = name.split(".")
    ancestors = [".".join(parts[index:]) for index in range(1, len(parts))]
    rules = (
        any(is_under(entry.name, name) or is_under(name, entry.name) for entry in listed),
        any(is_under(name, domain(entry.name) or entry.name) for entry in listed),
        tables.suffixes.is_suffix(name),
        any(is_under(rule.removeprefix("!").removeprefix("*."), name) for rule in tables.icann | tables.private),
        any(is_under(known, name) or is_under(name, known) for known in popular),
        any(tables.is_restricted(ancestor) for ancestor in ancestors),
    )
    assert (Friends(listed, tables, popular).find(name) is not None) == any(rules)


@given(LISTED, NAMES)
def test_the_order_of_the_lists_changes_nothing(listed: list[ListedName], name: str) -> None:
    one = Friends(listed, load_tables()).find(name)
    other = Friends(reversed(listed), load_tables()).find(name)
    assert (one is None) == (other is None)
    assert one is None or other is None or one.reason == other.reason
