"""A network whose weights lie in a file beside it: the build watches that file, too."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from site_tools.network_files import data_files

from codegen.reader.external import external_files
from tests.graph.project import Project
from tests.graph.tiny_model import write_tiny_model


def write_apart(path: Path, seed: int = 0) -> None:
    """The tiny network with its weights in `<its name>.data`."""
    write_tiny_model(path, seed)
    model = onnx.load(path)
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)
    onnx.save(
        model,
        path,
        save_as_external_data=True,
        location=f"{path.name}.data",
        size_threshold=0,
    )


def test_an_edit_of_the_data_alone_is_built(project: Project) -> None:
    path = project.path("tiny.onnx")
    write_apart(path)
    data, small = path.with_name("tiny.onnx.data"), path.read_bytes()
    project.build("elf")
    assert not project.build("elf").commands
    before = project.elf()
    write_apart(path, seed=1)
    assert path.read_bytes() == small, "the weights alone are others"
    commands = project.build("elf").commands
    assert {"GENERATE build/network/network.c", "INPUTS build/model/test.npz"} <= commands
    assert project.elf() != before
    data.unlink()
    run = project.scons("elf")
    assert run.status != 0 and "its data is in 'tiny.onnx.data', which is not beside" in run.output


def test_the_build_finds_the_files_that_the_reader_opens(tmp_path: Path) -> None:
    path = tmp_path / "apart.onnx"
    write_apart(path)
    model = onnx.load(path, load_external_data=False)
    assert data_files(path) == external_files(path, model) == [tmp_path / "apart.onnx.data"]
    for place in ("/etc/passwd", "../up", "..", ""):
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                entry.value = place if entry.key == "location" else entry.value
        path.write_bytes(model.SerializeToString())
        assert data_files(path) == []


@pytest.mark.parametrize("content", [b"", b"no model", b"\x3a\xff\xff\xff\xff\x0f", b"\x3a\x05"])
def test_what_is_no_model_has_no_data(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "some.onnx").write_bytes(content)
    assert data_files(tmp_path / "some.onnx") == []
    assert data_files(tmp_path / "none.onnx") == []
