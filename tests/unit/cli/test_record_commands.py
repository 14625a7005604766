"""`lookalikes`, `events`, `silence` and `token` over a real database."""

import asyncio
import getpass
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.api_client import World, make_world
from watcher.services.names.tokens import Gatekeeper, Scope


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


@pytest.mark.parametrize("command", ["lookalikes", "events"])
def test_without_a_database_it_says_that_there_is_none(bare, command):
    assert "there is no database" in bare.refused(command, code=3)
    assert list(bare.database.parent.iterdir()) == []


def test_lookalikes_are_shown_and_filtered(seen):
    def shown(*options: str) -> list[str]:
        return seen("lookalikes", *options).out.split()

    assert shown() == ["army.ml", "navy.ml", "shop.ml"]
    assert shown("--ability", "able") == ["army.ml", "shop.ml"]
    assert shown("--protected", "ARMY.mil.") == ["army.ml", "shop.ml"]
    assert shown("--severity", "high") == ["army.ml"]
    assert shown("--technique", "omission") == ["shop.ml"]
    assert shown("--triage", "blocked") == []
    rows = json.loads(seen("lookalikes", "--format", "json").out)
    assert [row["mail"]["basis"] for row in rows] == ["explicit_mx", "null_mx", "implicit_mx"]
    assert {"techniques", "likelihood", "protected"} <= rows[0].keys()
    assert "history" not in rows[0]
    table = seen("lookalikes", "--format", "table").out.splitlines()
    assert table[0].split()[:2] == ["name", "mail"]
    assert "able (explicit_mx)" in table[1]
    header = seen("lookalikes", "--format", "csv").out.splitlines()[0]
    assert "mail.ability" in header


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
