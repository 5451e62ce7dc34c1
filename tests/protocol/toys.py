"""Toy firmware that answers the protocol, really compiled; and its network in Python."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device.boards import read_board
from device.comparison import Int8Array

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
APPS = Path(__file__).parent / "apps"
TINY_LD = ROOT / "tests" / "device" / "apps" / "tiny.ld"

INPUTS, OUTPUTS, POISON = 260, 7, 99
_OPTIONS = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O2", "-g"]
_SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
_PROTOCOL = [
    FIRMWARE / "app" / f"{stem}.c" for stem in ("protocol", "validate", "crc32", "console")
]


def board_toml(board: str) -> Path:
    """The board.toml of one of the project's boards."""
    return FIRMWARE / "boards" / board / "board.toml"


def link_toy(board: str, out: Path, flags: Sequence[str] = ()) -> Path:
    """Toy firmware for a board; the host's is built with sanitizers."""
    cpu = read_board(board_toml(board)).cpu
    sources = [APPS / "main.c", FIRMWARE / "boards" / board / "board.c"]
    if cpu.native:
        compiler, machine = "gcc", _SANITIZERS
    else:
        compiler = "arm-none-eabi-gcc"
        machine = [*cpu.flags, "-nostartfiles", "--specs=nano.specs", f"-T{TINY_LD}"]
        machine += ["-Wl,--no-warn-rwx-segments"]
        sources += [FIRMWARE / "cortex_m" / f"{stem}.c" for stem in ("startup", "faults")]
    return _compile(compiler, [*machine, f'-DTOY_BOARD="{board}"', *flags], sources, out)


def link_fuzz(out: Path, flags: Sequence[str] = _SANITIZERS) -> Path:
    """The fuzzer of the receiver; without other `flags` under sanitizers of addresses and more."""
    return _compile("gcc", [*flags, '-DTOY_BOARD="fuzz"'], [APPS / "fuzz.c"], out)


def _compile(compiler: str, flags: Sequence[str], sources: Sequence[Path], out: Path) -> Path:
    includes = [f"-I{folder}" for folder in (APPS, FIRMWARE / "app", FIRMWARE / "cortex_m")]
    everything = [*sources, APPS / "toy.c", *_PROTOCOL]
    command = [compiler, *_OPTIONS, *flags, *includes, *map(str, everything), "-o", str(out)]
    subprocess.run(command, check=True)
    return out


def toy_outputs(inputs: Int8Array) -> Int8Array:
    """int8 [N, 260] -> int8 [N, 7]: what toy.c says it computes."""
    columns = [inputs[:, i::OUTPUTS].astype(np.int64).sum(axis=1) for i in range(OUTPUTS)]
    return np.stack(columns, axis=1).astype(np.uint8).view(np.int8)


def toy_layers(inputs: Int8Array) -> dict[int, Int8Array]:
    """The two layers that toy.c shows: the inputs doubled, and the outputs."""
    return {0: (inputs.astype(np.int64) * 2).astype(np.uint8).view(np.int8), 1: toy_outputs(inputs)}


def toy_inputs(count: int, seed: int = 1) -> Int8Array:
    """Seeded inputs, none of them poisoned: noise, runs and everything between."""
    random = np.random.default_rng(seed)
    rows = random.integers(-128, 128, (count, INPUTS)).astype(np.int8)
    for row in rows[: count // 2]:
        cut = int(random.integers(0, INPUTS))
        row[cut:] = row[0]
    rows[rows[:, 0] == POISON, 0] = 0
    return rows
