"""Weights are placed block by block: a byte too many moves one of them, and outputs stay right."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from codegen.place import place_objects
from support.errors import UserError
from tests.codegen.models import QdqModel
from tests.codegen.programs import toolchain
from tests.graph.project import Project, copy_tree
from tests.graph.shared_builds import shared_builds

KIB = 1024
NAMES = ("weights", "weights_2", "weights_3")
SIZES = {"kernels": 12 << 10, "activations": KIB, "subset": 0, "results": 10}


def placed(blocks: tuple[int, ...], **where: str) -> dict[str, dict[str, Any]]:
    """Every object of the STM32H750B-DK."""
    memories = toolchain("stm32h750b_dk").board.to_json()
    return place_objects(memories, {**SIZES, "weights": blocks[0]}, where, {"weights": blocks[1:]})


def free_in_dtcm() -> int:
    """The largest single block of weights that still goes there."""
    fitting = [
        size for size in range(0, 128 * KIB, 8) if placed((size,))["weights"]["run"] == "dtcm"
    ]
    return fitting[-1]


def test_one_byte_too_many_moves_one_block() -> None:
    free = free_in_dtcm()
    full = (40 * KIB, 40 * KIB, free - 80 * KIB)
    for extra, last in ((0, "dtcm"), (8, "axi")):
        objects = placed((*full[:2], full[2] + extra))
        assert [objects[name]["run"] for name in NAMES] == ["dtcm", "dtcm", last]


def test_a_smaller_block_behind_it_stays() -> None:
    objects = placed((40 * KIB, 100 * KIB, 40 * KIB))
    assert [objects[name]["run"] for name in NAMES] == ["dtcm", "axi", "dtcm"]


def test_all_or_one_can_be_moved() -> None:
    blocks = (KIB, KIB, KIB)
    everything = placed(blocks, weights="axi")
    assert {everything[name]["run"] for name in NAMES} == {"axi"}
    one = placed(blocks, weights="axi", weights_2="sram1")
    assert [one[name]["run"] for name in NAMES] == ["axi", "sram1", "axi"]
    with pytest.raises(UserError, match="placement=weights_4:axi: no such object"):
        placed(blocks, weights_4="axi")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three layers of 16 KiB and more, which plain C computes: a block each."""
    root = tmp_path_factory.mktemp("blocks") / "tree"
    variables = {"network": "wide.onnx", "inputs": "x.npy", "subset_size": "10", "werror": "1"}
    tree = copy_tree(root, **variables, **shared_builds())
    rng = np.random.default_rng(5)
    model = QdqModel((1, 128)).qdq(0.05, 3)
    for index in range(3):
        weights = rng.integers(-127, 128, (128, 128)).astype(np.int8)
        bias = rng.integers(-900, 900, 128).astype(np.int32)
        model.gemm(weights, 0.004, bias, np.float32(0.05) * np.float32(0.004))
        model.qdq(0.05, index)
    model.save(tree.path("wide.onnx"))
    np.save(tree.path("x.npy"), rng.uniform(-6, 6, (10, 128)).astype(np.float32))
    return tree


@pytest.mark.sample(1)
@pytest.mark.parametrize("c_api", ["legacy", "st-ai"])
def test_each_lies_where_it_was_placed(project: Project, c_api: str) -> None:
    where = "weights_2:axi,weights_3:sram1"
    variables = {"kernels": "portable", "c_api": c_api, "board": "stm32h750b_dk"}
    run = project.build("sim", placement=where, **variables)
    assert "1280/1280 output bytes identical to the reference" in run.output, run.output
    assert "10 inferences touched only the memory they were given" in run.output, run.output
    memory: dict[str, Any] = json.loads(
        project.path("build/stm32h750b_dk/memory.json").read_text()
    )["placement"]
    assert [memory[name]["run"] for name in NAMES] == ["dtcm", "axi", "sram1"]
    assert all(memory[name]["reserved"] <= memory[name]["linked"] for name in NAMES)
