"""Durations for people to read."""

_STEPS = ((90, 1, "s"), (90 * 60, 60, "min"), (36 * 3600, 3600, "h"))


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2.5 h`, `4 days`: one figure, rounded to what matters."""
    for limit, size, unit in _STEPS:
        if seconds < limit:
            return f"{seconds / size:.2g} {unit}" if unit == "h" else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.2g} days"
