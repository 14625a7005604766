"""`lookalikes`, `events`, `silence` and `token` over a real database."""

import asyncio
import getpass
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.api_client import World, make_world
from watcher.core.events import Resemblance
from watcher.core.mail.verdict import Flag
from watcher.services.names.tokens import Gatekeeper, Scope
from watcher.store import lookalikes, resemblances


def in_world(watcher, work):
    """Run `work(world)` over the command's database."""

    async def go():
        world: World = await make_world(watcher.database.parent)
        try:
            return await work(world)
        finally:
            await world.store.close()

    return asyncio.run(go())


@pytest.fixture
def seen(watcher):
    """The command over a database in which three lookalikes were seen."""

    async def work(world: World) -> None:
        await world.protect("army.mil", "navy.mil")
        await world.see("army.ml", "army.mil")
        await world.see("navy.ml", "navy.mil")
        await world.clock.advance(60)
        await world.see("shop.ml", "army.mil", technique="omission")

    in_world(watcher, work)
    return watcher


@pytest.mark.parametrize(
    "command",
    ["lookalikes", "events", "match", "feed list", "protect list", "own list", "silence list", "token list"],
)
def test_without_a_database_it_says_that_there_is_none(bare, command):
    said = bare.refused(*command.split(), code=3)
    assert "there is no database" in said
    assert "`watcher protect add NAME`" in said
    assert list(bare.database.parent.iterdir()) == []


@pytest.mark.parametrize("command", ["protect remove a.com", "own remove a.com", "silence remove x", "token revoke x"])
def test_what_is_not_there_is_not_removed_and_no_database_is_made(bare, command):
    bare.refused(*command.split())
    assert list(bare.database.parent.iterdir()) == []


@pytest.mark.parametrize("command", ["lookalikes", "events", "protect list", "own list", "silence list", "token list"])
def test_an_empty_list_says_so(watcher, command):
    for output_format in ("plain", "table"):
        ran = watcher(*command.split(), "--format", output_format)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err.startswith("watcher: none")
    ran = watcher(*command.split(), "--format", "json")
    assert (ran.out, ran.err) == ("[]\n", ""), "a program sees it"


def test_a_change_says_how_much_it_changed(seen):
    assert seen("triage", "investigating", "army.ml").err == "watcher: 1 changed\n"
    assert seen("protect", "add", "army.mil").err == "watcher: none added, 1 already protected\n"
    assert seen("protect", "remove", "army.mil", "ARMY.mil.").err == "watcher: 1 name removed\n"
    seen("silence", "add", "army.ml")
    assert seen("silence", "remove", "army.ml").err == "watcher: 1 silence removed\n"
    seen("token", "create", "ci", "--scope", "read")
    assert "ci is revoked" in seen("token", "revoke", "ci").err


def test_lookalikes_are_shown_and_filtered(seen):
    def shown(*options: str) -> list[str]:
        return seen("lookalikes", *options).out.split()

    assert shown() == ["army.ml", "shop.ml", "navy.ml"], "the worst first"
    assert shown("--limit", "2") == ["army.ml", "shop.ml"]
    assert shown("--sort", "name") == ["army.ml", "navy.ml", "shop.ml"]
    assert shown("--sort", "newest")[0] == "shop.ml"
    assert shown("--sort", "likelihood", "--limit", "1") == ["army.ml"]
    assert shown("--ability", "able") == ["army.ml", "shop.ml"]
    assert shown("--protected", "ARMY.mil.") == ["army.ml", "shop.ml"]
    assert shown("--severity", "high") == ["army.ml"]
    assert shown("--technique", "omission") == ["shop.ml"]
    assert shown("--triage", "blocked") == []
    rows = json.loads(seen("lookalikes", "--format", "json").out)
    assert [row["mail"]["basis"] for row in rows] == ["explicit_mx", "implicit_mx", "null_mx"]
    assert {"techniques", "likelihood", "protected"} <= rows[0].keys()
    assert "history" not in rows[0]
    table = seen("lookalikes", "--format", "table").out.splitlines()
    assert table[0].split()[:2] == ["name", "mail"]
    assert "able (explicit_mx)" in table[1]
    header = seen("lookalikes", "--format", "csv").out.splitlines()[0]
    assert "mail.ability" in header


def test_of_all_hosts_of_one_wildcard_one_is_listed(seen):
    async def work(world: World) -> None:
        async with world.store.write() as tx:
            row = await lookalikes.find(tx, "shop.ml")
            wild = replace(row.verdict, flags=(Flag.WILDCARD,))
            hosts = [f"h{number:03}.evil.ml" for number in range(323)]
            await lookalikes.save(
                tx,
                [replace(row, name=host, unicode=host, registrable_domain="evil.ml", verdict=wild) for host in hosts],
            )
            likely = Resemblance("army.mil", ("omission",), 0.5, "", rank=9)
            await resemblances.save(tx, "h200.evil.ml", [likely])

    in_world(seen, work)
    rows = [json.loads(line) for line in seen("lookalikes", "--format", "jsonl").out.splitlines()]
    assert [(row["name"], row["more_hosts"]) for row in rows] == [
        ("army.ml", 0),
        ("h200.evil.ml", 322),
        ("shop.ml", 0),
        ("navy.ml", 0),
    ]
    assert "and 322 more hosts" in seen("lookalikes", "--format", "table").out.replace("\n", " ")
    assert len(seen("lookalikes", "--all-hosts").out.split()) == 326
    assert seen("lookalikes", "--protected", "army.mil", "--limit", "2").out.split() == ["army.ml", "h200.evil.ml"]
    assert seen("lookalikes", "--ability", "unable").out.split() == ["navy.ml"]


def test_a_table_of_lookalikes_fits_the_terminal(seen, monkeypatch):
    for columns in (60, 80, 132):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = seen("lookalikes", "--format", "table").out.splitlines()
        assert max(map(len, lines)) <= columns
        assert lines[0].split()[:3] == ["name", "mail", "severity"], "what matters most stays"
        assert ("by" in lines[0].split()) == (columns > 100)


def test_lookalikes_of_no_name(seen):
    seen.refused("lookalikes", "--protected", "a..b")
    seen.refused("lookalikes", "--ability", "maybe")


@pytest.mark.parametrize("output_format", ["plain", "table", "json", "jsonl", "csv"])
def test_lookalikes_of_what_is_not_protected(seen, output_format):
    line = seen.refused("lookalikes", "--protected", "nosuch.com", "--format", output_format)
    assert "nosuch.com is not protected" in line
    assert seen("lookalikes", "--protected", "army.mil", "--triage", "blocked").code == 0, "nothing found is no error"


def test_events_are_shown_oldest_first(seen):
    rows = json.loads(seen("events", "--format", "json").out)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    able = [row["name"] for row in rows if row["kind"] == "mail_found_able"]
    assert able == ["army.ml", "shop.ml"]
    lines = seen("events").out.splitlines()
    assert len(lines) == len(rows)
    assert re.match(r"2026-01-01T00:00:00Z \w+ \w+ (army|navy)\.ml \((army|navy)\.mil\)$", lines[0])
    later = seen("events", "--since", "2026-01-01T00:00:30Z", "--format", "jsonl").out.splitlines()
    assert {json.loads(line)["name"] for line in later} == {"shop.ml"}
    assert seen("events", "--since", "2026-01-02").out == ""
    assert len(seen("events", "--name", "SHOP.ml").out.splitlines()) == len(later)


@pytest.mark.parametrize("since", ["yesterday", "5", "5x", "2026-13-01", "99999999d", "-1d", "999999w"])
def test_a_time_that_is_none(seen, since):
    assert "no time" in seen.refused("events", f"--since={since}")


def test_an_array_without_end_is_refused(seen):
    assert "jsonl" in seen.refused("events", "--follow", "--format", "json")


def test_followed_events_come_as_they_happen(seen):
    command = [sys.executable, "-m", "watcher", "--database-url", f"sqlite:///{seen.database}"]
    with subprocess.Popen(
        [*command, "events", "--follow", "--since", "2026-01-02", "--format", "jsonl"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as follower:
        try:

            async def work(world: World) -> None:
                await world.clock.advance(3 * 24 * 3600)
                world.resolver.load("ml", "army NS ns.army\nnavy NS ns.navy\nshop NS ns.shop\nnew NS ns.new\n")
                world.resolver.load("new.ml", "@ A 93.184.215.30\n")
                await world.see("new.ml", "army.mil")

            in_world(seen, work)
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["name"] == "new.ml"
        finally:
            follower.terminate()


def test_a_token_is_shown_once_and_works(watcher):
    made = watcher("token", "create", "siem", "--scope", "read,lookup")
    assert made.code == 0
    text = made.out.strip()
    assert re.fullmatch(r"watcher_[A-Za-z0-9_-]{43}", text)

    async def recognise(world: World):
        return await Gatekeeper(world.store, world.clock).recognise(text)

    token = in_world(watcher, recognise)
    assert (token.name, token.scopes) == ("siem", frozenset({Scope.READ, Scope.LOOKUP}))
    listed = watcher("token", "list", "--format", "json")
    assert text not in listed.out
    assert json.loads(listed.out)[0]["scopes"] == ["read", "lookup"]
    assert watcher("token", "revoke", "siem").code == 0
    assert in_world(watcher, recognise) is None
    assert watcher("token", "list").out == "siem (revoked)\n"
    watcher.refused("token", "revoke", "siem")
    assert "revoked" in watcher.refused("token", "create", "siem", "--scope", "read")


@pytest.mark.parametrize(
    ("name", "scope"),
    [("a", "root"), ("a", ""), ("a", "read,,root"), ("a b", "read"), ("", "read"), ("x" * 65, "read"), ("a\n", "read")],
)
def test_a_token_that_cannot_be_made(watcher, name, scope):
    watcher.refused("token", "create", "--scope", scope, "--", name)
    assert watcher("token", "list").out == ""


def test_a_token_name_is_used_once(watcher):
    assert watcher("token", "create", "a", "--scope", "write").code == 0
    assert "exists" in watcher.refused("token", "create", "a", "--scope", "write")
    watcher.refused("token", "revoke", "b")


def test_triage_is_kept_with_who_and_when(seen):
    assert seen("triage", "takedown", "ARMY.ml", "navy.ml", "--note", "asked the registrar").code == 0
    rows = {row["name"]: row for row in json.loads(seen("lookalikes", "--format", "json").out)}
    assert [(rows[name]["triage"], rows[name]["triage_by"]) for name in ("army.ml", "navy.ml", "shop.ml")] == [
        ("takedown", getpass.getuser()),
        ("takedown", getpass.getuser()),
        ("new", None),
    ]
    assert rows["army.ml"]["triage_note"] == "asked the registrar"
    assert datetime.now(UTC) - datetime.fromisoformat(rows["army.ml"]["triage_at"]) < timedelta(minutes=5)
    assert f"takedown by {getpass.getuser()}" in seen("lookalikes", "--format", "table").out
    assert "nobody.ml is no lookalike" in seen.refused("triage", "blocked", "army.ml", "nobody.ml")
    assert seen("lookalikes", "--triage", "blocked").out == "", "all or none"
    seen.refused("triage", "wontfix", "army.ml")
    assert seen("triage", "ignored", "army.ml").code == 0
    (silenced,) = json.loads(seen("silence", "list", "--format", "json").out)
    assert (silenced["value"], silenced["by_triage"], silenced["created_by"]) == ("army.ml", True, getpass.getuser())


def test_triage_makes_no_database(bare):
    assert "there is no database" in bare.refused("triage", "blocked", "army.ml", code=3)
    assert not bare.database.exists()


def test_silences_are_made_shown_and_removed(watcher):
    made = watcher("silence", "add", "ARMY.ml", "--until", "7d", "--note", "known")
    assert made.code == 0
    rows = json.loads(watcher("silence", "list", "--format", "json").out)
    assert [(row["id"], row["scope"], row["value"], row["note"]) for row in rows] == [
        (made.out.strip(), "name", "army.ml", "known")
    ]
    until = datetime.fromisoformat(rows[0]["until"])
    assert timedelta(days=6) < until - datetime.now(UTC) <= timedelta(days=7)
    assert watcher("silence", "add", "suffix_edit", "--by", "technique").code == 0
    assert watcher("silence", "remove", made.out.strip()).code == 0
    assert watcher("silence", "remove", "suffix_edit").code == 0
    assert watcher("silence", "list").out == ""
    watcher.refused("silence", "remove", "army.ml")
    watcher.refused("silence", "add", "a..b")
    assert "there are omission, " in watcher.refused("silence", "add", "nosuch", "--by", "technique")
    assert watcher("silence", "add", ".ml", "--by", "suffix").code == 0
    assert watcher("silence", "remove", ".ml").code == 0
    watcher.refused("silence", "add", "a.ml", "--until", "2020-01-01")
    assert watcher("silence", "list").out == ""


def test_a_silence_of_nothing_makes_no_database(bare):
    bare.refused("silence", "add", "nosuch", "--by", "technique")
    bare.refused("silence", "add", "a..b")
    assert not bare.database.exists()


def test_a_filter_by_what_does_not_exist_is_refused(watcher):
    assert "there are omission, " in watcher.refused("lookalikes", "--technique", "nosuch")
    assert "'takedown'" in watcher.refused("lookalikes", "--triage", "nosuch")
    assert watcher("lookalikes", "--technique", "suffix-edit", "--triage", "new").code == 0
