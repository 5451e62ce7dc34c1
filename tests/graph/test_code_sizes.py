"""Room for kernels comes from a table that is measured, and the linker insists on it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codegen.assembly import most_bytes
from codegen.code_sizes import describe, likely, newest, reserve
from codegen.generate import generate
from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from tests.codegen.programs import ROOT, runtime_sources, toolchain
from tests.graph.project import Project, Run
from tests.graph.shared_builds import shared_builds

TABLE = ROOT / "codegen" / "kernels" / "code_sizes.json"
BOARDS = ("mps2_an500", "netduinoplus2", "stm32h750b_dk")


def rows(path: Path = TABLE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def major() -> int:
    version = subprocess.run(
        ["arm-none-eabi-gcc", "-dumpversion"], capture_output=True, text=True, check=True
    ).stdout
    return int(version.split(".")[0])


def of_board(table: list[dict[str, Any]], board: str) -> list[dict[str, Any]]:
    """Its row for the installed compiler, if there is one."""
    cpu = toolchain(board).board.to_json()["cpu"]
    return [
        row
        for row in table
        if row["compiler"] == major()
        and all(row[key] == cpu[key] for key in ("core", "fpu", "float_abi"))
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize("board", BOARDS)
def test_the_table_is_what_the_compiler_makes(project: Project, board: str) -> None:
    """Measured again, the committed row comes out."""
    if not of_board(rows(), board):
        pytest.skip(f"the table has no row for version {major()} of the compiler")
    table = project.path("codegen/kernels/code_sizes.json")
    before = table.read_bytes()
    table.write_text("[]\n")
    project.build("code-sizes", board=board, **shared_builds())
    assert of_board(rows(table), board) == rows(table) == of_board(rows(), board)
    table.write_bytes(before)


CODE = "codegen/code_sizes.py"
CONSTANTS = (
    ("FRAME_BYTES, STEP_BYTES = 160, 192", "FRAME_BYTES, STEP_BYTES = 0, 0"),
    ("STRING_BYTES = MEMCPY_BYTES + 76", "STRING_BYTES = 0"),
)


def fails_with_too_little(project: Project, row: dict[str, Any], **variables: str) -> Run:
    """A build with a table by which the kernels take less than they do, and with nothing for what
    surrounds them, which is more than a tiny network's kernels."""
    too_small = {**row, "libgcc": 0, "kernels": dict.fromkeys(row["kernels"], 0)}
    project.path("codegen/kernels/code_sizes.json").write_text(json.dumps([too_small]))
    before = project.path(CODE).read_bytes()
    for old, new in CONSTANTS:
        project.replace(CODE, old, new)
    failed = project.scons(**variables)
    project.path(CODE).write_bytes(before)
    assert failed.status == 2
    assert "kernels take more bytes than placement reserved for this core" in failed.output
    return failed


def test_every_kernel_has_a_size() -> None:
    kernels = {
        path.stem.removeprefix("nn_")
        for path in runtime_sources("mps2_an500")
        if path.parent.name == "kernels"
    }
    assert len(kernels) > 10
    for row in rows():
        assert set(row["kernels"]) == kernels, f"{row['core']}: scons code-sizes"


def test_the_linker_insists_and_the_remedy_helps(project: Project) -> None:
    table = project.path("codegen/kernels/code_sizes.json")
    project.build("code-sizes")
    (row,) = of_board(rows(table), "mps2_an500")
    memory = project.path("build/mps2_an500/memory.json")
    failed = fails_with_too_little(project, row)
    assert "run `scons code-sizes`" in failed.output and "Traceback" not in failed.output
    assert not project.path("build/mps2_an500/firmware.elf").exists()
    project.build("code-sizes")
    project.build()
    placed = json.loads(memory.read_text())["placement"]
    assert placed["kernels"]["linked"] <= placed["kernels"]["reserved"] < 12 << 10


def test_another_compiler_is_measured_by_one_command(project: Project, tmp_path: Path) -> None:
    """The memory table says that it is not, and how; then the linker insists on its row, too."""
    compiler = tmp_path / "another gcc"
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = -dumpfullversion ] && echo 99.1.0 && exit\n'
        'exec arm-none-eabi-gcc "$@"\n'
    )
    compiler.chmod(0o755)
    table, memory = (
        project.path(name)
        for name in ("codegen/kernels/code_sizes.json", "build/mps2_an500/memory.json")
    )
    before = table.read_bytes()
    project.build(cc=str(compiler))
    placed = json.loads(memory.read_text())["placement"]["kernels"]
    assert "not measured for this core and compiler: scons code-sizes" in placed["why"]
    assert placed["reserved"] > 2 * placed["linked"]
    project.build("code-sizes", cc=str(compiler))
    (row,) = (row for row in rows(table) if row["compiler"] == 99)
    assert (
        row["core"] == "cortex-m7"
        and row["kernels"] == of_board(rows(), "mps2_an500")[0]["kernels"]
    )
    assert [r for r in rows(table) if r["compiler"] != 99] == rows(), "the others stay"
    project.build(cc=str(compiler))
    placed = json.loads(memory.read_text())["placement"]["kernels"]
    assert "not measured" not in placed["why"]
    fails_with_too_little(project, row, cc=str(compiler))
    table.write_bytes(before)


def test_the_newest_compiler_is_each_cores_own(tmp_path: Path) -> None:
    """A newer one on one core says nothing of others."""
    known = {"libgcc": 0, "fpu": "none", "float_abi": "soft"}
    table = tmp_path / "sizes.json"
    sizes = [("cortex-m3", 12, 5000), ("cortex-m3", 13, 4000), ("cortex-m4", 12, 7000)]
    table.write_text(
        json.dumps(
            [{**known, "core": c, "compiler": v, "kernels": {"conv": n}} for c, v, n in sizes]
        )
    )
    code = describe({"conv"}, 0, 0)
    assert newest(table, {**known, "core": "cortex-m3"}) == 13
    assert newest(table, {**known, "core": "cortex-m4"}) == 12
    assert newest(table, {**known, "core": "cortex-m0plus"}) is None
    assert likely(table, code, "cortex-m4", False) - likely(table, code, "cortex-m3", False) == 3000
    assert likely(table, code, "cortex-m0plus", False) == likely(table, code, "cortex-m4", False)


def test_who_is_not_measured_gets_more_and_no_check() -> None:
    code = describe({"conv", "pool"}, 60, 0)
    cpu = toolchain("mps2_an500").board.to_json()["cpu"]
    known = reserve(TABLE, code, cpu, rows()[0]["compiler"])
    assert known.measured and known.bytes > 12 << 10, "sixty steps are more than a constant"
    for unknown in (reserve(TABLE, code, cpu, None), reserve(TABLE, code, {"core": "x"}, 12)):
        assert not unknown.measured and unknown.bytes >= known.bytes * 3 // 2
    assert reserve(TABLE, describe((), 1, 0), cpu, None).bytes >= 12 << 10


@pytest.mark.sample(2, each=["kernels"])
@pytest.mark.parametrize("kernels", ["dense", "sparse"])
@pytest.mark.parametrize("name", ["guide", "augmented", "autoencoder"])
def test_assembly_is_no_longer_than_it_is_said_to_be(
    name: str, kernels: str, tmp_path: Path
) -> None:
    graph = read_graph(ROOT / "tests" / "fixtures" / f"{name}_int8.onnx")
    generate(graph, "net", tmp_path, kernels=Kernels(kernels, None))
    said = json.loads((tmp_path / "net_manifest.json").read_text())["code"]["assembly_bytes"]
    text = (tmp_path / "net_assembly.S").read_text()
    assert said == most_bytes(text)
    tools = toolchain("mps2_an500")
    made = tools.compile(tmp_path / "net_assembly.S", tmp_path / "net.o", *tools.includes())
    size = subprocess.run(["arm-none-eabi-size", made], capture_output=True, text=True, check=True)
    linked = int(size.stdout.splitlines()[1].split()[0])
    assert 0 < linked <= said <= 2 * linked
