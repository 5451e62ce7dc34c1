"""The recipes of docs/ci.md are YAML whose very lines validate a network; the tutorial's last step.

What `bootstrap` installs is tried by tests/graph/test_bootstrap.py; here it runs its line only.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.codegen import graphs
from tests.docs.pages import ROOT, between
from tests.graph.project import copy_tree
from tests.graph.shared_builds import shared_builds

PAGE = ROOT / "docs" / "ci.md"
ONLY_RUNS = '#!/bin/sh\ncd "$(dirname "$0")" && exec "$@"\n'


@dataclass(frozen=True)
class Recipe:
    """What a CI server would do.

    Attributes:
        lines: of its shell, in order.
        junit: the file that it shows.
    """

    lines: list[str]
    junit: str


def recipe(kind: str) -> Recipe:
    read: dict[Any, Any] = yaml.safe_load(between(PAGE, f"recipe: {kind}"))
    if kind == "github":
        steps = read["jobs"]["validate"]["steps"]
        uploads = [step for step in steps if "upload" in step.get("uses", "")]
        assert steps[0]["uses"].startswith("actions/checkout") and uploads[0]["if"] == "always()"
        return Recipe([step["run"] for step in steps if "run" in step], uploads[0]["with"]["path"])
    job = read["validate"]
    assert job["artifacts"]["when"] == "always"
    return Recipe(job["script"], job["artifacts"]["reports"]["junit"])


def ready(clone: Path) -> None:
    """As bootstrap would leave it, without fetching anything; shares what other copies built."""
    (clone / "bootstrap").write_text(ONLY_RUNS)
    if not (clone / ".venv").exists():
        (clone / ".venv").symlink_to((ROOT / ".venv").resolve())
    own = [f"{key} = {value!r}\n" for key, value in shared_builds().items()]
    (clone / "custom.py").write_text("".join(own))


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line as CI servers do: it ends at the first failure."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", line],
        cwd=folder,
        env={**given, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_the_recipes_lines_validate_a_network(kind: str, tmp_path: Path) -> None:
    source = copy_tree(tmp_path / "nn2flash.git").root
    who = "-c user.name=x -c user.email=x@example.org"
    done = shell(f"rm -rf .venv; git init -q && git add -A && git {who} commit -qm x", source)
    assert done.returncode == 0, done.stdout
    mine = tmp_path / "my repository"
    mine.mkdir()
    graphs.image().save(mine / "model_int8.onnx")
    wanted = recipe(kind)
    assert "git clone" in wanted.lines[0] and len(wanted.lines) >= 2
    for line in wanted.lines:
        done = shell(line, mine, NN2FLASH_URL=f"file://{source}")
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        ready(mine / "nn2flash")
    suites = ElementTree.parse(mine / wanted.junit).getroot()
    assert suites.findall(".//testcase") and not suites.findall(".//failure")
    # A network that broke: what the server sees of it.
    (mine / "model_int8.onnx").write_bytes(b"broken")
    validate = next(line for line in wanted.lines if "validate" in line)
    assert shell(validate, mine).returncode != 0


def test_the_tutorials_firmware(tmp_path: Path) -> None:
    clone = copy_tree(tmp_path / "clone").root
    ready(clone)
    (line,) = between(ROOT / "docs" / "tutorial.md", "tutorial: firmware").splitlines()
    assert shlex.split(line)[0] == "./bootstrap"
    done = shell(line, clone)
    assert done.returncode == 0, done.stdout
    assert "1000/1000 output bytes identical to the reference" in done.stdout
    assert "1000/1000 output bytes identical to the reference" in (
        ROOT / "docs" / "tutorial.md"
    ).read_text(encoding="utf-8")
