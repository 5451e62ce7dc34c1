"""Bundles through the whole build: run on QEMU with bytes compared, linked for the board."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen import reference
from codegen.arrays import read_arrays, write_arrays
from codegen.ir.graph import Graph
from tests.graph.project import Project, Run, copy_tree
from tests.graph.test_saboteur_names import ODD
from tests.xcube.standins import REPOSITORY, Standin, write_network, write_pack

Make = Callable[..., Path]
IDENTICAL = "160/160 output bytes identical to the reference"
IMAGE = {"LINK firmware.elf", "IMAGES firmware.hex", "SIZE memory.txt"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, model: Path, inputs: Path) -> Project:
    """A copy of the project that is tried on forty inputs, built with the built-in network."""
    root = tmp_path_factory.mktemp("built") / "project"
    tree = copy_tree(root, board="mps2_an500", inputs=str(inputs), subset_size="40", werror="1")
    tree.build(network=str(model))
    return tree


@pytest.fixture
def tree(built: Project, tmp_path: Path) -> Project:
    """A clone of it for each test: what one builds is nothing that another finds."""
    return built.clone(tmp_path / "tree")


def shown(run: Run) -> set[str]:
    """Commands of a run, without the folders that everything lies in."""
    return {re.sub(r"build/(mps2_an500/|stm32h750b_dk/)?", "", command) for command in run.commands}


def main_of(tree: Project, folder: str) -> list[str]:
    """Lines of a main.c, but for the checksum: only our own kernels' bytes are held against it."""
    lines = tree.path(f"build/{folder}/main.c").read_text().splitlines()
    return [line for line in lines if "#define EXPECTED_OUTPUTS_CRC32" not in line and line.strip()]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "how",
    [
        {"release": "7.1", "unsigned": True},
        {"release": "7.2", "padded": True},
        {"release": "9.1", "external": True, "address": "0x20000000"},
        {"release": "10.2", "two_pools": True, "unsigned": True, "name": "digits"},
    ],
    ids=[
        "7.1: uint8",
        "7.2: padded input",
        "9.1: external flash, fixed address",
        "10.2: two pools, uint8, another name",
    ],
)
def test_the_same_main_with_a_bundle_gives_the_reference_s_bytes(
    tree: Project, project: Make, model: Path, how: dict[str, object]
) -> None:
    run = tree.build("sim", ai="bundle", bundle=str(project(**how)), network=str(model))
    assert IDENTICAL in run.output
    builtin = tree.build("sim", network=str(model))
    assert IDENTICAL in builtin.output
    assert main_of(tree, "app-bundle") == main_of(tree, "app")


def test_buffers_hold_the_bytes_that_the_header_asks_for(
    tree: Project, project: Make, model: Path
) -> None:
    """Real networks ask for one byte more than their input has elements."""
    bundle = project(release="10.2", padded=True)
    tree.build("elf", ai="bundle", bundle=str(bundle), network=str(model))
    table = subprocess.run(
        ["arm-none-eabi-nm", "-S", str(tree.path("build/mps2_an500/firmware.elf"))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (size,) = re.findall(r"^\w+ (\w+) . network_input$", table.stdout, re.MULTILINE)
    assert int(size, 16) == 8 + 1


def test_the_st_ai_interface_of_both_runtimes(
    tree: Project, tmp_path: Path, graph: Graph, kept: Path, model: Path
) -> None:
    how = Standin(release="11.0", c_api="st-ai", name="digits")
    write_network(tmp_path / "st_ai_output", graph, how, kept)
    write_pack(tmp_path / "pack", graph, how, kept)
    both = {"c_api": "st-ai", "network": str(model)}
    bundle = {"bundle": str(tmp_path / "st_ai_output"), "runtime": str(tmp_path / "pack")}
    # The bundle's own interface need not be named.
    assert IDENTICAL in tree.build("sim", ai="bundle", **bundle, network=str(model)).output
    assert IDENTICAL in tree.build("sim", **both).output
    assert main_of(tree, "app-bundle-st-ai") == main_of(tree, "app-st-ai")


def test_a_bundle_alone_is_the_network(
    tree: Project, project: Make, graph: Graph, tmp_path: Path
) -> None:
    """Nothing is trained; the inputs are quantized with what the bundle's own tables say."""
    run = tree.build("sim", ai="bundle", bundle=str(project()))
    assert not {"TRAIN", "QUANTIZE", "DATASET"} & {command.split()[0] for command in run.commands}
    subset = read_arrays(tree.path("build/app-bundle/subset.npz"))["inputs"]
    expected = tmp_path / "expected.npz"
    write_arrays(expected, {"inputs": subset, "outputs": reference.run(graph, subset)})
    command = [sys.executable, "-m", "device", "sim", "--reference", str(expected)]
    command += ["--board", "firmware/boards/mps2_an500/board.toml"]
    command += ["--elf", str(tree.path("build/mps2_an500/firmware.elf"))]
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
    assert IDENTICAL in done.stdout, done.stderr


def test_switching_back_and_forth_makes_only_what_differs(
    tree: Project, project: Make, model: Path
) -> None:
    bundle = {"ai": "bundle", "bundle": str(project(release="7.2")), "network": str(model)}
    builtin = {"network": str(model)}
    tree.build(**bundle)
    tree.build(**builtin)
    other = {"PLACE placement.json", "RENDER firmware.ld", "RENDER board_config.h"}
    again = tree.build(**bundle)
    assert shown(again) <= IMAGE | other
    assert shown(again) >= IMAGE
    elf = tree.elf()
    assert shown(tree.build(**builtin)) <= IMAGE | other
    assert not tree.build(**builtin).commands
    tree.build(**bundle)
    assert tree.elf() == elf
    assert not tree.build(**bundle).commands


def test_a_changed_bundle_is_imported_again_and_a_touched_one_stops_there(
    tree: Project, project: Make, model: Path
) -> None:
    folder = project(release="7.2")
    bundle = {"ai": "bundle", "bundle": str(folder), "network": str(model)}
    tree.build(**bundle)
    weights = folder / "X-CUBE-AI" / "App" / "network_data_params.c"
    weights.touch()
    assert shown(tree.build(**bundle)) <= {"BUNDLE network-bundle/network.c"}
    (folder / "Core" / "Src" / "main.c").write_text("/* theirs, and none of our business */\n")
    assert shown(tree.build(**bundle)) <= {"BUNDLE network-bundle/network.c"}
    header = folder / "Middlewares" / "ST" / "AI" / "Inc" / "ai_platform.h"
    header.write_text(header.read_text() + "\n#define CHANGED 1\n")
    commands = shown(tree.build(**bundle))
    assert "CC obj/network-bundle/network_data_params.c.o" in commands
    assert "CC obj/app-bundle/app_network.c.o" in commands
    # Another content of the same size under the same time, as from an archive.
    times, text = weights.stat(), weights.read_text()
    weights.write_text(f"{text[:-1]} ")
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert weights.stat().st_size == times.st_size
    assert "BUNDLE network-bundle/network.c" in shown(tree.build(**bundle))
    # A header of the import that is lost is imported again.
    tree.path("build/network-bundle/include/ai_platform.h").unlink()
    assert "BUNDLE network-bundle/network.c" in shown(tree.build(**bundle))
    assert not tree.build(**bundle).commands


def test_saboteur_a_bundle_with_every_printable_character(
    tree: Project, project: Make, model: Path, tmp_path: Path
) -> None:
    folder = project(release="7.2").rename(tmp_path / ODD)
    bundle = {"ai": "bundle", "bundle": str(folder), "network": str(model)}
    assert IDENTICAL in tree.build("sim", **bundle).output
    assert not list(tmp_path.rglob("X*a*/X")) and not list(tree.root.rglob("X"))
    assert not tree.build(**bundle).commands


def test_saboteur_a_manifest_in_a_folder_of_others(
    tree: Project, project: Make, model: Path
) -> None:
    """An import that is not whole is made again, where it is ours."""
    theirs = tree.path("theirs/network-bundle/network_manifest.json")
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    bundle = {"ai": "bundle", "bundle": str(project(release="7.2")), "network": str(model)}
    run = tree.scons(build_dir="theirs", **bundle)
    assert run.status != 0 and "network-bundle/network_manifest.json" in run.output
    assert theirs.read_text() == "mine"


def test_the_board_s_elf_lies_inside_its_memories(
    tree: Project, project: Make, model: Path
) -> None:
    bundle = project(release="9.1", external=True, address="0x24000000")
    how = {"ai": "bundle", "bundle": str(bundle), "network": str(model), "board": "stm32h750b_dk"}
    run = tree.build("elf", **how)
    assert "warning" not in run.output.lower()
    elf = tree.path("build/stm32h750b_dk/firmware.elf")
    undefined = subprocess.run(
        ["arm-none-eabi-nm", "-u", str(elf)], capture_output=True, text=True, check=True
    )
    assert not undefined.stdout.strip()
    sections = subprocess.run(
        ["arm-none-eabi-objdump", "-h", str(elf)], capture_output=True, text=True, check=True
    )
    assert "ExternalFlashSection" not in sections.stdout
    config = tree.path("build/stm32h750b_dk/board_config.h").read_text()
    assert "#define BOARD_NEEDS_CRC 1" in config
    placed = tree.build("elf", **how, placement="weights:qspi")
    assert "BOARD_USES_QSPI 1" in tree.path("build/stm32h750b_dk/board_config.h").read_text()
    assert placed.status == 0
    symbols = subprocess.run(
        ["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True
    )
    (weights,) = re.findall(r"^(\w+) . s_network_weights_array_u64$", symbols.stdout, re.MULTILINE)
    assert weights.startswith("90")
    tree.build("elf", network=str(model), board="stm32h750b_dk")
    config = tree.path("build/stm32h750b_dk/board_config.h").read_text()
    assert "#define BOARD_NEEDS_CRC 0" in config


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ai": "bundle"}, ("bundle=FOLDER",)),
        ({"ai": "bundle", "bundle": "nowhere"}, ("bundle=nowhere", "no such file or folder")),
        ({"ai": "bundle", "bundle": "docs"}, ("no generated network",)),
        ({"ai": "budnle"}, ("did you mean 'bundle'?",)),
        ({"c_api": "stai"}, ("did you mean 'st-ai'?",)),
        ({"ai": "bundle", "bundle": "docs", "board": "host"}, ("Cortex-M7", "native")),
        ({"ai": "cloud", "board": "host"}, ("Cortex-M7", "native")),
        ({"ai": "bundle", "bundle": "docs", "dest": "x"}, ("licence", "ai=builtin")),
        ({"ai": "bundle", "bundle": "docs", "input_zero_point": "x"}, ("input_zero_point=x",)),
    ],
)
def test_wrong_variables(tree: Project, variables: dict[str, str], words: tuple[str, ...]) -> None:
    run = tree.scons(**variables)
    assert run.status != 0
    assert "Traceback" not in run.output
    for word in words:
        assert word in run.output


def test_a_bundle_alone_has_nothing_to_compare_with(tree: Project, project: Make) -> None:
    run = tree.scons("validate", ai="bundle", bundle=str(project()))
    assert run.status != 0
    assert "'validate' cannot be made: a bundle alone has nothing to compare with" in run.output
    assert "network=" in run.output
    assert "not for mps2_an500" not in run.output


def test_st_s_own_runtime_is_not_emulated(tree: Project, project: Make, model: Path) -> None:
    """A library without our functions counts as ST's, whose licence forbids it."""
    folder = project(release="7.2")
    (library,) = folder.rglob("*.a")
    # Under other names, our functions are not known to be ours.
    renames = [f"--redefine-sym={name}=st_{name}" for name in ("nn_create", "nn_stai_init")]
    subprocess.run(["arm-none-eabi-objcopy", *renames, str(library)], check=True)
    subprocess.run(["arm-none-eabi-ranlib", str(library)], check=True)
    source = folder / "X-CUBE-AI" / "App" / "network.c"
    source.write_text("#define nn_create st_nn_create\n" + source.read_text())
    run = tree.scons("sim", ai="bundle", bundle=str(folder), network=str(model))
    assert run.status != 0
    assert "ST's runtime" in run.output
    assert "recognized" not in run.output


def test_saturated_inputs_are_told_of(project: Make, tmp_path: Path) -> None:
    """Normalized otherwise than in training, pixels lie outside what the input can hold."""
    out = tmp_path / "out"
    call = [sys.executable, "-m", "codegen"]
    subprocess.run(
        [*call, "bundle", "--bundle", str(project()), "--out-dir", str(out)],
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    values = np.zeros((100, 8), np.float32)
    for count, warned in ((8, False), (9, True)):
        values.reshape(-1)[:count] = 3.0
        write_arrays(tmp_path / "test.npz", {"inputs": values})
        done = subprocess.run(
            [
                *call, "subset", "--manifest", str(out / "network_manifest.json"),
                "--inputs", str(tmp_path / "test.npz"), "--size", "100",
                "--out", str(tmp_path / "s.h"), "--npz", str(tmp_path / "s.npz"),
            ],
            cwd=REPOSITORY, check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert ("1.1 % of the values are clipped" in done.stderr) is warned
        # Two causes: the guide's own bundle has the second.
        assert ("normalize=" in done.stderr and "calibrate" in done.stderr) is warned
