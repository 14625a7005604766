"""How many real misspellings the candidates hold at several budgets, beside dnstwist's."""

import hashlib
import re
from pathlib import Path

import pytest

from tools import recall

BUDGETS = (100, 1_000, 10_000)
EVERY = 500
"""One word of so many is taken."""


def single(intended: str, typed: str) -> bool:
    """Whether one character lost, added or replaced, or two neighbours turned round, make the difference."""
    grown = len(typed) - len(intended)
    if grown == 1:
        return any(typed[:at] + typed[at + 1 :] == intended for at in range(len(typed)))
    if grown == -1:
        return single(typed, intended)
    if grown:
        return False
    wrong = [at for at in range(len(typed)) if typed[at] != intended[at]]
    turned = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and typed[wrong[0]] == intended[wrong[1]]
    return len(wrong) == 1 or (turned and typed[wrong[1]] == intended[wrong[0]])


@pytest.mark.corpus
def test_recall_at_every_budget_is_above_dnstwists(corpus: Path) -> None:
    lines, singles = [], []
    for line in (corpus / "typos" / "codespell-dictionary.txt").read_text(encoding="utf-8").splitlines():
        typed, _, intended = line.partition("->")
        if not re.fullmatch("[a-z]{5,12}", intended) or not re.fullmatch("[a-z]{3,15}", typed):
            continue
        if int(hashlib.sha256(intended.encode()).hexdigest(), 16) % EVERY == 0:
            lines.append(f"{intended}.com {typed}.com")
            if single(intended, typed):
                singles.append(lines[-1])
    slips, refused = recall.read(lines)
    assert len(slips) > 20
    assert len(refused) < len(lines) // 50
    ours, theirs = recall.measure(slips, recall.ours, BUDGETS), recall.measure(slips, recall.theirs, BUDGETS)
    print(f"\n{len(lines)} misspellings of {len(slips)} words:")
    for budget, mine, other in zip(BUDGETS, ours, theirs, strict=True):
        print(f"{budget:>7,}  watcher {mine[0]:.1%}  dnstwist {other[0]:.1%}")
        assert mine[0] > other[0]
    ((_, _), (of_singles, _)) = recall.measure(recall.read(singles)[0], recall.ours, (100, 1_000))
    print(f"{len(singles)} single slips at 1,000: {of_singles:.1%}")
    assert of_singles >= 0.95
