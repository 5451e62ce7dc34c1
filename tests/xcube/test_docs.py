"""What docs/x-cube-ai.md tells to type exists."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.graph.project import SCONS
from tests.xcube.standins import REPOSITORY

TEXT = (REPOSITORY / "docs" / "x-cube-ai.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def menu() -> str:
    """`scons -h`."""
    done = subprocess.run(
        [SCONS, "-Q", "-h"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_every_variable_is_one_of_the_build(menu: str) -> None:
    named = set(re.findall(r"(?<![\w-])([a-z_]+)=(?=[A-Z0-9~\"`a-z<])", TEXT))
    named |= set(re.findall(r"`([a-z_]+)=`", TEXT))
    known = set(re.findall(r"^([a-z_]+) {2,}", menu, re.MULTILINE))
    assert {"ai", "bundle", "c_api", "stedgeai", "cloud_version"} <= named
    assert named <= known


def test_every_target_is_in_the_menu(menu: str) -> None:
    lines = re.findall(r"^ *(?:\./bootstrap )?scons [^\n]*", TEXT, re.MULTILINE)
    targets = [word for line in lines for word in re.split(r" {2,}", line.strip())[0].split()[1:]]
    named = {word for word in targets if "=" not in word and word != "scons"}
    assert {"flash", "cloud-login", "cloud-benchmark"} <= named
    for target in named:
        assert re.search(rf"\b{target}\b", menu), target
