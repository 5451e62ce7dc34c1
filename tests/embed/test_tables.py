"""Two networks with tables of expanded weights in one product: of hosts, and on a Cortex-M7."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from nn2flash.cli import main
from tests.codegen.shapes import Shaped
from tests.embed.hosts import Host, make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.embed.test_processors import ALL_WARNINGS, SANITIZERS, settings


def write_digits(path: Path) -> Path:
    """8 x 8 x 16 → 16 x 8 x 16; tables of 2,304 and 4,608 bytes."""
    return Shaped(8, 8, 16).conv(8).conv(16).save(path)


def write_gearbox(path: Path) -> Path:
    """Odd sizes; tables of 1,152 and, beyond a pool, 2,304 bytes."""
    return Shaped(4, 9, 13).conv(7).pool().conv(8).save(path)


WRITERS = {"digits": write_digits, "gearbox": write_gearbox}
# What they are allowed, and what they have of it.
TABLES = {"digits": ("16K", 6912), "gearbox": ("2K", 1152)}


@pytest.fixture(scope="module")
def tabled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages of both, one of each interface."""
    folder = tmp_path_factory.mktemp("tabled")
    for (name, write), c_api in zip(WRITERS.items(), ("legacy", "st-ai"), strict=True):
        model = str(write(folder / f"{name}.onnx"))
        words = ["package", model, "--name", name, "--table-memory", TABLES[name][0]]
        assert not main([*words, "--c-api", c_api, "--out-dir", str(folder / name)])
    return {name: folder / name for name in WRITERS}


def tables_of(host: Host, elf: str) -> dict[str, int]:
    """Bytes of each network's tables in a program."""
    done = subprocess.run(
        ["nm", "--print-size", str(host.root / elf)], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    sizes = {row[-1]: int(row[1], 16) for row in rows if len(row) == 4}
    return {name: sizes[f"{name}_tables"] for name in TABLES}


def test_the_package_tells_them(tabled: dict[str, Path]) -> None:
    for name, folder in tabled.items():
        size = TABLES[name][1]
        assert json.loads((folder / "manifest.json").read_text())["memory"]["tables_bytes"] == size
        assert f"\n| tables | {size} bytes of RAM, which init" in (folder / "README.md").read_text()


def test_cmake(tabled: dict[str, Path], tmp_path: Path) -> None:
    """Under sanitizers, every byte the reference's."""
    host = make_host(tmp_path / "host", "cmake/subdirectory", tabled, WRITERS)
    host.build("cmake", f"-DCMAKE_C_FLAGS=-O1 -g {SANITIZERS}", "-B", "b")
    host.build("cmake", "--build", "b")
    assert tables_of(host, "b/product") == {name: size for name, (_, size) in TABLES.items()}
    host.check("b/product")


def test_a_cortex_m7_with_garbage_in_its_ram(tabled: dict[str, Path], tmp_path: Path) -> None:
    machine = MACHINES["cortex-m7"]
    host = make_host(tmp_path / "host", "make/package", tabled, WRITERS)
    machine.copy_to(host.root)
    flags = f"{' '.join(machine.flags)} -O2 {ALL_WARNINGS}"
    host.build("make", *settings(COMPILER, flags, *machine.link_flags(), "startup.c"))
    assert tables_of(host, "product") == {name: size for name, (_, size) in TABLES.items()}
    machine.check(host, "product")
