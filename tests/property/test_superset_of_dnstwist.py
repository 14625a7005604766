"""Everything dnstwist's default fuzzers make of twenty names that could exist is made here too, or said to be out."""

from collections import Counter

import dnstwist
import pytest

from watcher.core.intended import Intended
from watcher.core.names import parse, to_unicode
from watcher.core.protected import parse_protected
from watcher.core.resemblance_index import Index
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
    """Why a name of theirs need not be among ours; None where it must."""
    suffix = TABLES.suffixes.public_suffix(name)
    if "xn--" in name.removesuffix(suffix):
        if suffix.rpartition(".")[2] in TABLES.no_idn:
            return "impossible: the registry takes no IDN"
        scripts = {
            script(character) for character in to_unicode(name.removesuffix("." + suffix)) if character.isalpha()
        }
        if len(scripts) > 1:
            return "impossible: registries refuse labels of mixed scripts"
        if scripts != {"LATIN"}:
            return "no twin: a letter that confusables.txt does not list for the one it stands for"
        return "twofold: one exchange upon another, one at least to a marked letter; found in reverse, not enumerated"
    return None


def script(character: str) -> str:
    import unicodedata

    return unicodedata.name(character).split()[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_could_exist_is_made_here_too(name: str) -> None:
    protected = parse_protected(name, TABLES.suffixes)
    index = Index(TABLES, ALL)
    index.add(*protected)
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
            if reason.startswith("twofold"):
                assert index.resembling(parse(other)), to_unicode(other)
    print(name, dict(reasons))
    assert missing == []
