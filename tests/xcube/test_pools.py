"""Pools of activations: each a place of its own, the chip's own memories before external ones."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.place import place_objects
from support.errors import UserError
from support.files import read_json
from tests.graph.project import Project, copy_tree
from tests.xcube.standins import REPOSITORY

Make = Callable[..., Path]
KIB = 1024
# Pools of a real network that X-CUBE-AI 12.0.0 made.
REAL = (20_188, 131_072)


@pytest.fixture(scope="module")
def memories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The STM32H750B-DK's."""
    out = tmp_path_factory.mktemp("board") / "memories.json"
    board = "firmware/boards/stm32h750b_dk/board.toml"
    command = [sys.executable, "-m", "device", "memories", "--board", board, "--out", str(out)]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    return dict(read_json(out))


def placed(
    memories: dict[str, Any], weights: int, pools: tuple[int, ...], **where: str
) -> dict[str, str]:
    """Object → memory it runs from."""
    sizes = {"weights": weights, "activations": pools[0], "subset": 0, "results": 10}
    objects = place_objects(memories, sizes, where, {"activations": pools[1:]})
    return {name: str(place["run"]) for name, place in objects.items()}


def test_pools_are_placed_one_by_one(memories: dict[str, Any]) -> None:
    where = placed(memories, 100 * KIB, REAL)
    assert (where["activations"], where["activations_2"]) == ("dtcm", "axi")


def test_the_chip_s_other_memories_come_before_the_external_one(memories: dict[str, Any]) -> None:
    """Weights fill most of the AXI SRAM, as in the real project."""
    where = placed(memories, 450 * KIB, REAL)
    assert (where["activations"], where["activations_2"]) == ("dtcm", "sram1")
    where = placed(memories, 450 * KIB, (20_188, 131_072, 131_072, 60_000, 131_072))
    assert [where[f"activations_{n}"] for n in (2, 3, 4, 5)] == ["sram1", "sram2", "dtcm", "sdram"]


def test_a_pool_can_be_moved(memories: dict[str, Any]) -> None:
    assert placed(memories, KIB, REAL, activations_2="sdram")["activations_2"] == "sdram"
    with pytest.raises(UserError, match="placement=activations_3:axi: no such object"):
        placed(memories, KIB, REAL, activations_3="axi")


def test_pools_lie_where_they_were_placed(
    tmp_path: Path, project: Make, model: Path, inputs: Path
) -> None:
    bundle = project(release="10.2", two_pools=True, second_pool=131_072)
    tree: Project = copy_tree(
        tmp_path / "tree", board="stm32h750b_dk", inputs=str(inputs), subset_size="4", werror="1"
    )
    where = {"ai": "bundle", "bundle": str(bundle), "network": str(model)}
    tree.build("elf", **where, placement="activations_2:sram2")
    table = subprocess.run(
        ["arm-none-eabi-nm", "-S", str(tree.path("build/stm32h750b_dk/firmware.elf"))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    pools = {
        name: (int(address, 16), int(size, 16))
        for address, size, name in re.findall(
            r"^(\w+) (\w+) . (activations(?:_2)?)$", table.stdout, re.MULTILINE
        )
    }
    assert pools["activations_2"] == (0x30020000, 131_072)
    assert pools["activations"][0] < 0x20020000
    # Nothing external is needed, and so nothing of it is started.
    config = tree.path("build/stm32h750b_dk/board_config.h").read_text()
    assert "#define BOARD_USES_SDRAM 0" in config
    assert "activations_2" in tree.path("build/stm32h750b_dk/memory.txt").read_text()
