"""Questions a day that fresh zones save, by the plan's tiers: candidates right below a suffix whose zone is there.

.venv/bin/python -m tests.perf.bench_questions_saved
"""

from collections import Counter

from watcher.bootstrap.command import build_enumeration
from watcher.core.names.protected import parse_protected
from watcher.store.protected_names import ProtectedRow

NAMES = ("army.mil", "treasury.gov", "bundeswehr.de", "nhs.uk", "weather.com", "example.org")
TIERS = ((200, 24), (2000, 4), (20_000, 1))
"""Rank up to, passes a day."""
ZONES = {
    "com": {"com"},
    "com, net, org": {"com", "net", "org"},
    "ch, li, se, nu, ee": {"ch", "li", "se", "nu", "ee"},
}


def main() -> None:
    names = build_enumeration()
    for label, zones in ZONES.items():
        saved: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        for text in NAMES:
            name, kind = parse_protected(text, names.tables.suffixes)
            for candidate in names.candidates(ProtectedRow(name, kind, None, (), None), 1, TIERS[-1][0]):  # type: ignore[arg-type]
                passes = next(each for last, each in TIERS if candidate.rank <= last)
                asked[text] += passes
                if candidate.name.partition(".")[2] in zones:
                    saved[text] += passes
        mean, whole = sum(saved.values()) / len(NAMES), sum(asked.values()) / len(NAMES)
        print(f"{label}: {mean:.0f} of {whole:.0f} questions a day and name ({mean / whole:.0%}); {dict(saved)}")


if __name__ == "__main__":
    main()
