"""From somebody else's ONNX file to firmware, and a comparison of bytes that bites."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from tests.end_to_end.conftest import SIZES, Firmware, scons
from tests.graph.project import REPOSITORY, SCONS

BOARD = REPOSITORY / "firmware" / "boards" / "mps2_an500" / "board.toml"


def simulate(elf: Path, reference: Path) -> subprocess.CompletedProcess[str]:
    """Run an ELF on QEMU against a reference."""
    command = [sys.executable, "-m", "device", "sim", "--board", str(BOARD), "--elf", str(elf)]
    return subprocess.run(
        [*command, "--reference", str(reference)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def flip_bit(firmware: Firmware, copy: Path, offset: int) -> None:
    """Copy the ELF with one bit of the weights array turned, `offset` bytes from its start."""
    data = bytearray(firmware.elf.read_bytes())
    with firmware.elf.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".nn_weights")
        data[section["sh_offset"] + offset] ^= 0x40
    copy.write_bytes(data)


def constants(firmware: Firmware) -> dict[str, int]:
    """Offset of each block in the weights array, from the generated source."""
    text = (firmware.folder / "network" / "network_data.c").read_text()
    found = {}
    for line in text.splitlines():
        if line.strip().startswith("/* +"):
            offset, _, title = line.strip(" */").removeprefix("+").partition(": ")
            found[title] = int(offset)
    return found


def test_other_quantizers_network_gives_the_references_bytes(firmware: Firmware) -> None:
    assert f"{100 * SIZES[-1]}/{100 * SIZES[-1]} output bytes identical" in firmware.output
    manifest = json.loads((firmware.folder / "network" / "network_manifest.json").read_text())
    assert manifest["input"]["size"] == SIZES[0]
    operators = [layer["op"] for layer in manifest["layers"]]
    assert operators.count("fully_connected") == 3
    assert operators[-1] == "softmax"
    assert manifest["macs"] == sum(a * b for a, b in itertools.pairwise(SIZES))


def test_elf_holds_no_expected_outputs(firmware: Firmware) -> None:
    reference = np.load(firmware.folder / "app" / "reference.npz")
    outputs = reference["outputs"]
    image = firmware.elf.read_bytes()
    assert len(outputs) == 100
    assert image.find(outputs[:8].tobytes()) == -1


@pytest.mark.parametrize("block", ["weights", "requantization"])
def test_one_flipped_bit_fails_the_comparison(
    plain_firmware: Firmware, tmp_path: Path, block: str
) -> None:
    firmware = plain_firmware
    blocks = constants(firmware)
    title = next((t for t in blocks if t.startswith("layer 0:") and block in t), None)
    assert title is not None, f"no {block} of layer 0 among {sorted(blocks)}"
    changed = tmp_path / "changed.elf"
    # The byte of a word that decides: the top one of a multiplier, any of the weights.
    flip_bit(firmware, changed, blocks[title] + 2)
    done = simulate(changed, firmware.folder / "app" / "reference.npz")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "identical to the reference" in done.stdout + done.stderr
    # On a board nobody compares from outside: the firmware itself must see it.
    assert "error: the output bytes are not the reference's\n" in done.stdout
    assert "the firmware stopped with status 3" in done.stderr
    assert "Traceback" not in done.stderr


def test_unchanged_copy_passes(firmware: Firmware, tmp_path: Path) -> None:
    copy = tmp_path / "copy.elf"
    shutil.copy(firmware.elf, copy)
    assert simulate(copy, firmware.folder / "app" / "reference.npz").returncode == 0


def test_host_with_sanitizers_gives_the_same_bytes(firmware: Firmware, other_model: Path) -> None:
    done = scons(firmware.folder, "sim", "board=host", f"network={other_model}", "werror=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{100 * SIZES[-1]}/{100 * SIZES[-1]} output bytes identical" in done.stdout


def test_every_load_segment_of_the_kit_lies_in_its_memories(
    firmware: Firmware, other_model: Path
) -> None:
    done = scons(firmware.folder, "board=stm32h750b_dk", f"network={other_model}", "werror=1")
    assert done.returncode == 0, done.stdout + done.stderr
    memories = json.loads((firmware.folder / "stm32h750b_dk" / "memories.json").read_text())
    spans = [(m["origin"], m["origin"] + m["length"]) for m in memories["memories"]]
    with (firmware.folder / "stm32h750b_dk" / "firmware.elf").open("rb") as stream:
        segments = [s for s in ELFFile(stream).iter_segments() if s["p_type"] == "PT_LOAD"]
    assert segments
    for segment in segments:
        for start, size in (
            (segment["p_vaddr"], segment["p_memsz"]),
            (segment["p_paddr"], segment["p_filesz"]),
        ):
            assert size == 0 or any(a <= start and start + size <= b for a, b in spans), segment


def test_data_beyond_the_memories_is_a_link_error(
    firmware: Firmware, other_model: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(
        REPOSITORY,
        tree,
        symlinks=True,
        ignore=shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache"),
    )
    (tree / ".venv").symlink_to(REPOSITORY / ".venv")
    console = tree / "firmware" / "app" / "console.c"
    console.write_text(
        console.read_text() + "\nchar too_much[200000];\nchar *volatile keep = too_much;\n"
        "char *console_keep(void);\nchar *console_keep(void) {\n    return keep;\n}\n"
        "__attribute__((constructor, used)) static void hold(void) {\n    keep = too_much;\n}\n"
        '__attribute__((used, section(".data.too_much"))) char more[200000] = {1};\n'
    )
    text = (tree / "templates" / "board" / "firmware.ld.j2").read_text()
    (tree / "templates" / "board" / "firmware.ld.j2").write_text(
        text.replace("ENTRY(Reset_Handler)", "ENTRY(Reset_Handler)\nEXTERN(more)")
    )
    done = subprocess.run(
        [SCONS, "-Q", "board=stm32h750b_dk", f"network={other_model}"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "overflowed by" in done.stdout + done.stderr
    # And what to do about it, in the build's own words.
    said = done.stderr.partition("does not fit its memories: too small is ")[2]
    assert re.search(r"\bdtcm by [\d,]+ bytes", said)
    assert "placement=OBJECT:MEMORY" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tree / "build" / "stm32h750b_dk" / "firmware.elf").exists()
