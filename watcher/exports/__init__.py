"""Export formats: pure functions of a selection, one file each.

`ALL` is the one table that the command line, the API and the documentation are made from.
"""

from collections.abc import Mapping

from watcher.exports import (
    csv,
    edl,
    exim,
    google_workspace,
    jsonl,
    m365,
    misp,
    opensmtpd,
    plain,
    postfix_access,
    postfix_transport,
    rpz,
    rspamd,
    stix,
    unbound,
)
from watcher.exports.form import Format

ALL: tuple[Format, ...] = tuple(
    module.FORMAT
    for module in (
        plain,
        csv,
        jsonl,
        rpz,
        unbound,
        postfix_access,
        postfix_transport,
        exim,
        opensmtpd,
        rspamd,
        m365,
        google_workspace,
        stix,
        misp,
        edl,
    )
)
"""Every format, in the order in which they are listed."""

FORMATS: Mapping[str, Format] = {chosen.name: chosen for chosen in ALL}
"""The formats by name."""
