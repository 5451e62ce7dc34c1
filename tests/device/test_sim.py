"""`python -m device sim`: the verdict, on QEMU and on this computer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from device.elf import Elf
from tests.device.conftest import ROOT, Build, board_toml, echo_reference


def sim(
    board: str, elf: Path, *options: object, path: str = ""
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "device", "sim", "--board", board_toml(board)]
    environment = {**os.environ, **({"PATH": path} if path else {})}
    return subprocess.run(
        [*map(str, (*command, "--elf", elf, *options))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("board", ["mps2_an500", "host"])
def test_identical(tmp_path: Path, build: Build, board: str) -> None:
    verdict = tmp_path / "sim.json"
    reference = echo_reference(tmp_path / "reference.npz")
    done = sim(board, build("echo", board), "--reference", reference, "--json", verdict)
    assert done.stdout == ("hello from one\n100/100 output bytes identical to the reference\n"), (
        done.stderr
    )
    assert done.returncode == 0
    content = json.loads(verdict.read_text())
    assert content["passed"] and content["comparison"]["identical"] == 100


@pytest.mark.parametrize("board", ["mps2_an500", "host"])
def test_whole_test_set(tmp_path: Path, build: Build, board: str) -> None:
    elf = build("echo", board, ["-DIMAGES=10000"])
    done = sim(board, elf, "--reference", echo_reference(tmp_path / "reference.npz", 10000))
    assert "100000/100000 output bytes identical" in done.stdout, done.stderr


def test_one_byte_of_the_elf_is_enough(tmp_path: Path, build: Build) -> None:
    elf = build("echo")
    data = bytearray(elf.read_bytes())
    at = data.index(bytes([1, 2, 3, 4, 0, 0, 0, 0, 0, 0]))  # the inputs in .rodata.nn.subset
    data[at + 2] ^= 0x40
    broken = tmp_path / "broken.elf"
    broken.write_bytes(data)
    verdict = tmp_path / "sim.json"
    reference = echo_reference(tmp_path / "reference.npz")
    done = sim("mps2_an500", broken, "--reference", reference, "--json", verdict)
    assert done.returncode == 1
    assert "90/100 output bytes identical" in done.stdout
    assert "first difference: input 2, output 0: firmware 67, reference 3" in done.stdout
    assert "differ from the reference" in done.stderr
    assert json.loads(verdict.read_text())["passed"] is False


def test_fewer_outputs_than_the_reference(tmp_path: Path, build: Build) -> None:
    reference = echo_reference(tmp_path / "reference.npz", 11)
    done = sim("mps2_an500", build("echo"), "--reference", reference)
    assert done.returncode == 1
    assert "100/110 output bytes identical" in done.stdout
    assert "the firmware gave 100 bytes, the reference has 110" in done.stdout


def test_half_a_line_is_ended(build: Build) -> None:
    done = sim("mps2_an500", build("misbehave", flags=["-DACTION=HALF_LINE"]))
    assert (done.returncode, done.stdout) == (0, "no line end\n")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("RETURN_SEVEN", "the firmware stopped with status 7"),
        ("BUS_FAULT", "the firmware stopped with status 133 (BusFault)"),
    ],
)
def test_status(build: Build, action: str, message: str) -> None:
    done = sim("mps2_an500", build("misbehave", flags=[f"-DACTION={action}"]))
    assert done.returncode == 1
    assert message in done.stderr and "Traceback" not in done.stderr


def test_fault_is_located(build: Build) -> None:
    """The report's addresses come with function and line."""
    done = sim("mps2_an500", build("misbehave", flags=["-DACTION=BUS_FAULT"]))
    assert re.search(r"^pc: 0x[0-9a-f]{8} in misbehave \(misbehave\.c:\d+\)$", done.stdout, re.M)
    assert re.search(r"^lr: 0x[0-9a-f]{8} in \w+ \(\w+\.c:\d+\)$", done.stdout, re.M)


def test_hang(build: Build) -> None:
    done = sim("mps2_an500", build("misbehave", flags=["-DACTION=HANG"]), "--timeout", "0.5")
    assert done.returncode == 1
    assert done.stdout == "about to misbehave\n"
    assert "did not finish within 0.5 s; it was at" in done.stderr
    assert "misbehave.c:" in done.stderr


def test_host_program_that_hangs(tmp_path: Path) -> None:
    program = _program(tmp_path, "for (;;) { }")
    done = sim("host", program, "--timeout", "0.5")
    assert (done.returncode, "did not finish within 0.5 s" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 5;", "exited with status 5 without calling board_finish"),
        ("*(volatile int *)8 = 1;", "ended by signal 11"),
    ],
)
def test_host_program_that_ends_early(tmp_path: Path, body: str, message: str) -> None:
    done = sim("host", _program(tmp_path, body))
    assert done.returncode == 1 and message in done.stderr


def test_qemu_is_missing(build: Build) -> None:
    done = sim("mps2_an500", build("echo"), path="/nonexistent")
    assert done.returncode == 1
    assert "qemu-system-arm is not installed" in done.stderr and "remedy" in done.stderr


def test_settings_that_the_emulator_does_not_know(build: Build) -> None:
    done = sim("mps2_an500", build("echo"), "--set", "revision=Y")
    assert done.returncode == 1 and "unknown emulator setting 'revision'" in done.stderr


def test_not_an_elf(tmp_path: Path, build: Build) -> None:
    text, cut, strange = tmp_path / "text.elf", tmp_path / "cut.elf", tmp_path / "stripped.elf"
    text.write_text("no ELF")
    cut.write_bytes(build("echo").read_bytes()[:100])
    shutil.copy(build("echo"), strange)
    subprocess.run(["arm-none-eabi-strip", strange], check=True)
    for elf, message in [
        (tmp_path / "none.elf", "no such file"),
        (text, "not an ELF file"),
        (cut, "not an ELF file"),
        (Path("/bin/true"), "no linked program for 32-bit Arm"),
        (strange, "no symbol 'board_finish'"),
    ]:
        done = sim("mps2_an500", elf)
        assert done.returncode == 1, elf
        assert message in done.stderr and "Traceback" not in done.stderr


def test_not_a_reference(tmp_path: Path, build: Build) -> None:
    text, other, floats = (tmp_path / name for name in ("text.npz", "other.npz", "floats.npz"))
    text.write_text("no archive")
    np.savez(other, inputs=np.zeros(3))
    np.savez(floats, outputs=np.zeros((2, 3)))
    for path, message in [
        (tmp_path / "none.npz", "no such file"),
        (text, "not a reference.npz"),
        (other, "not a reference.npz"),
        (floats, "float64"),
    ]:
        done = sim("mps2_an500", build("echo"), "--reference", path)
        assert done.returncode == 1
        assert message in done.stderr and "Traceback" not in done.stderr


def test_where_an_address_is(build: Build) -> None:
    elf = Elf(build("echo"))
    assert elf.describe(elf.address("main")).startswith(
        f"{elf.address('main'):#010x} in main (echo.c:"
    )
    assert elf.describe(0x70000000) == "0x70000000"


def _program(folder: Path, body: str) -> Path:
    source, program = folder / "program.c", folder / "program"
    source.write_text(f"int main(void) {{ {body} }}")
    subprocess.run(["gcc", "-o", program, source], check=True)
    return program
