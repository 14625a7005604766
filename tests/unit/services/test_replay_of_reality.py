"""Nine months that really happened: every gain of an exchange is told once, and nothing else is."""

import gzip
import json

import pytest

from tools import replay, replay_score


@pytest.mark.corpus
async def test_every_real_gain_is_told_once_and_flicker_never(corpus, capsys):
    folder = corpus / "lookalike-timeline"
    (deltas,), (gains,) = folder.glob("*.deltas.jsonl.gz"), folder.glob("*.gains.csv")
    done = await replay.replay(deltas)
    result = replay_score.score(done, gains)
    with capsys.disabled():
        print()
        replay_score.show(result)
    assert result["gains"] == 16
    assert len(result["right"]) == 16, "each told exactly once, when it happened"
    assert result["precision"] >= 0.97, "by the log: docs/explanation/decisions/0004-what-a-real-gain-is.md"
    assert result["recall"] >= 0.97
    assert result["recall_by_the_log"] >= 0.97
    assert result["losses_without_ground"] == []
    naive = result["naive"]
    assert result["alerts_a_day"] < naive["alerts_a_day"] / 10
    assert result["precision"] > 10 * naive["precision"]
    assert result["messages_a_day"] < naive["differences_a_day"] / 10, "a portfolio that changes hands is one message"
    null_or_loop = {name for name, letters in done.letters.items() if "M" not in letters and "0" in letters}
    assert null_or_loop
    assert null_or_loop.isdisjoint(result["told"])


def written(tmp_path, *snapshots, gains=()):
    deltas = tmp_path / "log.jsonl.gz"
    with gzip.open(deltas, "wt") as lines:
        for number, changes in enumerate(snapshots):
            lines.write(json.dumps({"time": f"2026-01-{number + 1:02}T00:00:00+00:00", "changes": changes}) + "\n")
    listed = tmp_path / "gains.csv"
    listed.write_text("date,domain\n" + "".join(f"{date},{name}\n" for date, name in gains))
    return deltas, listed


def logged(name, protected="army.mil", **records):
    plain = {"ns": ["ns1.net.net"], "a": ["93.184.215.14"], "aaaa": None, "mx": None}
    return {"protected": protected, "domain": name, **plain, **records}


async def test_any_log_of_that_form(tmp_path):
    days = [[] for _ in range(16)]
    days[0] = [logged("army.ml"), logged("army.il", mx=[""]), logged("amy.mil", mx=["mx.net.net"])]
    days[8] = [logged("army.ml", mx=["mx.net.net"]), logged("army.il", mx=["localhost"])]
    days[9] = [{"protected": "army.mil", "domain": "amy.mil", "absent": True}]
    days[10] = [logged("amy.mil", mx=["mx.net.net"]), logged("arny.mil", mx=["mx.other.net"])]
    days[11] = [logged("arny.mil", mx=["!ServFail"], a=["!ServFail"])]
    days[12] = [logged("arny.mil")]
    deltas, gains = written(tmp_path, *days, gains=[("2026-01-09", "army.ml")])
    result = replay_score.score(await replay.replay(deltas), gains)
    assert result["told"] == result["right"] == ["army.ml"]
    assert (result["precision"], result["recall"], result["median_hours_after_first_sight"]) == (1.0, 1.0, 24.0)
    assert result["naive"]["alerts"] == 3
    assert result["naive"]["precision"] == pytest.approx(1 / 3, abs=0.01)
    assert (result["messages"]["mail_became_able"], result["implicit_gains"]) == (2, ["arny.mil"])


async def test_hosts_of_several_protected_names_under_one_parent_are_one_gain(tmp_path):
    hosts = [("us.armyy.net", "us.army.mil"), ("eu.armyy.net", "eu.army.mil"), ("de.armyy.net", "de.army.mil")]
    days = [[] for _ in range(14)]
    days[0] = [logged(name, whose) for name, whose in hosts]
    days[7] = [logged(name, whose, mx=["mx.net.net"]) for name, whose in hosts]
    deltas, gains = written(tmp_path, *days, gains=[("2026-01-08", "us.armyy.net")])
    result = replay_score.score(await replay.replay(deltas), gains)
    assert result["right"] == ["armyy.net"]
    assert result["events"]["mail_became_able"] == 1
