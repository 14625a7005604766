"""The weights by place are what the fit of the real misspellings says."""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]


@pytest.mark.corpus
def test_the_weights_in_use_are_the_fits_own_output(corpus: Path) -> None:
    """When this fails: python tools/fit_likelihood.py --write FOLDER."""
    spec = importlib.util.spec_from_file_location("fit_likelihood", HERE / "tools" / "fit_likelihood.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    _, fitted = tool.fit(corpus)
    assert tool.written(fitted) == tool.TARGET.read_text(encoding="utf-8")
