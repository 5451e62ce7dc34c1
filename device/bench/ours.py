"""Our own networks for the benchmark: generated, compiled and linked as a peer is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from device.bench.peers import HERE, MACHINE
from support.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "firmware" / "runtime"


def command(*words: str | Path) -> None:
    """Run one of the project's commands, `python -m …`; its message on failure."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise UserError(f"python -m {words[0]} {words[1]} failed:\n{done.stderr.strip()[-1000:]}")


def build(
    model: Path,
    kernels: str,
    calibration: Path | None,
    folder: Path,
    speed: str = "-O2",
    *,
    tables: str = "0",
) -> Path:
    """Generate and link a network; returns its ELF, with the sources beside it.

    Kernels are compiled for speed and everything else for size, as `scons` does.

    Args:
        speed: the compiler's option for kernels.
        tables: bytes of RAM for tables of expanded weights.

    Raises:
        UserError: a command or the compiler failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words: list[str | Path] = ["codegen", "generate", "--model", model, "--kernels", kernels]
    words += ["--calibration", calibration] if calibration else []
    words += ["--table-memory", tables]
    command(*words, "--out-dir", folder)
    compiler, includes = _compiler(), _includes(folder)
    for source in _sources(folder):
        fast = source.parent.name == "kernels" or source.stem == "network_kernels"
        words = [compiler, *MACHINE, speed if fast else "-Os", *includes]
        _compile([*map(str, words), "-c", str(source), "-o", f"{folder / source.name}.o"])
    return _link(folder, "bench")


def observed(folder: Path) -> Path:
    """The network that `build` left in a folder, linked so that its layers are told apart."""
    return _link(folder, "observed", "-DBENCH_OBSERVED")


def _link(folder: Path, name: str, *options: str) -> Path:
    """Link the folder's objects with the two functions of a peer; returns the ELF."""
    ends, elf = folder / f"{name}.ends", folder / f"{name}.elf"
    words = [_compiler(), *MACHINE, "-Os", *options, *_includes(folder)]
    _compile([*words, "-c", str(HERE.parent / "ours.c"), "-o", str(ends)])
    objects = [*(f"{folder / source.name}.o" for source in _sources(folder)), str(ends)]
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T", str(HERE / "peer.ld")]
    _compile([_compiler(), *MACHINE, *link, *objects, "-lm", "-o", str(elf)])
    return elf


def _sources(folder: Path) -> list[Path]:
    """The runtime's and those that were generated into a folder."""
    generated = [*folder.glob("network*.c"), *folder.glob("network*.S")]
    return sorted([*RUNTIME.rglob("*.c"), *generated])


def _compiler() -> str:
    found = shutil.which("arm-none-eabi-gcc")
    if found is None:
        raise UserError("arm-none-eabi-gcc not found", "run ./bootstrap scons bench")
    return found


def _includes(folder: Path) -> list[str]:
    return [f"-I{path}" for path in (RUNTIME, RUNTIME / "kernels", folder, HERE)]


def _compile(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"the benchmark does not compile:\n{done.stderr[-2000:]}")
