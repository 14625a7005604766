"""The container's files, as far as they can be checked without an engine."""

import re
import shlex
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile as (instruction, rest) in order; continuation lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


def mapping(text: str) -> dict[str, object]:
    """The YAML of compose.yaml: mappings, lists of scalars or of mappings, no flow style, two spaces a level."""
    rows = [
        (len(line) - len(line.lstrip()), line.strip())
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    assert "\t" not in text
    assert all(indent % 2 == 0 for indent, _ in rows)
    value, rest = _block(rows, 0)
    assert not rest
    assert isinstance(value, dict)
    return value


def _block(rows: list[tuple[int, str]], indent: int) -> tuple[object, list[tuple[int, str]]]:
    if rows and rows[0][1].startswith("- "):
        items: list[object] = []
        while rows and rows[0][0] == indent and rows[0][1].startswith("- "):
            item = rows[0][1][2:]
            rows = rows[1:]
            if re.match(r"[a-z_]+: ", item):
                inner, rows = _block([(indent + 2, item), *rows], indent + 2)
                items.append(inner)
            else:
                items.append(item.strip('"'))
        return items, rows
    found: dict[str, object] = {}
    while rows and rows[0][0] == indent:
        key, colon, value = rows[0][1].partition(":")
        assert colon, rows[0]
        assert key not in found, f"{key} twice"
        rows = rows[1:]
        if value.strip():
            found[key] = value.strip().strip('"')
        elif rows and rows[0][0] > indent:
            found[key], rows = _block(rows, rows[0][0])
        else:
            found[key] = None
    assert not rows or rows[0][0] < indent, rows[0]
    return found, rows


DOCKERFILE = instructions((HERE / "Dockerfile").read_text())


def of(name: str) -> list[str]:
    return [rest for instruction, rest in DOCKERFILE if instruction == name]


def copied() -> list[str]:
    """What COPY takes from the checkout."""
    sources = []
    for rest in of("COPY"):
        if "--from=" not in rest:
            sources += [word for word in shlex.split(rest) if not word.startswith("--")][:-1]
    return sources


def test_the_image_is_built_in_two_stages_and_runs_as_nobody_in_particular() -> None:
    assert len(of("FROM")) == 2
    last_stage = DOCKERFILE[[name for name, _ in DOCKERFILE].index("FROM", 1) :]
    users = [rest for name, rest in last_stage if name == "USER"]
    assert users
    assert users[-1].split(":")[0] not in {"root", "0"}
    after = [name for name, _ in last_stage[[name for name, _ in last_stage].index("USER") :]]
    assert "RUN" not in after
    assert "COPY" not in after


def test_nothing_is_fetched_but_what_the_locks_pin() -> None:
    assert not of("ADD")
    for rest in of("RUN"):
        assert "://" not in rest
        for command in rest.split("&&"):
            if " install " in command and "pip" in command:
                assert "--require-hashes" in command or "--no-index" in command, command
            assert not re.search(r"\b(curl|wget|apt-get)\b", command)


def test_health_data_and_port_are_declared() -> None:
    assert '["watcher", "healthcheck"]' in of("HEALTHCHECK")[0]
    assert of("VOLUME") == ["/data"]
    assert of("EXPOSE") == ["8080"]
    assert "WATCHER_DATABASE_URL=sqlite:////data/watcher.db" in of("ENV")[-1]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    allowed = [line[1:].rstrip("/") for line in (HERE / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    assert copied()
    for source in copied():
        assert (HERE / source).exists(), source
        assert any(fnmatch(source, rule) or source.startswith(f"{rule}/") for rule in allowed), source


def test_everything_the_wheel_is_made_from_is_copied() -> None:
    project = tomllib.loads((HERE / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"]}
    needed |= set(project["project"]["license-files"])
    assert needed <= set(copied())


def test_compose_runs_one_service_with_its_data_on_a_volume() -> None:
    compose = mapping((HERE / "compose.yaml").read_text())
    services = compose["services"]
    assert isinstance(services, dict)
    assert [name for name, service in services.items() if "profiles" not in service] == ["watcher"]
    service = services["watcher"]
    assert service["volumes"] == ["watcher-data:/data"]
    assert compose["volumes"] == {"watcher-data": None, "postgres-data": None}
    assert service["ports"] == ["127.0.0.1:8080:8080"], "reachable from this machine only, until somebody decides"
    assert service["read_only"] == "true"
    assert service["env_file"] == [{"path": "watcher.env", "required": "false"}]


def test_compose_runs_three_workers_beside_postgresql_where_asked() -> None:
    compose = mapping((HERE / "compose.yaml").read_text())
    services = compose["services"]
    assert isinstance(services, dict)
    many = {name: service for name, service in services.items() if service.get("profiles") == ["many"]}
    assert list(many) == ["postgres", "migrate", "serve", "worker"]
    assert many["worker"]["scale"] == "3"
    addresses = {many[name]["environment"]["WATCHER_DATABASE_URL"] for name in ("migrate", "serve", "worker")}
    assert len(addresses) == 1, "all of them work on one database"
    for name in ("serve", "worker"):
        assert many[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert many[name]["read_only"] == "true"
        assert many[name]["cap_drop"] == ["ALL"]


def test_the_container_makes_its_first_token_once_and_hands_everything_else_on(tmp_path: Path) -> None:
    (tmp_path / "watcher").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "watcher").chmod(0o755)
    token = tmp_path / "token"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "WATCHER_FIRST_TOKEN": str(token)}

    def start(*words: str) -> str:
        command = ["sh", str(HERE / "tools" / "container_start"), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=20).stdout

    assert start("check", "army.ml") == "check army.ml\n"
    assert not token.exists()
    assert start("serve") == "serve\n"
    assert token.read_text() == "token create first --scope read,lookup,write\n"
    assert token.stat().st_mode & 0o777 == 0o600
    token.write_text("kept")
    assert start("serve") == "serve\n"
    assert token.read_text() == "kept"


@pytest.mark.parametrize("text", ["a:\n   b: c\n", "a: b\na: c\n", "a\n"])
def test_the_reader_of_compose_refuses_what_it_does_not_know(text: str) -> None:
    with pytest.raises(AssertionError):
        mapping(text)
