"""Which C interface a network's code will have, known before it is made."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.ir.graph import Graph
from tests.xcube.standins import REPOSITORY, Standin, write_network

Make = Callable[..., Path]


def tool_of_the_build() -> Any:
    """The SCons tool, which is no module of a package."""
    path = REPOSITORY / "site_scons" / "site_tools" / "c_interface.py"
    spec = importlib.util.spec_from_file_location("c_interface", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool_of_the_build()
of_bundle, of_tool, of_version = TOOL.of_bundle, TOOL.of_tool, TOOL.of_version


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("", "st-ai"),
        ("4.0.1", "st-ai"),
        ("3.0.0", "st-ai"),
        ("12.0.1", "st-ai"),
        ("11.0.0", "st-ai"),
        ("2.2.0", "legacy"),
        ("1.0.0", "legacy"),
        ("10.2.0", "legacy"),
        ("9.1.0", "legacy"),
        ("8.1.0", "legacy"),
    ],
)
def test_from_core_3_and_x_cube_ai_11_on(version: str, expected: str) -> None:
    assert of_version(version) == expected


def test_a_bundle_has_its_own(project: Make, tmp_path: Path, graph: Graph, kept: Path) -> None:
    assert of_bundle(project()) == "legacy"
    assert of_bundle(project(release="7.1")) == "legacy"
    made = tmp_path / "made"
    write_network(made, graph, Standin(release="11.0", c_api="st-ai", name="digits"), kept)
    assert of_bundle(made) == "st-ai"
    zipped = shutil.make_archive(str(tmp_path / "made"), "zip", made)
    assert of_bundle(Path(zipped)) == "st-ai"
    Path(zipped).write_bytes(b"PK no zip")
    assert of_bundle(Path(zipped)) == "legacy"
    assert of_bundle(tmp_path / "absent") == "legacy"


@pytest.mark.parametrize(
    ("place", "expected"),
    [("STEdgeAI/2.2", "legacy"), ("STEdgeAI/3.0", "st-ai"), ("X-CUBE-AI/10.2.0", "legacy")],
)
def test_an_installed_tool_by_the_version_in_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, expected: str
) -> None:
    program = tmp_path / place / "Utilities" / "linux" / "stedgeai"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.delenv("STEDGEAI_CORE_DIR", raising=False)
    assert of_tool("") == expected
    monkeypatch.setenv("PATH", "")
    assert of_tool("") == "st-ai"
    assert of_tool(str(program)) == expected
    monkeypatch.setenv("STEDGEAI_CORE_DIR", str(tmp_path / place))
    assert of_tool("") == expected
