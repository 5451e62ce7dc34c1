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


def build(model: Path, kernels: str, calibration: Path | None, folder: Path) -> Path:
    """Generate and link a network; returns its ELF, with the sources beside it.

    Kernels are compiled for speed and everything else for size, as `scons` does.

    Raises:
        UserError: a command or the compiler failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words: list[str | Path] = ["codegen", "generate", "--model", model, "--kernels", kernels]
    words += ["--calibration", calibration] if calibration else []
    command(*words, "--out-dir", folder)
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        raise UserError("arm-none-eabi-gcc not found", "run ./bootstrap scons bench")
    includes = [f"-I{path}" for path in (RUNTIME, RUNTIME / "kernels", folder, HERE)]
    sources = [*RUNTIME.rglob("*.c"), *folder.glob("network*.c"), *folder.glob("network*.S")]
    objects = []
    for source in (*sorted(sources), HERE.parent / "ours.c"):
        fast = source.parent.name == "kernels" or source.stem == "network_kernels"
        speed = "-O2" if fast else "-Os"
        obj = folder / f"{source.name}.o"
        _compile([compiler, *MACHINE, speed, *includes, "-c", str(source), "-o", str(obj)])
        objects.append(str(obj))
    elf = folder / "bench.elf"
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T", str(HERE / "peer.ld")]
    _compile([compiler, *MACHINE, *link, *objects, "-lm", "-o", str(elf)])
    return elf


def _compile(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"the benchmark does not compile:\n{done.stderr[-2000:]}")
