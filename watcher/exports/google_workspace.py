"""Address list for a routing rule of Google Workspace."""

from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, ExportOrder, Format, Guide, chunks

AT_ONCE = 100
"""Names of one line, which is one paste into `Bulk add addresses`."""


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield lines of names with commas between them, the likeliest first; a domain covers its hosts there."""
    for chunk in chunks(entries, AT_ONCE):
        yield ", ".join(entry.name for entry in chunk) + "\n"


FORMAT = Format(
    name="google_workspace",
    title="Address list for Google Workspace",
    media="text/plain",
    extension="txt",
    limit="Google publishes no number; changes take up to 24 hours to be in force",
    guides=(
        Guide(
            consumer="Google Workspace",
            place="Admin console: Apps, Google Workspace, Gmail, Routing, Manage address lists",
            load="add a list `watcher`; paste each line into `Bulk add addresses`; add a Content compliance or Routing "
            "rule for outbound mail that applies to this list, with the action Reject and a text of yours",
            test="send a message to bob@us.army.ml: it must come back with your text",
            undo="switch the rule off, or remove the list from it",
        ),
    ),
    render=render,
    order=ExportOrder.RANK,
)
