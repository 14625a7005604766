"""What a test of a technique needs: everything it makes of a name, and its words for one candidate."""

from collections.abc import Callable

import pytest

from watcher.core.names.names import parse
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Technique
from watcher.data import load_tables

Makes = Callable[[Technique, str], dict[str, float]]
Explains = Callable[[Technique, str, str], str | None]


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load_tables()


@pytest.fixture(scope="session")
def makes(tables: Tables) -> Makes:
    def made(technique: Technique, name: str) -> dict[str, float]:
        weights: dict[str, float] = {}
        for text, weight in technique.generate(Intended(parse(name), tables), tables):
            weights[text] = weights.get(text, 0.0) + weight
        return weights

    return made


@pytest.fixture(scope="session")
def explains(tables: Tables) -> Explains:
    def explained(technique: Technique, name: str, candidate: str) -> str | None:
        return technique.explains(Intended(parse(name), tables), candidate, tables)

    return explained
