"""The suffix as part of the label: `army.mil` becomes `armymil.com`, `army-mil.com`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "suffix_fused"
# `core.likelihood`, FINDINGS: suffix only 6.5-7.4 %; exchanged siblings 5 of 23 documented cases.
MASS, IMPERSONATION = 0.01, 0.6
CHANGES, LABELS, AMOUNT = Changes.NAME, Labels.OTHER, Amount.FEW
_COUNTRY = 3.0


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Glue the suffix to the label or set it off by a hyphen, under a suffix people write out of habit."""
    suffixes = _suffixes(name, tables)
    for start, share in _fused(name).items():
        for suffix, weight in suffixes.items():
            yield f"{start}.{suffix}", weight * share


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the suffix and the label it was made part of."""
    for start in _fused(name):
        if candidate.startswith(start + ".") and candidate[len(start) + 1 :] in _suffixes(name, tables):
            return f"the suffix `{name.suffix}` made part of the label `{start.rpartition('.')[2]}`"
    return None


def _suffixes(name: Intended, tables: Tables) -> dict[str, float]:
    suffixes = dict(tables.popular_suffixes)
    if name.country is not None:
        suffixes[name.country] = max(suffixes.get(name.country, 0.0), _COUNTRY)
    return suffixes


def _fused(name: Intended) -> dict[str, float]:
    """Return the texts before the new suffix, with how readily each is written."""
    glued, joined = name.suffix.replace(".", ""), name.suffix.replace(".", "-")
    made: dict[str, float] = {}
    if name.left:
        made[name.left + glued] = 1.0
        made[f"{name.left}-{joined}"] = 1.0
        if "." in name.left:
            made[name.left.replace(".", "") + glued] = 0.5
            made[f"{name.left.replace('.', '-')}-{joined}"] = 0.5
    first, dot, _ = name.suffix.partition(".")
    if name.left and dot:  # `wetterco.com` for `wetter.co.jp`
        made[name.left + first] = 1.0
        made[f"{name.left}-{first}"] = 0.5
    if glued != name.suffix:  # the suffix alone: govuk.com, mod.govuk.com
        head = name.left + "." if name.left else ""
        made[head + glued] = 0.5
        made[head + joined] = 0.5
    return made
