"""`watcher mail-log` over real files and a real database."""

import asyncio
import gzip
import io
import json
import sys

import pytest

from tests.fakes.api_client import World, make_world

LINE = (
    "Nov 27 09:12:0{second} mx1 postfix/qmgr[1]: {queue}: from=<{sender}>, size=1, nrcpt=1 (queue active)\n"
    "Nov 27 09:12:0{second} mx1 postfix/smtp[2]: {queue}: to=<{to}>, relay=mx[93.184.215.14]:25, delay=1, "
    "delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)\n"
)


def log(*recipients, start=0):
    return "".join(
        LINE.format(
            second=number % 10,
            queue=f"{number + start + 0xABCDE00000:X}",
            sender=f"secret{number % 2}@corp.example",
            to=to,
        )
        for number, to in enumerate(recipients)
    )


@pytest.fixture
def world(watcher):
    async def see() -> None:
        world: World = await make_world(watcher.database.parent)
        await world.protect("army.mil")
        await world.see("army.ml", "army.mil")
        await world.store.close()

    asyncio.run(see())
    return watcher


def test_who_wrote_to_lookalikes(world, tmp_path):
    (tmp_path / "mail.log").write_text(
        log("private@army.ml", "private@army.ml", "private@mail.army.ml", "x@army.mil", "x@example.org")
    )
    ran = world("mail-log", "mail.log", "--format", "json")
    assert ran.code == 0, ran
    first, second = json.loads(ran.out)
    assert (first["name"], first["messages"], first["senders"], first["delivered"]) == ("army.ml", 2, 2, 2)
    assert first["protected"] == ["army.mil"]
    assert first["ability"] == "able"
    assert first["grade"] in {"block", "warn"}
    assert first["first_day"][4:] == "-11-27"
    assert (second["name"], second["messages"], second["ability"]) == ("mail.army.ml", 1, None)
    assert ran.err == "watcher: mail.log: postfix, 10 lines\n"
    assert world("mail-log", "mail.log", "--format", "plain").out == "army.ml\nmail.army.ml\n"
    assert "army.ml" in world("mail-log", "mail.log", "--format", "table").out


@pytest.mark.parametrize("form", ["table", "plain", "json", "jsonl", "csv"])
@pytest.mark.parametrize("more", [(), ("--all",)])
def test_no_local_part_is_shown(world, tmp_path, form, more):
    (tmp_path / "mail.log").write_text(log("private@army.ml", "private@example.org") + "broken private@army.ml line\n")
    ran = world("mail-log", "mail.log", "--format", form, *more)
    assert "private" not in ran.out + ran.err
    assert "secret" not in ran.out + ran.err
    assert "army.ml" in ran.out
    assert ("example.org" in ran.out) == bool(more)


def test_several_files_in_any_order_and_the_same_twice(world, tmp_path):
    (tmp_path / "a").write_text(log("b@army.ml"))
    (tmp_path / "b.gz").write_bytes(gzip.compress(log("c@army.ml", start=50).encode()))
    outs = {
        world("mail-log", *files, "--format", "jsonl").out
        for files in (("a", "b.gz"), ("b.gz", "a"), ("a", "b.gz", "a"))
    }
    assert len(outs) == 1
    assert json.loads(outs.pop())["messages"] == 2


def test_standard_input(world, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(log("b@army.ml").encode())))
    assert world("mail-log", "-", "--format", "plain").out == "army.ml\n"


def test_what_is_saved_adds_up_and_the_same_log_is_counted_once(world, tmp_path):
    (tmp_path / "a").write_text(log("b@army.ml", "c@army.ml"))
    (tmp_path / "b").write_text(log("d@army.ml", start=90))
    for files in (["a"], ["a"], ["b"]):
        assert world("mail-log", "--save", *files).code == 0

    async def kept():
        from watcher.services.blocking.mail_log import written_to

        world_again: World = await make_world(tmp_path)
        found = await written_to(world_again.store, ["army.ml"])
        await world_again.store.close()
        return found["army.ml"]

    row = asyncio.run(kept())
    assert (row.messages, row.senders, row.delivered) == (3, 2, 3)
    assert "private" not in (tmp_path / "watcher.db").read_bytes().decode("latin1")


def test_fail_on_able(world, tmp_path):
    (tmp_path / "able").write_text(log("b@army.ml"))
    (tmp_path / "none").write_text(log("b@army.mil"))
    assert world("mail-log", "able", "--fail-on", "able").code == 1
    ran = world("mail-log", "none", "--fail-on", "able", "--format", "json")
    assert (ran.code, ran.out) == (0, "[]\n")
    assert "nobody wrote to a lookalike" in ran.err


def test_since(world, tmp_path):
    (tmp_path / "mail.log-20251127").write_text(log("b@army.ml"))
    assert world("mail-log", "mail.log-20251127", "--since", "2025-11-28", "--format", "json").out == "[]\n"
    assert "army.ml" in world("mail-log", "mail.log-20251127", "--since", "2025-11-27", "--format", "json").out


def test_what_is_no_log(world, tmp_path):
    (tmp_path / "x").write_text("hello\n")
    assert "no form of mail log is recognised" in world.refused("mail-log", "x")
    assert "cannot be read" in world.refused("mail-log", "gone.log")
    (tmp_path / "x.csv").write_text("a,b\n1,q@army.ml\n")
    assert world("mail-log", "x.csv", "--column", "b", "--format", "plain").out == "army.ml\n"


def test_nothing_protected(watcher, tmp_path):
    (tmp_path / "mail.log").write_text(log("b@army.ml"))
    assert "watcher protect add" in watcher.refused("mail-log", "mail.log")
