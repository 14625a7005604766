"""Postfix as the judge: what a real mail server decides about a name, beside our verdict on it.

`--write-docs` writes the table to docs/explanation/postfix-agreement.md; without it the page must be what is measured.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.addresses import RESOLVER
from tests.lab.mailbox import Mailbox
from tests.lab.postfix import Fate, Postfix
from tests.lab.situations import HELPERS, SITUATIONS, Situation
from tests.lab.world import World
from watcher.checks import ALL
from watcher.core.mail.verdict import Flag, Verdict
from watcher.core.names import names
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.resolver import CarefulResolver, parse_server
from watcher.services.looks.examine import Examiner

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "postfix-agreement.md"

INTRODUCTION = """\
# Does a mail server agree?

The verdict answers one question: is mail for this name delivered? A mail server answers it too, so it is the judge.
Each row is a name in a DNS of real servers (NSD, resolved by Unbound). A real message to it was handed to a real
Postfix, whose log says what it made of the name. *Sent*, or *deferred* while connecting to a global address, means able:
whoever answers at that address gets the mail. *Bounced*, or *deferred* while connecting to an address that is not
global, means unable. *Deferred* by a name service error means unknown: the sender tries again for days. The numbers are
those of the verdict's specification.

A few zones break a rule that mail servers treat differently. Postfix bounces what others deliver there; these rows are set
apart, and the verdict says `sender_dependent`.

`make test` measures this table anew and fails where the two disagree or where this page is out of date
(`tools/in_lab .venv/bin/pytest tests/lab/test_postfix_agreement.py --write-docs` writes it).

| row | situation | Postfix | that means | verdict |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One name, judged twice."""

    situation: Situation
    fate: Fate
    verdict: Verdict

    @property
    def text(self) -> str:
        """The row of the table."""
        flags = "".join(f", `{flag}`" for flag in self.verdict.flags)
        heard = "sent" if self.fate.status == "sent" else f"{self.fate.status}: {self.fate.reason}"
        apart = " (apart)" if self.situation.apart else ""
        return (
            f"| {self.situation.row} | {self.situation.what} | {heard} | {self.fate.decision}{apart} "
            f"| {self.verdict.ability}, `{self.verdict.basis}`{flags} |"
        )


async def verdicts(domains: list[str]) -> list[Verdict]:
    """Our verdict on each name, through the careful resolver and the same Unbound."""
    resolver = CarefulResolver([parse_server(RESOLVER)], timeout=5)
    examiner = Examiner(resolver, SystemClock(), load_suffixes(), ALL, lambda: "nobody-has-7c1f9e")
    try:
        looks = await asyncio.gather(*(examiner.look(names.parse(domain)) for domain in domains))
    finally:
        resolver.close()
    return [look.verdict for look in looks]


@pytest.fixture(scope="module")
def rows(world: World, postfix: Postfix, mailbox: Mailbox) -> Iterator[dict[str, Row]]:
    """Both judgements of every situation; all messages are queued before the first is awaited."""
    for domain, records in HELPERS.items():
        world.host(domain, records)
    for situation in SITUATIONS:
        situation.arrange(world)
    queued = [postfix.queue(f"someone@{situation.name}") for situation in SITUATIONS]
    judged = asyncio.run(verdicts([situation.name for situation in SITUATIONS]))
    fates = [postfix.fate(queue_id) for queue_id in queued]
    yield {
        situation.name: Row(situation, fate, verdict)
        for situation, fate, verdict in zip(SITUATIONS, fates, judged, strict=True)
    }
    world.remove(*world.registered())
    for situation in SITUATIONS:
        if situation.suffix_records:
            world.suffix_records(situation.domain or situation.name, "")


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: f"{situation.row}-{situation.name}")
def test_the_verdict_is_what_postfix_decides(situation: Situation, rows: dict[str, Row]) -> None:
    row = rows[situation.name]
    said = f"{row.fate}\n{row.verdict}"
    if situation.apart:
        assert Flag.SENDER_DEPENDENT in row.verdict.flags, said
        assert row.fate.decision.value == situation.apart, said
    else:
        assert row.verdict.ability.value == row.fate.decision.value, said


def test_there_are_enough_situations_nameserver_faults_among_them() -> None:
    assert len(SITUATIONS) >= 40
    assert len({situation.name for situation in SITUATIONS}) == len(SITUATIONS)
    assert sum("nameserver" in situation.what for situation in SITUATIONS) >= 6


def test_the_table_in_the_docs_is_what_was_measured(rows: dict[str, Row], pytestconfig: pytest.Config) -> None:
    agree = sum(row.fate.decision.value == row.verdict.ability.value for row in rows.values())
    apart = sum(bool(situation.apart) for situation in SITUATIONS)
    counts = f"\n{len(rows)} situations: the two agree in {agree}; {apart} are set apart.\n"
    text = INTRODUCTION + "\n".join(row.text for row in rows.values()) + "\n" + counts
    print(text)
    if pytestconfig.getoption("--write-docs"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text
