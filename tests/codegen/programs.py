"""Generated networks as running programs: on this computer with sanitizers, on an emulated board.

Everything goes through what users call: `generate`, the public C interface, the linker script, the
emulators.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from unicorn import arm_const

from codegen.generate import generate
from codegen.ir.graph import Graph
from codegen.kernels.wanted import PORTABLE, Kernels
from codegen.outputs import LEGACY
from codegen.place import place_objects
from codegen.reference import run as run_reference
from codegen.render import render
from codegen.target import CORTEX_M7, Target
from device.bench.counter import PAGE, Machine
from device.boards import Board, read_board
from device.emulators import SimOptions, SimResult, emulator
from tests.codegen.shared_objects import compiled_once

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
HARNESS = Path(__file__).parent / "harness"

# The processor faults on every unaligned access, and the compiler makes none: harness/main.c.
ALIGNED = ("-mno-unaligned-access", "-DTRAP_UNALIGNED")

# What docs/architecture.md and the brief of the runtime promise to compile under.
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-ffp-contract=off"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

# Of the board mps2_an500.
UART = 0x40004000

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Case:
    """A network under a name of its own, and what to run it on.

    Attributes:
        inputs: int8 [N, input size].
        kernels: which kernels compute it.
        c_api: the interface through which it is called.
        target: the processor that its kernels are chosen for.
    """

    name: str
    graph: Graph
    inputs: Int8Array
    kernels: Kernels = PORTABLE
    c_api: str = LEGACY
    target: Target = CORTEX_M7

    @property
    def expected(self) -> Int8Array:
        """int8 [N, output size], by the reference."""
        return run_reference(self.graph, self.inputs)


@dataclass(frozen=True)
class Toolchain:
    """A compiler for a board, with the options that this project's build uses."""

    board: Board
    compiler: str
    options: tuple[str, ...]

    def includes(self, *folders: Path) -> list[str]:
        """-I for the firmware's folders and `folders`."""
        own = [FIRMWARE / name for name in ("app", "runtime", "cortex_m")]
        return [f"-I{folder}" for folder in (*own, *folders)]

    def compile(self, source: Path, out: Path, *options: str) -> Path:
        """One object; the compiler's words are in the exception when it fails."""
        strict = STRICT if source.suffix == ".c" else []
        run([self.compiler, *self.options, *strict, *options, "-c", str(source), "-o", str(out)])
        return out


def run(command: Sequence[str], folder: Path | None = None) -> str:
    """Run a tool, in `folder` if one is given, and return its output; a failure shows what it
    said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


# Cores that Unicorn has beside the boards' own, which QEMU runs: their FPU by GCC's name.
CORES = {
    "cortex-m4": ("fpv4-sp-d16", arm_const.UC_CPU_ARM_CORTEX_M4),
    "cortex-m33": ("fpv5-sp-d16", arm_const.UC_CPU_ARM_CORTEX_M33),
}


@cache
def toolchain(
    board: str,
    compiler: str = "",
    sanitize: bool = True,
    further: tuple[str, ...] = (),
    core: str = "",
) -> Toolchain:
    """The compiler of a board: gcc with sanitizers for `host`, arm-none-eabi-gcc else.

    Args:
        further: options behind the board's.
        core: one of `CORES` in the place of the board's.
    """
    facts = read_board(FIRMWARE / "boards" / board / "board.toml")
    if core:
        facts = replace(facts, cpu=replace(facts.cpu, core=core, fpu=CORES[core][0]))
    if facts.cpu.native:
        options = ["-O1", "-g", *(SANITIZERS if sanitize else [])]
        return Toolchain(facts, compiler or "gcc", (*options, *further))
    sections = ["-O2", "-g", "-ffunction-sections", "-fdata-sections", *further]
    return Toolchain(facts, compiler or "arm-none-eabi-gcc", (*facts.cpu.flags, *sections))


def runtime_sources(board: str) -> list[Path]:
    """Hand-written C that every network on this board links."""
    folders = ["runtime", f"boards/{board}"]
    facts = toolchain(board).board
    if not facts.cpu.native:
        folders.append("cortex_m")
    if facts.chip.family:
        folders += ["chips/stm32", f"chips/{facts.chip.family}"]
    sources = [path for name in folders for path in sorted((FIRMWARE / name).rglob("*.c"))]
    return [FIRMWARE / "app/console.c", *sources]


def generated_sources(folder: Path, name: str) -> list[Path]:
    """The C and assembly that `generate` wrote for a network."""
    parts = (".c", "_data.c", "_data_params.c", "_kernels.c", "_assembly.S")
    return [path for part in parts if (path := folder / f"{name}{part}").exists()]


def compile_all(
    tools: Toolchain, sources: Iterable[Path], folder: Path, *options: str
) -> list[Path]:
    """Objects of all sources in `folder`, two at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(tools.compile, source, folder / f"{i}-{source.name}.o", *options)
            for i, source in enumerate(sources)
        ]
        return [job.result() for job in jobs]


@cache
def runtime_objects(board: str, further: tuple[str, ...] = (), core: str = "") -> tuple[Path, ...]:
    """Runtime, board and console, compiled once for all that runs at a time."""
    tools = toolchain(board, further=further, core=core)
    sources = runtime_sources(board)
    folder = compiled_once(
        [tools.compiler, *tools.options, *STRICT],
        FIRMWARE,
        [*sources, *FIRMWARE.rglob("*.h")],
        lambda new: compile_all(tools, sources, new, *tools.includes()),
    )
    return tuple(sorted(folder.glob("*.o")))


def link(tools: Toolchain, objects: Sequence[Path], out: Path, sizes: dict[str, int]) -> Path:
    """An ELF; for boards with memories through the project's own placement and linker script."""
    words = [tools.compiler, *tools.options, *map(str, objects)]
    if tools.board.cpu.native:
        run([*words, "-lm", "-o", str(out)])
        return out
    memories: dict[str, Any] = tools.board.to_json()
    placement = {"objects": place_objects(memories, sizes, {})}
    script = out.with_suffix(".ld")
    script.write_text(
        render("board/firmware.ld.j2", {"memories": memories, "placement": placement})
    )
    flags = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", f"-T{script}"]
    run([*words, *flags, "-Wl,--no-warn-rwx-segments", "-lm", "-o", str(out)])
    return out


def run_cases(
    cases: Sequence[Case],
    folder: Path,
    board: str = "host",
    further: tuple[str, ...] = (),
    core: str = "",
) -> list[Int8Array]:
    """Generate, compile and link all networks into one program, run it, return its outputs.

    Args:
        further: options of the compiler, behind the board's.
        core: one of `CORES`, on which Unicorn runs what is compiled for it; empty: the board's.

    Returns:
        one int8 [N, output size] for each case.
    """
    tools = toolchain(board, further=further, core=core)
    objects = list(runtime_objects(board, further, core))
    results = sum(len(case.inputs) * case.graph.output_bytes for case in cases)
    largest = max(case.graph.output_bytes for case in cases)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda case: _case_objects(tools, case, folder / case.name), cases))
    weights = sum(size for size, _ in made)
    objects += [each for _, parts in made for each in parts]
    listing = folder / "cases.inc"
    listing.write_text("".join(f"CASE({case.name})\n" for case in cases))
    sizes = [f"-DRESULTS_SIZE={results}", f"-DLARGEST_OUTPUT={largest}"]
    options = [*tools.includes(HARNESS, folder), *sizes]
    objects.append(tools.compile(HARNESS / "main.c", folder / "main.o", *options))
    inputs = sum(case.inputs.size for case in cases)
    elf = link(
        tools,
        objects,
        folder / f"{board}.elf",
        {
            "kernels": 12 << 10,
            "weights": weights,
            "activations": 4,
            "subset": inputs,
            "results": results,
        },
    )
    if core:
        return _split(cases, _on_core(core, elf, folder, results))
    done = run_program(board, elf)
    assert done.status == 0, done.console
    return _split(cases, done.results)


def _on_core(core: str, elf: Path, folder: Path, size: int) -> bytes:
    """Run a program on one of `CORES` until it hands out its results: so many bytes."""
    machine = Machine(elf, folder, CORES[core][1])
    machine.map(UART, PAGE)
    machine.run_until("Reset_Handler", "board_finish", limit=0)
    assert machine.engine.reg_read(arm_const.UC_ARM_REG_R0) == 0, "board_finish(1, …)"
    return bytes(machine.engine.mem_read(machine.symbol("results"), size))


def run_program(board: str, elf: Path) -> SimResult:
    """Run a program to board_finish()."""
    facts = toolchain(board).board
    return emulator(facts.emulator).run(facts, elf, SimOptions(300.0, lambda _: None))


def case_options(name: str, graph: Graph, inputs: Int8Array, folder: Path) -> list[str]:
    """Write what harness/case.c includes for a network into `folder`; what to compile it with."""
    bytes_file = folder / "inputs.bin"
    bytes_file.write_bytes(np.ascontiguousarray(inputs).tobytes())
    ends = [f"IN({i + 1})" for i in range(len(graph.inputs))]
    ends += [f"OUT({i + 1})" for i in range(len(graph.outputs))]
    (folder / "ports.inc").write_text("".join(f"{end}\n" for end in ends))
    return [
        f"-DNN_NAME={name}",
        f"-DNN_UPPER={name.upper()}",
        f'-DNN_HEADER="{name}.h"',
        f'-DNN_DATA="{name}_data.h"',
        f'-DNN_INPUTS="{bytes_file}"',
        f"-DNN_INPUT_BYTES={graph.input_bytes}",
        f"-DNN_OUTPUT_BYTES={graph.output_bytes}",
    ]


def _case_objects(tools: Toolchain, case: Case, folder: Path) -> tuple[int, list[Path]]:
    """Bytes of weights, and the objects of one network with its inputs."""
    plan = generate(
        case.graph, case.name, folder, case.c_api, kernels=case.kernels, target=case.target
    )
    defines = case_options(case.name, case.graph, case.inputs, folder)
    main = HARNESS / ("case.c" if case.c_api == LEGACY else "case_stai.c")
    sources = [*generated_sources(folder, case.name), main, HARNESS / "inputs.S"]
    options = [*tools.includes(HARNESS, folder), *defines]
    objects = []
    for suffix in (".c", ".S"):
        # One file includes all of its kind: a compiler that starts costs as much as it compiles
        # here. File by file they are compiled where users' builds are tried.
        together = folder / f"together{suffix}"
        alike = [source for source in sources if source.suffix == suffix]
        together.write_text("".join(f'#include "{source}"\n' for source in alike))
        out = folder / f"{tools.board.name}-together{suffix}.o"
        objects.append(tools.compile(together, out, *options))
    return plan.weights_size, objects


def _split(cases: Sequence[Case], results: bytes) -> list[Int8Array]:
    outputs, start = [], 0
    for case in cases:
        shape = (len(case.inputs), case.graph.output_bytes)
        size = shape[0] * shape[1]
        outputs.append(np.frombuffer(results[start : start + size], np.int8).reshape(shape))
        start += size
    assert start == len(results)
    return outputs
