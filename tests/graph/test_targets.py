"""Boards whose processor needs other kernels get sources of their own; all others share theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from site_tools.board_facts import LIKE_CORTEX_M7, BoardFacts

from codegen.target import CORTEX_M7, named_target
from tests.graph.conftest import Built
from tests.graph.project import REPOSITORY, Project

AN500 = REPOSITORY / "firmware" / "boards" / "mps2_an500"


def facts(core: str, fpu: str = "none", float_abi: str = "soft") -> BoardFacts:
    cpu = {"core": core, "fpu": fpu, "float_abi": float_abi}
    return BoardFacts("any", cpu, (), external=False, probe=False, serial=False, chips=())


def cortex_m3(folder: Path) -> Path:
    """A board outside the project: the AN500, as a Cortex-M3 would see it. QEMU runs its code."""
    folder.mkdir()
    (folder / "board.c").write_bytes((AN500 / "board.c").read_bytes())
    text = (AN500 / "board.toml").read_text()
    for old, new in {
        '"mps2_an500"\n': '"small"\n',
        '"cortex-m7"': '"cortex-m3"',
        '"fpv5-sp-d16"': '"none"',
        '"hard"': '"soft"',
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "board.toml").write_text(text)
    return folder


def test_a_cortex_m3_gets_portable_kernels(given: Built, tmp_path: Path) -> None:
    project: Project = given.project.clone(tmp_path / "project")
    folder = cortex_m3(tmp_path / "small")
    done = project.scons("sim", board=str(folder))
    assert done.status == 0, done.output
    # Its outputs are the reference's, says `scons sim`; nothing of the other boards was made again.
    assert "GENERATE build/network-cortex-m3-soft/network.c" in done.commands
    report = project.path("build/network-cortex-m3-soft/network_generate_report.txt").read_text()
    assert "portable: cortex-m3 has no DSP extension with an FPU" in report
    others = project.path("build/network/network_generate_report.txt").read_text()
    assert "has no DSP extension" not in others
    assert not project.build(board="mps2_an500").commands


def test_boards_of_the_default_kind_are_like_it() -> None:
    for core in LIKE_CORTEX_M7:
        assert named_target(core, fpu=True).packed_arithmetic == CORTEX_M7.packed_arithmetic
        assert facts(core, "fpv4-sp-d16", "softfp").target == ""
    assert facts("native").target == ""


@pytest.mark.parametrize(
    ("cpu", "target"),
    [
        (("cortex-m3",), "cortex-m3-soft"),
        (("cortex-m4",), "cortex-m4-soft"),
        (("cortex-m7", "fpv5-d16", "soft"), "cortex-m7-soft"),
        (("cortex-m55", "fpv5-d16", "hard"), "cortex-m55"),
    ],
)
def test_other_kinds_have_names(cpu: tuple[str, ...], target: str) -> None:
    assert facts(*cpu).target == target
