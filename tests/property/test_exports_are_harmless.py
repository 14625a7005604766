"""Whatever stands in an entry, every export stays well formed and says nothing that was not meant."""

import csv
import io
import json

import dns.zone
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.block_entries import SINCE, block_entry
from watcher.core.blocking.selection import BlockEntry, Cause
from watcher.core.events import Grade, Resemblance
from watcher.exports import ALL, FORMATS
from watcher.exports.form import CANARIES, About, Omitted, Plan, RpzAction, is_host, written

ANYTHING = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    ["=1+1", "\t=x", "a\nb REJECT", '"', "'; Remove-Item /", "\ud800", "\u202ex", "*", ".", "a;b", "@x", "-1", "]}"]
)
LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)
HOSTS = st.lists(LABEL, min_size=1, max_size=5).map(".".join).filter(lambda name: len(name) <= 253)
RESEMBLANCES = st.builds(
    Resemblance,
    HOSTS | ANYTHING,
    st.lists(ANYTHING, max_size=2).map(tuple),
    st.floats(0, 1),
    ANYTHING,
    st.none() | st.integers(1),
    st.sampled_from(Grade),
)
ENTRIES = st.lists(
    st.builds(
        block_entry,
        HOSTS | ANYTHING,
        unicode=ANYTHING,
        cause=st.sampled_from(Cause),
        note=ANYTHING,
        decided_by=st.none() | ANYTHING,
        since=st.none() | st.just(SINCE),
        exchanges=st.lists(HOSTS | ANYTHING, max_size=3).map(tuple),
        resembles=st.lists(RESEMBLANCES, max_size=2).map(tuple),
    ),
    max_size=6,
    unique_by=lambda entry: entry.name,
)
ABOUT = st.builds(About, plan=st.sampled_from(Plan), action=st.sampled_from(RpzAction))


def made(name: str, entries: list[BlockEntry], about: About) -> tuple[str, Omitted]:
    omitted = Omitted()
    return "".join(written(FORMATS[name], entries, about, omitted=omitted)), omitted


@given(ENTRIES, ABOUT)
def test_every_export_is_plain_text_of_one_line_endings(entries: list[BlockEntry], about: About) -> None:
    for chosen in ALL:
        text, omitted = made(chosen.name, entries, about)
        assert text.encode().decode() == text  # no lone surrogate
        assert all(character.isprintable() or character in "\r\n" for character in text)
        assert omitted.count >= sum(not is_host(entry.name) for entry in entries)


@given(ENTRIES, ABOUT)
def test_line_formats_hold_one_line_for_each_name(entries: list[BlockEntry], about: About) -> None:
    names = sorted(entry.name for entry in entries if is_host(entry.name))
    for name in ("plain", "edl", "rspamd"):
        lines = [line for line in made(name, entries, about)[0].splitlines() if not line.startswith("#")]
        assert sorted(lines) == names
    for name in ("postfix_access", "postfix_transport", "exim", "opensmtpd"):
        keys = [line.partition(" ")[0].rstrip(":") for line in made(name, entries, about)[0].splitlines()]
        assert len(keys) == 2 * len(names)
        assert sorted(key for key in keys if not key.startswith((".", "*"))) == names


@given(ENTRIES)
def test_tables_keep_their_rows_and_hold_no_formula(entries: list[BlockEntry]) -> None:
    rows = list(csv.reader(io.StringIO(made("csv", entries, About())[0], newline="")))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 1 + sum(is_host(entry.name) for entry in entries)
    assert not any(cell.lstrip()[:1] in set("=+-@\t\r＝＋－＠") for row in rows for cell in row if cell.strip())


@given(ENTRIES)
def test_json_formats_are_json(entries: list[BlockEntry]) -> None:
    names = sorted(entry.name for entry in entries if is_host(entry.name))
    assert sorted(json.loads(line)["name"] for line in made("jsonl", entries, About())[0].splitlines()) == names
    things = json.loads(made("stix", entries, About())[0])["objects"]
    domains = [thing["value"] for thing in things if thing["type"] == "domain-name"]
    hosts = {host for entry in entries if is_host(entry.name) for host in entry.exchanges if is_host(host)}
    assert sorted(domains) == sorted({*names, *hosts})
    assert len({thing["id"] for thing in things}) == len(things)
    assert sum(thing["type"] == "indicator" for thing in things) == len(names)
    ordered = sorted(entries, key=lambda entry: entry.name)
    events = json.loads(made("misp", ordered, About())[0])["response"]
    uuids = [event["Event"]["uuid"] for event in events]
    assert len(set(uuids)) == len(uuids)


@given(ENTRIES, ABOUT)
def test_a_zone_can_be_read_and_covers_hosts(entries: list[BlockEntry], about: About) -> None:
    text, omitted = made("rpz", entries, about)
    zone = dns.zone.from_text(text, relativize=True)
    owners = {name.to_text() for name in zone.nodes} - {"@", *CANARIES}
    plain = {owner for owner in owners if not owner.startswith("*.")}
    assert len(plain) == len(entries) - omitted.count
    assert owners == plain | {f"*.{owner}" for owner in plain}
