"""The memory table against what binutils says of the same ELF."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from device.boards import Board
from support.files import write_json
from tests.device.conftest import ROOT, Build

PLACEMENT = {
    "objects": {
        "weights": {"run": "ram", "load": "code", "bytes": 109992, "why": "no wait states"},
        "kernels": {"run": "ram", "load": "code", "bytes": 12288, "why": "no wait states"},
        "subset": {"run": "psram", "load": None, "bytes": 10, "why": "too large for code"},
    }
}
MANIFEST = {
    "name": "network",
    "layers": [{"name": "fc1", "op": "fully connected", "kernel": "sparse", "why": "83 % zeros"}],
}


def size(folder: Path, mps2: Board, elf: Path, **files: Any) -> subprocess.CompletedProcess[str]:
    write_json(folder / "memories.json", mps2.to_json())
    command: list[object] = [sys.executable, "-m", "device", "size", "--elf", elf]
    command += ["--memories", folder / "memories.json"]
    command += ["--out", folder / "memory.txt", "--json", folder / "memory.json"]
    for name, content in files.items():
        write_json(folder / f"{name}.json", content)
        command += [f"--{name}", folder / f"{name}.json"]
    return subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_table(tmp_path: Path, mps2: Board, build: Build) -> None:
    elf = build("echo")
    done = size(tmp_path, mps2, elf, placement=PLACEMENT, manifest=MANIFEST)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "memory.txt").read_text()
    for words in ("copied to ram at start", "sparse      83 % zeros"):
        assert words in text
    regions = {r["name"]: r for r in json.loads((tmp_path / "memory.json").read_text())["regions"]}
    assert regions["code"]["used"] == stored_bytes(elf) - 10  # all but the subset, no gaps
    assert regions["psram"]["used"] == 10
    shares = {line.split()[0]: line.split()[-2] for line in text.splitlines() if line[-1:] == "%"}
    assert shares == {n: f"{100 * r['used'] / r['length']:.1f}" for n, r in regions.items()}
    assert all(r["used"] + r["free"] == r["length"] for r in regions.values())
    flash, ram = stored_bytes(elf), regions["ram"]["used"]
    sizes = f"flash {flash:,} bytes (code, psram), RAM {ram:,} bytes (ram)"
    assert done.stdout == f"{elf}: {sizes}\n"
    bss = next(item for item in regions["ram"]["items"] if item["section"] == ".bss")
    assert bss["largest"][0]["name"] == "results"
    assert [item["section"] for item in regions["ram"]["items"]] == [".data", ".nn_kernels", ".bss"]


def test_objects_as_reserved_and_as_linked(tmp_path: Path, mps2: Board, build: Build) -> None:
    """What the application lacks is not there; a budget is not passed off as a size."""
    done = size(tmp_path, mps2, build("echo"), placement=PLACEMENT)
    assert done.returncode == 0, done.stderr
    table = json.loads((tmp_path / "memory.json").read_text())
    sections = {i["section"]: i["bytes"] for r in table["regions"] for i in r["items"]}
    assert ".nn_weights" not in sections and "weights" not in table["placement"]
    kernels = table["placement"]["kernels"]
    assert kernels["reserved"] == 12288 and kernels["linked"] == sections[".nn_kernels"] < 12288
    rows = [line.split() for line in (tmp_path / "memory.txt").read_text().splitlines()]
    assert ["object", "runs", "in", "stored", "in", "reserved", "linked", "why"] in rows
    linked = f"{kernels['linked']:,}"
    assert ["kernels", "ram", "code", "12,288", linked, "no", "wait", "states"] in rows


def stored_bytes(elf: Path) -> int:
    """Bytes with contents, as `size` counts them: text + data of Berkeley format."""
    out = subprocess.run(["arm-none-eabi-size", elf], capture_output=True, text=True, check=True)
    text, data, *_ = out.stdout.splitlines()[1].split()
    return int(text) + int(data)


@pytest.mark.parametrize(
    "content", [[], {"objects": []}, {"objects": {"weights": {"run": "ram"}}}, {"objects": 3}]
)
def test_placement_of_another_shape(
    tmp_path: Path, mps2: Board, build: Build, content: Any
) -> None:
    done = size(tmp_path, mps2, build("echo"), placement=content)
    assert done.returncode == 1
    assert "'objects' is not as expected" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "memory.txt").exists()
