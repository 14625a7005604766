"""`watcher check`: one name now, with the reason, the evidence, the registration and what it resembles."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import click

from watcher.cli.fail_on import fail_on_option, found
from watcher.cli.main import EXIT_FOUND, GlobalOptions
from watcher.cli.output import Format, emit, format_option, visible
from watcher.cli.seeing import NoResolver, must_see, resolver_option, store_if_any
from watcher.core.mail_state import SETTLED
from watcher.core.names import Fqdn

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
    "mail.evidence",
    "mail.settled_at",
    "attempted_at",
    "last_outcome",
    "unconfirmed",
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
@click.option("--probe", is_flag=True, help="Ask the mail server of an able name too; no message is sent.")
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
    output_format: Format,
) -> int:
    """Look at NAME now: whether it can receive mail and why, who holds it, and what it resembles."""
    from watcher import bootstrap

    parsed = [_parsed(name) for name in names]
    chosen = bootstrap.settings(options, resolvers)
    shapes = asyncio.run(_check(chosen, parsed, registration=not no_registration, probe=probe))
    if output_format is Format.TABLE:
        for shape in shapes:
            click.echo(report(shape))
    else:
        emit(shapes, output_format, plain=sentence, table={}, fields=(*KNOWN_FIELDS, "history", "own_likeness"))
    return EXIT_FOUND if any(found(shape, fail_on) for shape in shapes) else 0


def _parsed(text: str) -> Fqdn:
    from watcher.core.protected import parse_any
    from watcher.data import load_suffixes

    return parse_any(text, load_suffixes())


async def _check(chosen: Any, names: Sequence[Fqdn], *, registration: bool, probe: bool) -> list[dict[str, Any]]:
    from watcher import bootstrap
    from watcher.services.ours import Ours

    async with store_if_any(chosen) as store, bootstrap.network(chosen, registration=registration) as net:
        sees = await must_see(net)
        await (ours := Ours(store, bootstrap.suffixes())).read()
        await ours.read_likeness()
        known = bootstrap.enumeration(ours, chosen.techniques.words)
        lookup = bootstrap.lookup(net, store=store, ours=ours, names=known)
        looks = (lookup.looked_at(name, registration=registration, probe=probe) for name in names)
        shapes = list(await asyncio.gather(*looks))
    if not sees and all(shape["last_outcome"] != SETTLED for shape in shapes):
        raise NoResolver("no resolver could say anything about these names; see `watcher doctor`")
    return shapes


def sentence(shape: Mapping[str, Any]) -> str:
    """The verdict as its sentence."""
    from watcher.core.sentences import reason
    from watcher.core.shapes import verdict_from_json

    if shape["mail"] is None:
        return f"{shape['name']} was not looked at yet"

    return reason(shape["name"], verdict_from_json(shape["mail"]))


def report(shape: Mapping[str, Any]) -> str:
    """All of it, for a person at a terminal."""
    mail = shape["mail"]
    lines = [f"{sentence(shape)}.", ""]
    lines.append(f"  {mail['ability']} by {mail['basis']}; severity {shape['severity']}")
    lines += [f"    because {why}" for why in shape["severity_reasons"]]
    if mail["flags"]:
        lines.append(f"  flags: {', '.join(mail['flags'])}")
    for one in shape["resembles"]:
        lines.append(f"  resembles {one['protected']}: {one['explanation']}")
    lines += [f"  like ours: {one} (anybody can copy that)" for one in shape.get("own_likeness", ())]
    lines += _registration(shape["registration"])
    if (probed := shape.get("probe")) is not None:
        said = f": {probed['reply']}" if probed["reply"] else ""
        lines.append(f"  mail server {probed['host']} ({probed['address']}): {probed['outcome']}{said}")
    lines += ["", "  evidence:"]
    for row in mail["evidence"]:
        records = ", ".join(row["records"]) or "-"
        asked = f"{row['question']} {row['type']}"
        lines.append(f"    {asked:44} {row['outcome']:9} {records}  ({row['resolver']}, {row['at'][:19]}Z)")
    return "\n".join(visible(line) for line in lines) + "\n"


def _registration(facts: Mapping[str, Any] | None) -> list[str]:
    if facts is None:
        return []
    lines = [f"  {facts['status']} (by {facts['source']})" + (f": {facts['reason']}" if facts["reason"] else "")]
    holder = facts["registrant"]["organisation"]
    shown = {
        "registrar": facts["registrar"],
        "created": facts["created_at"],
        "expires": facts["expires_at"],
        "held by": holder and f"{holder} ({facts['registrant']['country'] or '?'})",
        "abuse contact": facts["abuse_email"],
        "status": ", ".join(facts["statuses"]),
    }
    return lines + [f"    {label} {value}" for label, value in shown.items() if value]
