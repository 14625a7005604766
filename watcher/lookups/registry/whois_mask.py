"""Names and addresses in a reply replaced by neutral words, so that nothing a registrant chose is read as a phrase.

`No match for "my-throttled.example"` is a "not found", whatever the name says.
"""

import re

from watcher.core.names.names import to_unicode

NAME = "the-name.the-suffix"
ADDRESS = "the-address"

_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3})(?:/\d{1,3})?(?![\w:])"
)
_HOST = re.compile(r"(?<![\w.@-])(?:[\w-]{1,63}\.){1,10}([A-Za-z][\w-]{1,62})(?![\w-])")
_LEAST_LABEL = 3


def masked(text: str, domain: str) -> str:
    """`text` with `domain` (A-labels; "" when it is not known), names like it and addresses replaced.

    Replaced are the domain in both its forms, its first label where it stands alone in quotes or is no plain word, any
    other host name under the same top-level label, and IP addresses.
    """
    found = text
    top = domain.rpartition(".")[2].lower()
    for name in {domain, to_unicode(domain)} if domain else ():
        found = re.sub(rf"(?<![\w-]){re.escape(name)}\.?(?![\w-]*[a-z0-9])", f" {NAME} ", found, flags=re.IGNORECASE)
        found = re.sub(rf"(?<![\w-]){re.escape(name)}(?=NOT FOUND)", f" {NAME} ", found, flags=re.IGNORECASE)
        label = name.partition(".")[0]
        if "." in name and len(label) >= _LEAST_LABEL:
            alone = rf"(?<![\w-]){re.escape(label)}(?![\w-])"
            edge = (
                alone
                if "-" in label or any(c.isdigit() for c in label)
                else rf"(?<=[\"'<\[(]){re.escape(label)}(?=[\"'>\])])"
            )
            found = re.sub(edge, f" {NAME} ", found, flags=re.IGNORECASE)
    found = _HOST.sub(lambda match: f" {NAME} " if match[1].lower() == top else match[0], found)
    return _ADDRESS.sub(f" {ADDRESS} ", found)
