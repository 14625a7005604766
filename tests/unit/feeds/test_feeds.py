"""Lists and zone files of names that exist, and the sweep by them."""

import gzip
import os
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.errors import ConfigurationError
from watcher.core.mail.dns import Outcome
from watcher.core.ports import Existence, Presence
from watcher.feeds.names import read_existing
from watcher.feeds.sweeper import FRESH, FeedSweeper, WatchedFiles

_ZONE = """\
$ORIGIN ml.
$TTL 3600
@ IN SOA ns1 hostmaster (
    1 3600 600 86400 60 )
@ NS ns1
ns1 A 192.0.2.1
army 3600 IN NS ns1.hosting.net.
     3600 IN NS ns2.hosting.net.
navy.ml.\t86400\tin\tns\tns1.hosting.net.
; gone NS ns1
"""
_LIST = "# new today\narmy.com\nNAVY.org.\n\nbücher.example\nnot a name at all\n-bad-.com\n"


class Asked:
    def __init__(self):
        self.names = []

    async def sweep(self, names):
        for name in names:
            self.names.append(name)
            yield Existence(name, Presence.UNSETTLED, Outcome.TIMEOUT, "9.9.9.10")


def _file(folder, name, text):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


async def _sweep(sweeper, *names):
    return {existence.name: existence.presence async for existence in sweeper.sweep(iter(names))}


@pytest.mark.parametrize("ending", ["zone", "zone.gz"])
def test_a_complete_zone_names_what_is_delegated_and_denies_the_rest(tmp_path, ending):
    names = read_existing([_file(tmp_path, f"ml.{ending}", _ZONE)])
    assert len(names) == 3
    assert all(name in names for name in ("army.ml", "navy.ml", "ns1.ml"))
    assert "gone.ml" not in names
    assert names.denies("gone.ml")
    assert not names.denies("army.ml")
    assert not names.denies("army.com"), "it says nothing of another zone"
    assert not names.denies("gone.com.ml"), "nor of what is below a name of its own"


def test_the_form_that_registries_publish_is_read(tmp_path):
    text = "com.\t900\tin\tsoa\ta.gtld-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400\n"
    text += "army.com.\t172800\tin\tns\tns1.hosting.net.\narmy.com.\t86400\tin\tds\t1 8 2 AB\n"
    text += "ns1.army.com.\t172800\tin\ta\t192.0.2.1\n"
    names = read_existing([_file(tmp_path, "com.txt", text)])
    assert len(names) == 1
    assert names.denies("navy.com")


def test_a_name_that_the_registry_holds_itself_exists_without_a_delegation(tmp_path):
    text = "de. 3600 IN SOA a. b. 1 1 1 1 1\narmy.de. 3600 IN MX 10 mx.hosting.net.\nnavy.de. 3600 IN A 192.0.2.1\n"
    text += "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.de. 3600 IN NSEC3 1 1 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS\n"
    names = read_existing([_file(tmp_path, "de.zone", text)])
    assert [names.denies(name) for name in ("army.de", "navy.de", "gone.de")] == [False, False, True]
    assert len(names) == 2


def test_more_records_of_a_name_are_read_once(tmp_path):
    text = "ml. 60 IN SOA a. b. 1 1 1 1 1\narmy.ml. 60 IN NS a.\narmy.ml. 60 IN NS b.\narmy.ml.co. 60 IN NS c.\n"
    names = read_existing([_file(tmp_path, "ml.zone", text + "navy.ml. 60 IN NS (\n a. )\ngulf.ml. 60 IN NS a.\n")])
    assert len(names) == 4
    assert all(name in names for name in ("army.ml", "army.ml.co", "navy.ml", "gulf.ml"))


def test_a_list_names_and_denies_nothing(tmp_path):
    names = read_existing([_file(tmp_path, "new", _LIST)])
    assert all(name in names for name in ("army.com", "navy.org", "xn--bcher-kva.example"))
    assert "-bad-.com" in names, "it needs only to be a DNS name"
    assert len(names) == 4
    assert not names.denies("gone.com")


def test_what_cannot_be_read_is_said_in_one_line(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_existing([tmp_path / "nowhere"])
    with pytest.raises(ConfigurationError):
        read_existing([_file(tmp_path, "binary", "x") and _bytes(tmp_path)])


def _bytes(folder):
    path = folder / "bytes"
    path.write_bytes(gzip.compress(b"army.ml\n" * 1000)[:-9])
    return path


async def test_the_sweep_asks_only_for_what_the_feeds_do_not_say(tmp_path):
    names = read_existing([_file(tmp_path, "ml.zone", _ZONE)])
    asked = Asked()
    found = await _sweep(FeedSweeper(names, asked), "army.ml", "gone.ml", "army.com")
    assert found == {"army.ml": Presence.LOOK, "gone.ml": Presence.ABSENT, "army.com": Presence.UNSETTLED}
    assert asked.names == ["army.com"]
    assert set(await _sweep(FeedSweeper(names, None), "army.ml", "gone.ml", "army.com")) == {"army.ml", "gone.ml"}


async def test_files_are_read_again_when_they_change_and_believed_while_fresh(tmp_path):
    clock, asked = FakeClock(), Asked()
    path = _file(tmp_path, "ml.zone", _ZONE)
    os.utime(path, (clock.now().timestamp(),) * 2)
    sweeper = WatchedFiles([path, tmp_path / "nowhere"], asked, clock)
    assert await _sweep(sweeper, "gone.ml") == {"gone.ml": Presence.ABSENT}
    _file(tmp_path, "ml.zone", _ZONE + "gone NS ns1\n")
    os.utime(path, (clock.now().timestamp() + 1,) * 2)
    assert await _sweep(sweeper, "gone.ml") == {"gone.ml": Presence.LOOK}
    await clock.advance((FRESH + timedelta(minutes=1)).total_seconds())
    assert await _sweep(sweeper, "never.ml") == {"never.ml": Presence.UNSETTLED}
    assert asked.names == ["never.ml"], "an old zone file proves no absence"
