"""A network as it is really linked: bytes in flash and RAM, and instructions, emulated."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile

from codegen.generate import generate
from codegen.ir.graph import Graph
from codegen.kernels.wanted import Kernels
from codegen.target import Target, named_target
from device.bench.counter import Machine
from device.bench.peers import HERE
from tests.codegen.programs import FIRMWARE, generated_sources
from tests.codegen.shared_objects import compiled_once

RUNTIME = FIRMWARE / "runtime"
# GCC's name of a core → the options that it is compiled with.
CORES: dict[str, tuple[str, ...]] = {
    "cortex-m7": ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    "cortex-m3": ("-mcpu=cortex-m3", "-mthumb", "-mfloat-abi=soft"),
}
# As the build has them: kernels for speed, everything else for size.
COMMON = (
    "-std=gnu11",
    "-ffunction-sections",
    "-fdata-sections",
    "-ffp-contract=off",
    "-fno-math-errno",
)
FLASH = (".nn_kernels", ".text", ".rodata", ".nn_weights", ".data")
RAM = (".bss", ".data")


@dataclass(frozen=True)
class Linked:
    """Bytes and instructions of one network, alone with its runtime."""

    flash: int
    ram: int
    instructions: int


def target(core: str) -> Target:
    """The core with an FPU if it is compiled for one."""
    return named_target(core, fpu="-mfloat-abi=hard" in CORES[core])


def linked(graph: Graph, kernels: Kernels, core: str, folder: Path) -> Linked:
    """Generate, compile, link, and count an inference: of typical inputs the mean, where there are
    some, else one of seeded bytes."""
    generate(graph, "network", folder, kernels=kernels, target=target(core))
    sources = [*generated_sources(folder, "network"), HERE.parent / "ours.c"]
    objects = [*_runtime(core), *_compiled(core, sources, folder, folder)]
    elf = folder / "network.elf"
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T"]
    _run([_compiler(), *CORES[core], *link, HERE / "peer.ld", *objects, "-lm", "-o", elf])
    with elf.open("rb") as stream:
        sizes = {
            section.name: int(section["sh_size"]) for section in ELFFile(stream).iter_sections()
        }
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))
    inputs = kernels.calibration
    if inputs is None:
        inputs = np.random.default_rng(0).integers(-128, 128, (1, graph.input_bytes), np.int8)
    _, counts = machine.count("bench_run", inputs, graph.output_bytes)
    flash, ram = (sum(sizes.get(name, 0) for name in names) for names in (FLASH, RAM))
    return Linked(flash, ram, round(counts.mean()))


def _runtime(core: str) -> list[Path]:
    """The runtime's objects, compiled once for all tests."""
    sources = sorted(RUNTIME.rglob("*.c"))
    folder = compiled_once(
        [_compiler(), *CORES[core], *COMMON],
        FIRMWARE,
        [*sources, *FIRMWARE.rglob("*.h")],
        lambda new: _compiled(core, sources, new, RUNTIME),
    )
    return sorted(folder.glob("*.o"))


def _compiled(core: str, sources: list[Path], out: Path, includes: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    folders = [f"-I{path}" for path in (RUNTIME, RUNTIME / "kernels", includes, HERE)]

    def one(source: Path) -> Path:
        fast = source.parent.name == "kernels" or source.stem.endswith("_kernels")
        made = out / f"{source.name}.o"
        options = [*CORES[core], *COMMON, "-O2" if fast else "-Os", *folders]
        _run([_compiler(), *options, "-c", source, "-o", made])
        return made

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, sources))


def _compiler() -> str:
    found = shutil.which("arm-none-eabi-gcc")
    assert found, "arm-none-eabi-gcc is not installed: ./bootstrap scons test"
    return found


def _run(words: list[str | Path]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
