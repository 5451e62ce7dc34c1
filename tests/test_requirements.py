"""The locked requirements: whole, and what the pins say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from site_tools import python_imports

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
LOCK = runpy.run_path(str(FOLDER / "lock.py"))
SETS = LOCK["SETS"]
ELSEWHERE = {"torch", "torchvision"}


def pinned(name: str) -> dict[str, str]:
    """Distribution → version of a set's hand-written file and those it includes."""
    found: dict[str, str] = {}
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if line.startswith("-r "):
            found |= pinned(line.removeprefix("-r ").removesuffix(".txt"))
        elif line and not line.startswith("#"):
            distribution, version = line.split("==")
            found[distribution.lower()] = version
    return found


def locked(name: str) -> dict[str, list[str]]:
    """Distribution → version and hashes, as locked."""
    text = (FOLDER / "locked" / f"{name}.txt").read_text()
    blocks = LOCK["BLOCK"].findall(text)
    assert text == LOCK["HEAD"].format(name=name) + "".join(blocks)
    found: dict[str, list[str]] = {}
    for block in blocks:
        match = re.match(r"([\w.-]+)==([\w.]+)(?: ; .*?)? \\\n", block)
        assert match and match[1] not in found, block
        found[match[1]] = [match[2], *re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block)]
    return found


@pytest.mark.parametrize("name", SETS)
def test_every_pin_is_locked_with_its_hashes(name: str) -> None:
    found = locked(name)
    assert all(len(version_and_hashes) > 1 for version_and_hashes in found.values())
    wanted = {key: value for key, value in pinned(name).items() if key not in ELSEWHERE}
    assert {key: found[key][0] for key in wanted} == wanted, "run python requirements/lock.py"


@pytest.mark.parametrize("name", SETS)
def test_all_that_is_asked_for_is_there(name: str) -> None:
    """Who asked for a release is locked, too, or is PyTorch: nothing else was left out."""
    text = (FOLDER / "locked" / f"{name}.txt").read_text()
    asking = set(re.findall(r"^ +#(?: via)? +((?!via$)[a-z\d][\w.-]*)$", text, re.MULTILINE))
    assert asking <= {*locked(name), *ELSEWHERE}


def test_one_version_in_all_sets() -> None:
    versions: dict[str, set[str]] = {}
    for name in SETS:
        for distribution, (version, *_) in locked(name).items():
            versions.setdefault(distribution, set()).add(version)
    assert {key for key, found in versions.items() if len(found) > 1} == set()
    # What each set brings is in one of the two that the build reads.
    assert versions.keys() <= {*locked("test"), *locked("bench")}


def test_every_file_belongs_to_a_set() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {*SETS, "torch"}
    assert {path.stem for path in (FOLDER / "locked").iterdir()} == {*SETS}


def test_no_machine_and_no_index_is_named() -> None:
    local = re.compile(r"https?://|index-url|find-links|[\w-]+/[\w-]+/")
    for path in FOLDER.rglob("*.txt"):
        assert not local.search(path.read_text())


def test_what_another_system_needs_is_not_missed_here() -> None:
    """click asks for colorama on Windows; PlatformIO, in the tests' set, everywhere."""
    names = python_imports._pins(ROOT, frozenset({"mkdocs"})).split()
    assert any(name.startswith("mkdocs==") for name in names)
    assert any(name.startswith("watchdog==") for name in names)
    assert not [name for name in names if name.startswith("colorama==")]
