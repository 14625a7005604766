"""Properties that every format has, and what is special in one."""

import json
from hashlib import md5

import pytest

from tests.fakes.block_entries import SAMPLES, block_entry, resemblance
from watcher import exports
from watcher.exports import ALL, FORMATS, misp
from watcher.exports.form import CANARIES, About, Form, Format, Omitted, Page, Plan, RpzAction, written


def text(name: str, *entries: object, about: About | None = None, **more: object) -> str:
    omitted = more.pop("omitted", Omitted())
    return "".join(written(FORMATS[name], entries or SAMPLES, about or About(), omitted=omitted, **more))  # type: ignore[arg-type]


def numbered(count: int) -> list[object]:
    return [
        block_entry(f"army-{number:05}.ml", resembles=(resemblance(likelihood=number / 1e6),))
        for number in range(count)
    ]


def test_every_file_is_in_the_table_under_its_own_name() -> None:
    from pathlib import Path

    files = {path.stem for path in Path(exports.__path__[0]).glob("*.py")} - {"__init__", "form"}
    assert files == set(FORMATS)
    assert len(ALL) == len(FORMATS)


@pytest.mark.parametrize("chosen", ALL, ids=lambda chosen: chosen.name)
def test_every_format_says_how_it_is_used(chosen: Format) -> None:
    assert chosen.limit
    for guide in chosen.guides:
        assert all((guide.consumer, guide.place, guide.load, guide.test, guide.undo))


@pytest.mark.parametrize("chosen", ALL, ids=lambda chosen: chosen.name)
def test_every_format_holds_every_name(chosen: Format) -> None:
    made = text(chosen.name)
    for entry in SAMPLES:
        assert entry.name in made


@pytest.mark.parametrize("name", ["rpz", "unbound"])
@pytest.mark.parametrize("action", RpzAction)
def test_dns_exports_hold_the_canary_even_when_nothing_is_listed(name: str, action: RpzAction) -> None:
    made = "".join(written(FORMATS[name], [], About(action=action), omitted=Omitted()))
    assert all(canary in made for canary in CANARIES)
    assert "TXT" in made


def test_the_best_fit_into_a_microsoft_plan_and_the_rest_is_told() -> None:
    omitted = Omitted()
    made = text("m365", *numbered(1_010), about=About(plan=Plan.NONE), omitted=omitted)
    assert made.count("'*.") == 500
    assert "'*.army-01009.ml'" in made
    assert "'*.army-00509.ml'" not in made
    assert omitted.count == 510
    assert len(omitted.shown) == 20
    assert "500" in omitted.shown[0][1]
    assert text("m365", *numbered(1_010), about=About(plan=Plan.P2)).count("'*.") == 1_010


def test_microsoft_csv_has_one_entry_a_row() -> None:
    made = text("m365", about=About(form=Form.CSV))
    assert made.splitlines()[0] == "Entry,Notes"
    assert '"*.army.ml","watcher: lookalike of army.mil"' in made.splitlines()


def test_a_name_too_long_for_the_zone_is_left_out_and_told() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 45])
    omitted = Omitted()
    made = text("rpz", block_entry(longest), block_entry("army.ml"), omitted=omitted)
    assert longest not in made
    assert "army.ml CNAME ." in made
    assert omitted.count == 1
    assert "octets" in omitted.shown[0][1]
    assert longest in text("plain", block_entry(longest))


def test_pages_join_to_the_whole() -> None:
    names = text("plain", *numbered(25))
    pages = [text("plain", *numbered(25), page=Page(10, offset)) for offset in (0, 10, 20, 30)]
    assert "".join(pages) == names
    assert pages[3] == ""


def test_stix_ids_stay_when_everything_else_changes() -> None:
    def ids(made: str) -> list[str]:
        return [thing["id"] for thing in json.loads(made)["objects"]]

    first = ids(text("stix", block_entry(note="one", decided_by="alice")))
    assert first == ids(text("stix", block_entry(note="two", since=None)))
    assert len(set(first)) == len(first) == 7
    assert set(ids(text("stix", block_entry(exchanges=())))) < set(first)


def test_stix_tells_of_exchanges_as_objects_each_once() -> None:
    shared = tuple(f"mx{number}.collector.net" for number in range(12))
    entries = [block_entry("army.ml", exchanges=("army.ml", *shared)), block_entry("navy.ml", exchanges=shared)]
    made = json.loads(text("stix", *entries))
    ids = [thing["id"] for thing in made["objects"]]
    assert len(set(ids)) == len(ids)
    names = {thing["id"]: thing["value"] for thing in made["objects"] if thing["type"] == "domain-name"}
    assert sorted(names.values()) == sorted(["army.ml", "navy.ml", *shared[:10]])
    pairs = {
        (names[thing["source_ref"]], names[thing["target_ref"]])
        for thing in made["objects"]
        if thing.get("relationship_type") == "resolves-to"
    }
    assert pairs == {(name, host) for name in ("army.ml", "navy.ml") for host in shared[:10]}


def test_a_misp_feed_has_the_hashes_of_its_values() -> None:
    files = dict(misp.feed(sorted(SAMPLES, key=lambda entry: (entry.best is not None, entry.name)), About()))
    events = [json.loads(made)["Event"] for name, made in files.items() if name.count("-") == 4]
    wanted = {
        (md5(attribute["value"].encode()).hexdigest(), event["uuid"])
        for event in events
        for item in event["Object"]
        for attribute in item["Attribute"]
        if attribute["type"] == "domain" and attribute["object_relation"] != "research-domain"
    }
    assert {tuple(row.split(",")) for row in files["hashes.csv"].splitlines()} == wanted


def test_misp_marks_for_detection_what_a_person_decided() -> None:
    events = json.loads(text("misp"))["response"]
    marked = {
        attribute["value"]
        for event in events
        for item in event["Event"]["Object"]
        for attribute in item["Attribute"]
        if attribute["to_ids"]
    }
    assert marked == {"army.ml"}


def test_a_misp_feed_has_a_manifest_of_its_events() -> None:
    files = dict(misp.feed(sorted(SAMPLES, key=lambda entry: (entry.best is not None, entry.name)), About()))
    manifest = json.loads(files.pop("manifest.json"))
    files.pop("hashes.csv")
    assert {f"{uuid}.json" for uuid in manifest} == set(files)
    for name, made in files.items():
        assert json.loads(made)["Event"]["uuid"] == name.removesuffix(".json")
