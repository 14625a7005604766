"""`watcher check`: one name now, with the reason, the evidence, the registration and what it resembles."""

import asyncio
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from watcher.checks import VOCABULARY
from watcher.cli.fail_on import fail_on_option, found
from watcher.cli.main import EXIT_FOUND, GlobalOptions
from watcher.cli.output import OutputFormat, emit, format_option, visible
from watcher.cli.seeing import NoResolver, must_see, resolver_option, store_if_any
from watcher.cli.table import table_width
from watcher.core.known import Known
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts, parent_shown
from watcher.core.shapes.known import check_json
from watcher.core.shapes.times import time_json
from watcher.core.states.mail_state import SETTLED

_SHOWN = 4

KNOWN_FIELDS = (
    "name",
    "unicode",
    "registrable_domain",
    "public_suffix",
    "severity",
    "severity_reasons",
    "mail.ability",
    "mail.basis",
    "mail.flags",
    "mail.exchanges",
    "mail.findings",
    "mail.evidence",
    "mail.settled_at",
    "attempted_at",
    "last_outcome",
    "unconfirmed",
    "registration.domain",
    "registration.status",
    "registration.source",
    "registration.registrar",
    "registration.registrar_iana_id",
    "registration.created_at",
    "registration.updated_at",
    "registration.expires_at",
    "registration.statuses",
    "registration.nameservers",
    "registration.registrant.organisation",
    "registration.registrant.country",
    "registration.abuse_email",
    "registration.abuse_phone",
    "registration.fetched_at",
    "registration.reason",
    "resembles",
    "first_seen_at",
    "triage",
    "triage_note",
    "triage_by",
    "triage_at",
)
"""The csv columns of what is known about a name, the same whatever is known."""


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--no-registration", is_flag=True, help="Do not ask the registries.")
@click.option(
    "--probe", is_flag=True, help="Also ask the mail server of a name that can receive mail. No message is sent."
)
@resolver_option
@fail_on_option
@format_option
@click.pass_obj
def check(
    options: GlobalOptions,
    *,
    names: tuple[str, ...],
    no_registration: bool,
    probe: bool,
    resolvers: tuple[str, ...],
    fail_on: tuple[str, ...],
    output_format: OutputFormat,
) -> int:
    """Check NAME now: show whether and why it can receive mail, its registrant, and what it resembles."""
    from watcher.bootstrap.command import load_settings

    parsed = [_parsed(name) for name in names]
    chosen = load_settings(options, resolvers)
    looked = asyncio.run(_check(chosen, parsed, registration=not no_registration, probe=probe))
    if output_format is OutputFormat.TABLE:
        for known in looked:
            click.echo(fitted(report(known)))
    else:
        fields = (*KNOWN_FIELDS, "history", "own_likeness")
        emit(looked, output_format, plain=sentence, table={}, shape=check_json, fields=fields)
    return EXIT_FOUND if any(found(known, fail_on) for known in looked) else 0


def _parsed(text: str) -> Fqdn:
    from watcher.core.names.protected import parse_any
    from watcher.data import load_suffixes

    return parse_any(text, load_suffixes())


async def _check(chosen: Any, names: Sequence[Fqdn], *, registration: bool, probe: bool) -> list[Known]:
    from watcher.bootstrap.command import build_enumeration, build_lookup
    from watcher.bootstrap.network import open_network
    from watcher.bootstrap.root_labels import build_root_labels
    from watcher.data import load_suffixes
    from watcher.services.names.own import Ours

    async with store_if_any(chosen) as store, open_network(chosen, registration=registration) as net:
        sees = await must_see(net)
        await build_root_labels(store).read()
        await (ours := Ours(store, load_suffixes())).read()
        await ours.read_likeness()
        known = build_enumeration(ours, chosen.techniques.words, chosen.share)
        lookup = build_lookup(net, store=store, ours=ours, names=known)
        looks = (lookup.looked_at(name, registration=registration, probe=probe) for name in names)
        looked = list(await asyncio.gather(*looks))
    if not sees and all(known.last_outcome != SETTLED for known in looked):
        raise NoResolver("no resolver could say anything about these names; see `watcher doctor`")
    return looked


def sentence(known: Known) -> str:
    """The verdict as its sentence."""
    if known.verdict is None:
        return f"{known.name} was not looked at yet"
    return VOCABULARY.sentence(known.name, known.verdict)


def report(known: Known) -> str:
    """All of it, for a person at a terminal."""
    lines = [f"{sentence(known)}.", ""]
    lines += _mail(known)
    lines += [f"  resembles {row.protected}: {row.explanation}" for row in known.resembles]
    lines += [f"  like ours: {phrase} (anybody can copy that)" for phrase in known.own_likeness]
    lines += _registration(known.registration, known.registrable_domain)
    if (probed := known.probed) is not None:
        said = f": {probed.reply}" if probed.reply else ""
        lines.append(f"  mail server {probed.host} ({probed.address}): {probed.outcome}{said}")
    if known.verdict is not None:
        lines += ["", "  evidence:"]
        for answer in known.verdict.evidence:
            asked = f"{answer.question.name} {answer.question.type}"
            by = f"({answer.resolver}, {(time_json(answer.at) or '')[:19]}Z)"
            lines.append(f"    {asked:44} {answer.outcome:9} {', '.join(answer.records) or '-'}  {by}")
    return "\n".join(visible(line) for line in lines) + "\n"


def fitted(text: str) -> str:
    """Break the lines of `text` at the width of the terminal, with a hanging indent; a pipe gets them whole."""
    if not sys.stdout.isatty():
        return text
    lines: list[str] = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        wrap = textwrap.TextWrapper(table_width(), subsequent_indent=indent, break_on_hyphens=False)
        lines += wrap.wrap(line) or [""]
    return "\n".join(lines)


def _mail(known: Known) -> list[str]:
    """The verdict, why it is as bad as that, and for each flag the records that show it."""
    verdict = known.verdict
    if verdict is None:
        return []
    lines = [f"  {verdict.ability} by {verdict.basis}; severity {known.severity}"]
    lines += [f"    because {why}" for why in known.severity_reasons]
    shown = {finding.tag: finding.evidence for finding in verdict.findings}
    for flag in verdict.flags:
        lines.append(f"  {flag}: {VOCABULARY.words_of(flag)}")
        for answer in shown.get(flag, ())[:_SHOWN]:
            records = ", ".join(answer.records[:_SHOWN]) or answer.outcome
            lines.append(f"    shown by {answer.question.name} {answer.question.type}: {records}")
    return lines


def _registration(facts: RegistrationFacts | None, domain: str | None) -> list[str]:
    if facts is None:
        return []
    holder = facts.registrant_organisation
    shown = {
        "registrar": facts.registrar,
        "created": time_json(facts.created_at),
        "expires": time_json(facts.expires_at),
        "held by": holder and f"{holder} ({facts.registrant_country or '?'})",
        "abuse contact": facts.abuse_email,
        "status": ", ".join(facts.statuses),
    }
    parent = parent_shown(facts, domain)
    whose = "" if parent is None else f"its parent {parent} is "
    lines = [f"  {whose}{facts.status} (by {facts.source})" + (f": {facts.reason}" if facts.reason else "")]
    return lines + [f"    {label} {value}" for label, value in shown.items() if value]
