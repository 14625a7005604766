"""The bundled list of popular domains, read once."""

from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "blocking" / "popular_names.txt"


@cache
def load_popular_names() -> frozenset[str]:
    """Return the registrable domains that no block list may hold by rule."""
    return frozenset(
        line for line in _FILE.read_text(encoding="ascii").splitlines() if line and not line.startswith("#")
    )
