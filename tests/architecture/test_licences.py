"""What we depend on is free of strings: the licence of each locked package is known, permitted, and what it says."""

import re
import tomllib
from importlib import metadata

import pytest

from tools.locks import FOLDER, Locked, canonical, licences, read_lock

PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "Zlib",
}  # fmt: skip
FILE_BY_FILE = {"MPL-2.0"}
"""Copyleft for the package's own files, which we ship unchanged and apart."""
LGPL = set(tomllib.loads((FOLDER / "licences.toml").read_text())["lgpl"])
LOCKS = ("runtime", "build", "dev")
WORDS = {
    "Apache-2.0": r"Apache",
    "BSD-2-Clause": r"BSD",
    "BSD-3-Clause": r"BSD",
    "ISC": r"ISC|BSD",
    "MIT": r"MIT",
    "MPL-2.0": r"MPL",
    "PSF-2.0": r"PSF|Python Software",
}
"""The words by which older packages name their licence."""


def packages(lock: str) -> list[Locked]:
    return list(read_lock(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_permitted_licence(lock: str) -> None:
    known = licences()
    for package in packages(lock):
        terms = set(re.split(r" (?:AND|OR) ", known[package.name]))
        permitted = PERMISSIVE | FILE_BY_FILE | ({"LGPL-3.0-only"} if package.name in LGPL else set())
        assert terms <= permitted, f"{package.name}: {known[package.name]}"


def test_the_list_names_what_is_locked_and_nothing_else() -> None:
    assert set(licences()) == {package.name for lock in LOCKS for package in packages(lock)}
    assert set(licences()) >= LGPL


def test_the_installed_packages_say_the_same() -> None:
    """A package that changes its licence with a new version is noticed when the lock is made again."""
    for name, licence in licences().items():
        try:
            said = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        if expression := said.get("License-Expression"):
            assert licence == expression, name
            continue
        words = " ".join([said.get("License") or "", *(said.get_all("Classifier") or [])])
        for term in re.split(r" (?:AND|OR) ", licence):
            assert re.search(WORDS[term], words), f"{name}: {licence}"


def test_names_are_compared_in_their_normal_form() -> None:
    assert canonical("Typing_Extensions.x") == "typing-extensions-x"
