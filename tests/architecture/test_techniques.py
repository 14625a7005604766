"""A technique has one name everywhere: file, registry, weight, docs heading, test."""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

from watcher import techniques
from watcher.core.slips.technique import Amount, Changes, Labels

HERE = Path(__file__).parents[2]
PAGE = HERE / "docs" / "reference" / "techniques.md"


def stems(folder: str, prefix: str = "") -> set[str]:
    return {path.stem.removeprefix(prefix) for path in (HERE / folder).glob(f"{prefix}*.py")} - {"__init__", "conftest"}


def test_every_file_is_registered_under_its_own_name() -> None:
    names = [technique.NAME for technique in techniques.ALL]
    assert len(names) == len(set(names))
    assert set(names) == stems("watcher/techniques")
    for technique in techniques.ALL:
        assert isinstance(technique, ModuleType)
        assert technique.__name__.rpartition(".")[2] == technique.NAME


def test_every_technique_says_what_is_true_of_it() -> None:
    for technique in techniques.ALL:
        assert 0 < technique.MASS < 1, technique.NAME
        assert 0 <= technique.IMPERSONATION <= 1, technique.NAME
        assert technique.CHANGES in Changes, technique.NAME
        assert technique.LABELS in Labels, technique.NAME
        assert technique.AMOUNT in Amount, technique.NAME
        assert callable(getattr(technique, "weigh", print)), technique.NAME


def test_nothing_in_core_names_a_technique() -> None:
    names = "|".join(technique.NAME for technique in techniques.ALL)
    named = re.compile(rf"[\"']({names})[\"']")
    fitted = {"fitted.py", "likelihood.py"}  # weights by the place of a slip, which several techniques share
    for file in (HERE / "watcher" / "core").rglob("*.py"):
        if file.name not in fitted:
            assert not named.findall(file.read_text(encoding="utf-8")), file


def test_every_technique_has_its_test() -> None:
    assert stems("tests/unit/techniques", "test_") == {technique.NAME for technique in techniques.ALL}


def test_every_docstring_is_a_sentence_with_an_example() -> None:
    for technique in techniques.ALL:
        document = inspect.getdoc(technique) or ""
        assert re.fullmatch(r"[A-Z][^`]+: (.*`[^`]+`.*)+\.", document.partition("\n")[0]), technique.NAME


def test_the_page_is_current() -> None:
    """When this fails: python tools/generate_reference.py techniques."""
    spec = importlib.util.spec_from_file_location("generate_reference", HERE / "tools" / "generate_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert PAGE.read_text(encoding="utf-8") == module.techniques()
    headings = re.findall(r"^## (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [technique.NAME for technique in techniques.ALL]
