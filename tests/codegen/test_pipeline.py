"""The command line alone, without a build system: someone's ONNX file to a verdict from QEMU."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.codegen.programs import FIRMWARE, ROOT, compile_all, generated_sources, run, toolchain
from tests.codegen.programs import runtime_sources as hand_written
from tests.codegen.test_quantizers import INPUTS, OPTIONS, quantized

BOARD = FIRMWARE / "boards" / "mps2_an500" / "board.toml"


def command(*words: object) -> str:
    """`python -m <words>`, from the project's folder."""
    return run([sys.executable, "-m", *map(str, words)])


def test_from_onnx_to_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels run from RAM, as on boards with tightly coupled memories."""
    monkeypatch.chdir(ROOT)
    subset = 10
    model = quantized(tmp_path, "matmul", "Clip", OPTIONS["uint8_per_channel"])
    np.savez(tmp_path / "given.npz", inputs=INPUTS, labels=np.arange(64, dtype=np.uint8) % 4)
    out = {name: tmp_path / name for name in ("test.npz", "subset.h", "subset.npz", "ref.npz")}
    ends = ["--model", model]
    command("codegen", "inputs", *ends, "--from", tmp_path / "given.npz", "--out", out["test.npz"])
    command(
        "codegen",
        "subset",
        *ends,
        "--inputs",
        out["test.npz"],
        "--size",
        subset,
        "--out",
        tmp_path / "test_subset.h",
        "--npz",
        out["subset.npz"],
    )
    command(
        "codegen",
        "generate",
        *ends,
        "--name",
        "others",
        "--kernels",
        "auto",
        "--calibration",
        out["test.npz"],
        "--out-dir",
        tmp_path,
    )
    command("codegen", "reference", *ends, "--inputs", out["subset.npz"], "--out", out["ref.npz"])
    elf = build(tmp_path, subset)
    verdict = command(
        "device", "sim", "--board", BOARD, "--elf", elf, "--reference", out["ref.npz"]
    )
    assert "40/40 output bytes identical to the reference" in verdict
    assert "accuracy" in verdict


def build(folder: Path, subset: int) -> Path:
    """Place, render, compile and link, with files only."""
    memories, placement = folder / "memories.json", folder / "placement.json"
    command("device", "memories", "--board", BOARD, "--out", memories)
    command(
        "codegen",
        "place",
        "--memories",
        memories,
        "--subset-size",
        subset,
        "--manifest",
        folder / "others_manifest.json",
        "--subset",
        folder / "subset.npz",
        "--code-sizes",
        ROOT / "codegen/kernels/code_sizes.json",
        "--out",
        placement,
    )
    facts = ["--context", f"memories={memories}", "--context", f"placement={placement}"]
    glue = ["--set", "name=others"]
    for template, words in {
        "board/firmware.ld": facts,
        "board/board_config.h": facts,
        "app/main.c": [*glue, "--set", f"subset_size={subset}", "--set", "subset=test_subset"],
        "app/expected.h": [],
        "app/app_network.c": glue,
        "app/app_network.h": [*glue, "--set", "c_api=legacy"],
    }.items():
        command(
            "codegen", "render", f"{template}.j2", *words, "--out", folder / Path(template).name
        )
    tools = toolchain("mps2_an500")
    sources = [*hand_written("mps2_an500"), *generated_sources(folder, "others")]
    sources += [folder / "main.c", folder / "app_network.c"]
    # The linker script knows kernels by their folder.
    kernels = [source for source in sources if source.parent.name == "kernels"]
    others = [source for source in sources if source not in kernels]
    flags = tools.includes(folder)
    objects = compile_all(tools, kernels, folder / "obj" / "runtime" / "kernels", *flags)
    objects += compile_all(tools, others, folder / "obj", *flags)
    script, elf = folder / "firmware.ld", folder / "firmware.elf"
    flags = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", f"-T{script}"]
    flags.append("-Wl,--no-warn-rwx-segments")
    run([tools.compiler, *tools.options, *map(str, objects), *flags, "-lm", "-o", str(elf)])
    return elf
