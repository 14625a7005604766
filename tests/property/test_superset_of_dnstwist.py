"""Everything dnstwist's default fuzzers make of twenty names that could exist is made here too, or said to be out."""

import unicodedata
from collections import Counter

import dnstwist
import pytest

from watcher.core.names.names import parse, to_unicode
from watcher.core.names.protected import parse_protected
from watcher.core.slips.candidates import enumerate_candidates
from watcher.core.slips.intended import Intended
from watcher.data import load_tables
from watcher.techniques import ALL

TABLES = load_tables()
NAMES = (
    "army.mil", "navy.mil", "us.army.mil", "mildenhall.af.mil", "usa.gov", "state.gov", "treasury.gov", "mod.gov.uk",
    "homeoffice.gov.uk", "gmail.com", "hotmail.com", "x-rays.com", "group4.com", "bundeswehr.de", "bund.de",
    "ministere.fr", "government.nl", "admin.ch", "who.int", "canada.ca",
)  # fmt: skip


def theirs(name: str) -> dict[str, str]:
    fuzzer = dnstwist.Fuzzer(name)
    fuzzer.generate()
    return {made["domain"]: made["fuzzer"] for made in fuzzer.permutations() if made["fuzzer"] != "*original"}


def explained(name: str, intended: Intended) -> bool:
    """Whether a technique makes it, which says the same as finding it among the candidates, sooner."""
    end = "." + intended.suffix
    text = to_unicode(name.removesuffix(end)) + end if name.endswith(end) else to_unicode(name)
    return any(technique.explains(intended, text, TABLES) is not None for technique in ALL)


def why_not(name: str) -> str | None:
    """Why a name of theirs cannot exist; None where it must be among ours."""
    suffix = TABLES.suffixes.public_suffix(name)
    top = suffix.rpartition(".")[2]
    label = to_unicode(name.removesuffix("." + suffix)).rpartition(".")[2]
    if label.isascii():
        return None
    if not TABLES.repertoires.get(top, "-"):
        return "impossible: the registry takes no IDNs"
    if len({script(character) for character in label if character.isalpha()}) > 1:
        return "impossible: registries refuse labels of mixed scripts"
    if not TABLES.takes(label, top):
        return "impossible: a letter that is not in the registry's table"
    return None


def script(character: str) -> str:
    return unicodedata.name(character).split()[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_could_exist_is_made_here_too(name: str) -> None:
    protected = parse_protected(name, TABLES.suffixes)
    intended = Intended(protected[0], TABLES)
    reasons: Counter[str] = Counter()
    missing = []
    for other, fuzzer in theirs(name).items():
        if explained(other, intended):
            reasons["made here too"] += 1
            continue
        reason = why_not(other)
        if reason is None:
            missing.append((fuzzer, to_unicode(other)))
        else:
            reasons[reason] += 1
    print(name, dict(reasons))
    assert missing == []


def test_what_is_explained_is_enumerated_to_the_end() -> None:
    """The last of theirs, two marked letters, comes too for who asks for so many."""
    theirs_of = {other for other in theirs("who.ch") if explained(other, Intended(parse("who.ch"), TABLES))}
    late = {other for other in theirs_of if "xn--" in other and why_not(other) is None}
    only = [technique for technique in ALL if "homoglyph" in technique.NAME]
    made = {
        candidate.name
        for candidate in enumerate_candidates(parse_protected("who.ch", TABLES.suffixes), TABLES, only, limit=400_000)
    }
    assert late
    assert late <= made
