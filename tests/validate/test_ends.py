"""`scons sim`, `validate` and `demo` of a network that is no image in and scores out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.graphs import every_end
from tests.end_to_end.conftest import scons

COUNT = 4
# Of int8, int32 from an odd address on, and float32.
SIZE = COUNT * (5 + 4 + 3 * 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network's, in which it is built once."""
    found = tmp_path_factory.mktemp("ends")
    every_end().save(found / "network.onnx")
    return found


def build(folder: Path, *words: str) -> tuple[int, str]:
    """SCons on that network; its status, and all that it printed."""
    words = (*words, f"network={folder / 'network.onnx'}", f"subset_size={COUNT}", "werror=1")
    done = scons(folder / "build", *words)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "board", "c_api"),
    [
        (("validate", f"count={COUNT}", "layers=1"), "host", "legacy"),
        (("validate", f"count={COUNT}", "layers=1"), "mps2_an500", "st-ai"),
        (("sim",), "mps2_an500", "legacy"),
    ],
)
def test_all_ends_have_the_references_bytes(
    folder: Path, words: tuple[str, ...], board: str, c_api: str
) -> None:
    status, printed = build(folder, *words, f"board={board}", f"c_api={c_api}")
    assert status == 0, printed
    assert f"{SIZE}/{SIZE} output bytes identical to the reference" in printed


def test_the_demo_says_what_it_cannot_draw(folder: Path) -> None:
    status, printed = build(folder, "demo", "board=host", "listen=0")
    assert status != 0
    told = "takes 7 bytes of int8 and 6 bytes of int8"
    assert f"the demo draws pictures of 28 x 28, the network 'network' {told}" in printed
    assert "Traceback" not in printed
