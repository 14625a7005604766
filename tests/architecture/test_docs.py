"""What people can type is written down, and what is written down leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from watcher.cli.main import cli

HERE = Path(__file__).parents[2]
COMMANDS = HERE / "docs" / "reference" / "cli.md"


def commands(group: click.Group = cli, path: str = "watcher") -> Iterator[tuple[str, click.Command]]:
    """Every command with what is typed for it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def test_every_command_and_option_is_documented() -> None:
    text = COMMANDS.read_text()
    missing = []
    for path, command in commands():
        if not re.search(rf"{re.escape(path)}\b", text):
            missing.append(path)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                longest = max(parameter.opts, key=len)
                if longest != "--help" and longest not in text:
                    missing.append(f"{path} {longest}")
    assert missing == []


def test_every_command_says_what_it_does_in_one_line() -> None:
    for path, command in commands():
        assert command.get_short_help_str(limit=200).strip(), path


def pages() -> list[Path]:
    return sorted([*(HERE / "docs").rglob("*.md"), *HERE.glob("*.md"), HERE / "tests" / "README.md"])


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(HERE)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    broken = [
        target
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_index_leads_to_every_page_and_to_nothing_else() -> None:
    """No page is an orphan. Decisions are listed by their folder."""
    index = (HERE / "docs" / "README.md").read_text()
    linked = {target for target in re.findall(r"\]\(([^)#\s]+)", index) if "://" not in target}
    here = {
        str(page.relative_to(HERE / "docs"))
        for page in (HERE / "docs").rglob("*.md")
        if "decisions" not in page.parts and page != HERE / "docs" / "README.md"
    }
    assert here - linked == set(), "orphans"
    assert {target for target in linked if target.endswith(".md")} - here == set()


def test_the_glossary_has_every_term_of_the_flow() -> None:
    text = (HERE / "docs" / "reference" / "glossary.md").read_text()
    terms = {term.strip() for row in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for term in row.split(",")}
    flow = {"inquiry", "observation", "finding", "verdict", "event", "alert", "delivery"}
    ways = {"channel", "export", "feed", "listener", "engine"}
    assert flow | ways | {"candidate", "lookalike", "protected name", "registrable domain", "grade"} <= terms


WORDS_WE_DO_NOT_USE = re.compile(r"\b(root domain|fuzzer|notifier|sink)\b", re.IGNORECASE)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(HERE)))
def test_pages_use_the_terms_of_the_glossary(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    assert WORDS_WE_DO_NOT_USE.findall(prose) == []
