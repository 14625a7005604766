"""Fuzz targets, one for each parser of what comes from outside: `TARGETS[name](data)` returns, or the parser has a fault.

A target gives the bytes to the parser as the outside would, lets pass the errors that the parser may raise, and asserts
what must hold of its result. `tools/fuzz.py` runs them; `tests/property/test_fuzz_targets.py` runs the kept corpus.
"""

import asyncio
import json
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from pydantic import ValidationError

from watcher.api import cursors, taxii
from watcher.api.problems import Problem
from watcher.core.errors import ConfigurationError, InvalidName, LookupFailed
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.names import names
from watcher.core.names.lists import NamesList
from watcher.core.registration.facts import RegistrationStatus
from watcher.exports.form import RpzAction
from watcher.feeds.lists import read_lines
from watcher.listeners import policy, rpz_answers, rpz_zone
from watcher.lookups.dns import plain_reading, reading_cost, wire
from watcher.lookups.registry import rdap_bootstrap, rdap_reader, whois_classifier
from watcher.lookups.registry.whois_fields import read_fields
from watcher.lookups.registry.whois_text import decode
from watcher.mail_logs import ALL, detected
from watcher.services.blocking.mail_log import keyed_hash
from watcher.settings.settings import load
from watcher.store.block_list import ZoneName

AT = datetime(2026, 1, 1, tzinfo=UTC)
DOMAIN = "army.ml"

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}


def target(function: Target) -> Target:
    """Register a target under its name."""
    TARGETS[function.__name__] = function
    return function


@target
def dns_reply(data: bytes) -> None:
    """A datagram that came back for a question of ours; the first byte chooses whether its head fits the question."""
    question = wire.encode_name(DOMAIN)
    assert question is not None
    question += wire.TYPE_IN[RRType.MX]
    if data[:1] < b"\x80":
        data = b"\x12\x34\x81\x80\x00\x01" + data[1:7].ljust(6, b"\0") + question + data[7:]
    wire.match(data, question)
    if len(data) >= wire.HEADER_SIZE:
        wire.clean_nxdomain(data, len(question))
        with suppress(ValueError, IndexError, struct.error):
            reading_cost.too_costly(data)
            plain_reading.read_plainly(data, Question(DOMAIN, RRType.MX))
    answer = wire.parse_answer(data, Question(DOMAIN, RRType.MX), "r", AT)
    assert answer.outcome is not Outcome.TIMEOUT
    assert bool(answer.records) is (answer.outcome is Outcome.ANSWER)


@target
def rdap(data: bytes) -> None:
    """A registry's document about a domain, and its list of services."""
    with suppress(LookupFailed):
        servers = rdap_bootstrap.read_bootstrap(data).servers
        assert all(url.startswith("https://") for url in servers.values())
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    rdap_reader.related_links(document)
    rdap_reader.error_code(document)
    with suppress(LookupFailed):
        facts = rdap_reader.read_domain(document, DOMAIN, AT)
        assert facts.status in {RegistrationStatus.REGISTERED, RegistrationStatus.RESERVED}
        assert all(names.parse(host) == host for host in facts.nameservers)


@target
def whois(data: bytes) -> None:
    """A registry's reply in free text."""
    text = decode(data, DOMAIN)
    whois_classifier.classify(text, DOMAIN)
    whois_classifier.requested_wait(text)
    fields = read_fields(DOMAIN, text)
    assert all(names.parse(host) == host for host in fields.nameservers)


@target
def name(data: bytes) -> None:
    """A name as somebody typed it, or as it stands in a feed."""
    text = data.decode("utf-8", "replace")
    for read in (names.parse, names.parse_existing):
        with suppress(InvalidName):
            found = read(text)
            assert found == found.lower()
            assert len(found) <= 253
            assert read(found) == found


@target
def names_list(data: bytes) -> None:
    """A list of names of any form, packed or not."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        for column in (None, "domain", "2"):
            reader, entries = NamesList(column), NamesList(column)
            with suppress(ConfigurationError):
                for found in reader.names(read_lines(Path(file.name))):
                    assert names.parse_existing(found) == found
            assert reader.tally.named + reader.tally.dropped <= reader.tally.lines
            with suppress(ConfigurationError):
                assert all(entry.text for entry in entries.entries(read_lines(Path(file.name))))


@target
def settings(data: bytes) -> None:
    """A settings file."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        with suppress(ConfigurationError):
            load(Path(file.name))


@target
def policy_request(data: bytes) -> None:
    """A request of a mail server at the policy service."""
    question = policy._question(data)
    assert question is None or question.recipient


@target
def mail_log(data: bytes) -> None:
    """A mail log: its form is found, and each form reads it all the same."""
    detected(data)
    for form in ALL:
        try:
            reader = form.reader(data, keyed=keyed_hash(b"k" * 32), reference=AT, column=None)
        except ConfigurationError:  # a table without a heading that it knows
            continue
        for entry in [*reader.read(data, set), *reader.finish()]:
            assert "@" not in entry.domain, "no local part leaves the reader"
        assert reader.reading.unread <= reader.reading.lines + 1


@target
def taxii_query(data: bytes) -> None:
    """The query of a TAXII client, and the cursor of a page."""
    text = data.decode("utf-8", "replace")
    with suppress(Problem):
        cursors.decode(text, str, int)
    parts = dict(part.partition("=")[::2] for part in text.split("&"))
    try:
        query = taxii.WantedObjects.model_validate(parts)
    except ValidationError:
        return
    for moment in (query.added_after, query.next):
        with suppress(Problem):
            taxii._moment(moment)
    item = taxii.StixItem(AT, "indicator--1", "indicator", "2026-01-01T00:00:00.000Z", "{}")
    assert taxii._matches(item, query) in {True, False}


_SHAPE = rpz_zone.ZoneShape("rpz.watcher.invalid", RpzAction.NXDOMAIN)


async def _no_difference(serial: int) -> None:
    """Answer that every serial is too old."""


_SERVED = rpz_answers.Served(
    _SHAPE,
    rpz_zone.zone_image(7, [ZoneName(DOMAIN, "army.mil"), ZoneName("mod.gov.ml")], _SHAPE),
    rpz_answers.Access(allow=(ip_network("127.0.0.1/32"),)),
    _no_difference,
)


@target
def rpz_request(data: bytes) -> None:
    """A question to the response policy zone, by UDP and by TCP."""
    for udp in (True, False):
        answer = asyncio.run(rpz_answers.answer_to(data, "127.0.0.1", _SERVED, udp=udp))
        if answer is not None:
            messages = list(answer[0])
            assert messages
            assert all(len(message) < 65536 and message[2] & 0x80 for message in messages)
