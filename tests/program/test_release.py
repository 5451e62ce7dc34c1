"""A release: all of it in a folder, its sums, one version, the same bytes at another time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegen import version
from nn2flash.wheel import release as releasing
from nn2flash.wheel.contents import project
from support.errors import UserError
from tests.graph.project import copy_tree, files_below
from tests.program.conftest import REPOSITORY, Installed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of this tree."""
    folder = tmp_path_factory.mktemp("release")
    releasing.release(folder)
    return folder


def test_everything_is_in_it(made: Path, installed: Installed) -> None:
    stem = f"nn2flash-{version.TEXT}"
    wheel = f"{stem}-py3-none-any.whl"
    names = {wheel, f"{stem}.tar.gz", f"{stem}.cdx.json", "LICENSE", "CHANGELOG.md", "SHA256SUMS"}
    assert {path.name for path in made.iterdir()} == names
    assert (made / wheel).read_bytes() == installed.wheel.read_bytes()
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made, check=True)
    assert len((made / "SHA256SUMS").read_text().splitlines()) == len(names) - 1


def made_elsewhere(root: Path, seconds: int, **environment: str) -> dict[str, bytes]:
    """A release of a copy of what git knows, or would, with files of that time."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
        os.utime(root / name, (seconds, seconds))
    done = subprocess.run(
        [sys.executable, "-m", "nn2flash.wheel.release", "--out", str(root / "build" / "out")],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return files_below(root / "build" / "out")


def test_another_time_and_place_give_the_same_bytes(tmp_path: Path) -> None:
    one = made_elsewhere(tmp_path / "one", 1_000_000_000, SOURCE_DATE_EPOCH="86400")
    where = tmp_path / "another's place"
    other = made_elsewhere(where, 1_700_000_000, SOURCE_DATE_EPOCH="1700000000", TZ="Asia/Tokyo")
    assert one.keys() == other.keys() and len(one) == 6
    assert [name for name in one if one[name] != other[name]] == []


def test_scons_release(tmp_path: Path) -> None:
    clone = copy_tree(tmp_path / "project")
    run = clone.build("release")
    assert "release: " in run.output
    assert (clone.path("build/release") / "SHA256SUMS").is_file()


def test_a_version_that_the_changelog_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {**project(), "version": "99.0.0"}
    monkeypatch.setattr("nn2flash.wheel.release.project", lambda: facts)
    with pytest.raises(UserError, match=r"no heading for version 99\.0\.0"):
        releasing.release(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "prefix"),
    [
        ("nn_runtime.h", "NN_RUNTIME_VERSION"),
        ("ai_platform_interface.h", "AI_PLATFORM_RUNTIME"),
        ("stai.h", "STAI_TOOLS_VERSION"),
    ],
)
def test_there_is_one_version(file: str, prefix: str) -> None:
    """codegen/version.py has it; C that is copied as it is says the same."""
    text = (REPOSITORY / "firmware" / "runtime" / file).read_text(encoding="utf-8")
    found = [
        int(re.findall(rf"#define {prefix}_{name} (\d+)", text)[0])
        for name in ("MAJOR", "MINOR", "MICRO")
    ]
    assert tuple(found) == version.VERSION
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"^## (\S+?),? ", changes, re.MULTILINE)
    assert first and first[1] == version.TEXT
