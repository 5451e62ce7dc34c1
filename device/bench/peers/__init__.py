"""Other runtimes, built from registry packages for the same network and the same inputs.

One C file for each peer beside this module, with `bench_init` and `bench_run` of layers.h.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from support.errors import UserError

HERE = Path(__file__).parent
MACHINE = (
    "-mcpu=cortex-m7",
    "-mthumb",
    "-mfpu=fpv5-sp-d16",
    "-mfloat-abi=hard",
    "-std=gnu11",
    "-ffunction-sections",
    "-fdata-sections",
    "-ffp-contract=off",
    "-fno-math-errno",
)
FLAGS = (
    *MACHINE,
    "-O3",
    "-w",
    "-nostartfiles",
    "--specs=nano.specs",
    "--specs=nosys.specs",
    "-Wl,--gc-sections",
)


@dataclass(frozen=True)
class Peer:
    """A runtime to compare with.

    Attributes:
        title: as the table names it.
        source: its C file beside this module.
        package: the module of the registry package it comes from, or "" for our own C.
        answers: "bytes" when its int8 outputs can be compared, "class" when it gives the class
            alone, "count" when neither can be compared.
        prepare: returns further sources and include folders for a model, made in a folder.
        options: further ones for the compiler.
    """

    title: str
    source: str
    package: str
    answers: str
    prepare: Callable[[Path, Path], tuple[list[Path], list[Path]]]
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in figures; that of its C file."""
        return Path(self.source).stem


def _package(name: str) -> Path:
    found = find_spec(name)
    if found is None or found.origin is None:
        raise UserError(f"the package {name} is not installed", "run ./bootstrap scons bench")
    return Path(found.origin).parent


def _nothing(model: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    return [], []


def _cmsis_nn(model: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    sources, includes = _all_of_cmsis_nn(model, folder)
    names = ("arm_fully_connected_s8.c", "arm_nn_vec_mat_mult_t_s8.c")
    return [source for source in sources if source.name in names], includes


def _all_of_cmsis_nn(model: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    vendor = _package("bakenn") / "backend" / "cmsis_nn" / "vendor" / "cmsis_nn"
    core = [path.parent for path in _package("bakenn").rglob("cmsis_compiler.h")]
    return sorted((vendor / "Source").rglob("*.c")), [vendor / "Include", *core[:1]]


def _emlearn(model: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    return [], [_package("emlearn")]


def _emx(model: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    _package("emx_onnx_cgen")
    tool = Path(sys.executable).parent / "emx-onnx-cgen"
    source = folder / "emx_model.c"
    words = [str(tool), "compile", "--model-name", "model", "--large-temp-threshold", "0"]
    # No weight is large enough for a file of its own; float sums as they are.
    words += ["--large-weight-threshold", "1000000000", "--fp32-accumulation-strategy", "simple"]
    done = subprocess.run(
        [*words, str(model.resolve()), str(source)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UserError(f"emx-onnx-cgen failed: {done.stderr.strip()[-300:]}")
    return [source], []


PEERS = (
    Peer("CMSIS-NN 6 (bakenn 1.0.0), per tensor", "cmsis_nn.c", "bakenn", "count", _cmsis_nn),
    Peer("naive C, zero point folded", "naive.c", "", "bytes", _nothing),
    Peer("emlearn 0.23.2, float", "emlearn.c", "emlearn", "class", _emlearn),
    Peer("emx-onnx-cgen 1.4.0, QDQ as floats", "emx.c", "emx_onnx_cgen", "class", _emx),
)


# What convolutional networks are compared with: "bytes" for all, whatever is equal.
CONV_PEERS = (
    Peer("CMSIS-NN 6 (bakenn 1.0.0)", "cmsis_nn_graph.c", "bakenn", "bytes", _all_of_cmsis_nn),
    Peer(
        "emx-onnx-cgen 1.4.0, QDQ as floats",
        "emx_graph.c",
        "emx_onnx_cgen",
        "bytes",
        _emx,
        # Each node a function of its own, so that it can be told from the rest.
        ("-DEMX_NODE_FN=static __attribute__((noinline))",),
    ),
)


def build(peer: Peer, model: Path, folder: Path, *options: str) -> Path:
    """Compile a peer for a model with the compiler and flags of our own kernels; returns its ELF.

    Args:
        options: further ones for the compiler.

    Raises:
        UserError: a missing package or compiler, or sources that do not compile.
    """
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        raise UserError("arm-none-eabi-gcc not found", "run ./bootstrap scons bench")
    folder.mkdir(parents=True, exist_ok=True)
    sources, includes = peer.prepare(model, folder)
    elf = folder / f"{Path(peer.source).stem}.elf"
    words = [compiler, *FLAGS, *peer.options, *options, "-T", str(HERE / "peer.ld"), f"-I{HERE}"]
    words += [f"-I{path}" for path in includes]
    words += [str(HERE / peer.source), *map(str, sources), "-lm", "-o", str(elf)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"{peer.title} does not compile:\n{done.stderr[-2000:]}")
    return elf
