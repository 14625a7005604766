"""Over random triage states, lists and settings no export ever holds a friend that no person asked for by name."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.block_entries import SINCE, block_candidate, resemblance
from watcher.core.blocking.friends import Friends, ListedName
from watcher.core.blocking.selection import BlockCandidate, BlockEntry, Cause, LeftOut, Rules, Select, choose
from watcher.core.events import Grade
from watcher.core.mail.risk import Severity
from watcher.core.names.names import is_under
from watcher.data import load_tables
from watcher.data.popular import load_popular_names
from watcher.exports import ALL
from watcher.exports.form import About, Omitted, written

LABELS = st.sampled_from(["us", "army", "mail", "google", "gov", "www"])
SUFFIXES = st.sampled_from(["mil", "ml", "co.uk", "gov.uk", "com", "github.io", "ck"])
NAMES = st.builds(lambda labels, suffix: ".".join((*labels, suffix)), st.lists(LABELS, max_size=2), SUFFIXES)
DAYS = st.integers(-3, 3).map(lambda days: SINCE + timedelta(days=days))
LISTED = st.lists(st.builds(ListedName, NAMES, own=st.booleans(), since=DAYS), max_size=4)
ROWS = st.lists(
    st.builds(
        block_candidate,
        NAMES,
        able=st.booleans(),
        severity=st.sampled_from(Severity),
        triage=st.sampled_from(["new", "investigating", "takedown", "blocked", "owned", "ignored"]),
        triage_at=DAYS,
        voters=st.frozensets(st.sampled_from(["", "alice", "bob"])),
        resembles=st.lists(
            st.builds(resemblance, NAMES, st.sampled_from([0.0001, 0.01, 0.5]), st.sampled_from(Grade)), max_size=2
        ).map(tuple),
    ),
    max_size=8,
    unique_by=lambda row: row.name,
)
RULES = st.builds(
    Rules,
    select=st.sampled_from(Select),
    min_likelihood=st.sampled_from([0.0, 0.001, 0.1]),
    auto_block=st.none() | st.sampled_from(Severity),
    approval=st.booleans(),
    protected=st.frozensets(NAMES, max_size=2),
)


def friends_of(listed: list[ListedName]) -> Friends:
    return Friends(listed, load_tables(), load_popular_names())


@given(ROWS, LISTED, RULES)
def test_no_export_holds_a_friend(rows: list[BlockCandidate], listed: list[ListedName], rules: Rules) -> None:
    friends = friends_of(listed)
    choices = [choose(row, friends, rules) for row in rows]
    entries = [choice for choice in choices if isinstance(choice, BlockEntry)]
    asked = {row.name: row.triage_at for row in rows if row.triage == "blocked"}
    for entry in entries:
        touched = [mine for mine in listed if is_under(mine.name, entry.name) or is_under(entry.name, mine.name)]
        if touched or friends.find(entry.name) is not None:
            assert entry.cause is Cause.BLOCKED
            assert entry.name in asked
        for mine in touched:
            assert mine.since is not None
            at = asked[entry.name]
            assert at is not None
            friend = friends.find(entry.name)
            assert friend is not None
            assert friend.since is None or at >= friend.since
    unasked = [name for name in (row.name for row in rows) if friends.find(name) and name not in asked]
    for chosen in ALL:
        made = "".join(written(chosen, entries, About(), omitted=Omitted()))
        if chosen.name in {"plain", "edl", "rspamd"}:
            assert not set(made.split()) & set(unasked)


@given(ROWS, LISTED, RULES)
def test_each_name_is_listed_or_has_a_reason(
    rows: list[BlockCandidate], listed: list[ListedName], rules: Rules
) -> None:
    friends = friends_of(listed)
    for row in rows:
        match choose(row, friends, rules):
            case LeftOut() as excluded:
                assert excluded.sentence
            case BlockEntry() as entry:
                assert entry.cause is Cause.BLOCKED or (entry.able and row.triage not in {"owned", "ignored"})
                assert not rules.approval or entry.cause is Cause.ABLE or len(row.voters) > 1
                assert not rules.protected or {known.protected for known in entry.resembles} <= rules.protected


@given(ROWS, LISTED, RULES)
def test_select_able_only_adds(rows: list[BlockCandidate], listed: list[ListedName], rules: Rules) -> None:
    from dataclasses import replace

    friends = friends_of(listed)
    few, many = (
        {row.name for row in rows if isinstance(choose(row, friends, replace(rules, select=select)), BlockEntry)}
        for select in (Select.BLOCKED, Select.ABLE)
    )
    assert few <= many
