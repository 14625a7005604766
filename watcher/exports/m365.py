"""Microsoft 365 Tenant Allow/Block List, ranked, in pieces that the portal and PowerShell take."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, ExportOrder, Form, Format, Guide, Plan, chunks, is_host, protected_of

CAPACITY = {Plan.NONE: 500, Plan.P1: 1_000, Plan.P2: 10_000}
"""Block entries of a tenant without Defender for Office 365, with Plan 1, with Plan 2 (Microsoft, 2026-02)."""
AT_ONCE = 20
"""Entries that the portal takes in one go."""
WARNING = (
    "Users cannot send to a listed name (550 5.7.703). The entire message is blocked for all its recipients, even if "
    "only one of them is listed."
)


def render(entries: Iterable[BlockEntry], about: About) -> Iterator[str]:
    """Yield `*.name` entries, which cover the domain, its hosts and their addresses, the likeliest first."""
    if about.form is Form.CSV:
        yield "Entry,Notes\r\n"
        for entry in entries:
            yield f'"*.{entry.name}","{_note(entry)}"\r\n'
        return
    yield f"# watcher: Tenant Allow/Block List, {CAPACITY[about.plan]} entries at most (plan {about.plan.value}).\n"
    yield f"# {WARNING}\n# Connect-ExchangeOnline first. Entries that are there already are refused, without harm.\n"
    for chunk in chunks(entries, AT_ONCE):
        names = ",".join(f"'*.{entry.name}'" for entry in chunk)
        yield (
            f"New-TenantAllowBlockListItems -ListType Sender -Block -NoExpiration -Notes 'watcher' -Entries {names}\n"
        )


def _note(entry: BlockEntry) -> str:
    meant = protected_of(entry)
    return f"watcher: lookalike of {meant}" if is_host(meant) else "watcher"


FORMAT = Format(
    name="m365",
    title="Tenant Allow/Block List of Microsoft 365",
    media="text/plain",
    extension="ps1",
    limit="500 block entries, 1,000 with Defender Plan 1, 10,000 with Plan 2 (`plan`); active within 5 minutes",
    guides=(
        Guide(
            consumer="Microsoft 365",
            place="a PowerShell session with the module ExchangeOnlineManagement",
            load="watcher export m365 --plan p1 --output block.ps1, then Connect-ExchangeOnline; ./block.ps1",
            test="Get-TenantAllowBlockListItems -ListType Sender -Block | Where-Object Notes -eq watcher",
            undo="Get-TenantAllowBlockListItems -ListType Sender -Block | Where-Object Notes -eq watcher | "
            "ForEach-Object { Remove-TenantAllowBlockListItems -ListType Sender -Ids $_.Identity }",
        ),
    ),
    render=render,
    order=ExportOrder.RANK,
    capacity=lambda about: CAPACITY[about.plan],
    warning=WARNING,
)
