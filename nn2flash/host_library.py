"""A network's generated C as a shared library of this computer, called through ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from codegen.generate import generate, network_context
from codegen.ir.graph import Graph, Value
from codegen.ir.types import Int8Array
from codegen.kernels.wanted import Kernels
from codegen.plan import Plan
from codegen.render import render
from support.errors import UserError, of_system
from support.files import sha256_file, write_bytes, write_text
from support.places import ROOT, cache_folder

NAME = "network"
RUNTIME = ROOT / "firmware" / "runtime"
TEMPLATE = "host/library.c.j2"
COMPILERS = ("cc", "gcc", "clang")
# Without -ffp-contract=off a compiler may fuse a product with a sum: docs/numerics.md.
OPTIONS = ("-std=c11", "-O1", "-fPIC", "-ffp-contract=off", "-fno-math-errno")


class HostLibrary:
    """A compiled network.

    Attributes:
        plan: what was generated.
        written: number of a layer and a value that it writes; `run` gives them in this order.

    Raises:
        UserError: no C compiler, or one that fails.
    """

    def __init__(self, graph: Graph, kernels: Kernels) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nn2flash-")
        folder = Path(self._folder.name)
        self.plan = generate(graph, NAME, folder, kernels=kernels)
        self.written = _written(self.plan)
        write_text(folder / "library.c", library_source(self.plan, NAME))
        self._library = ctypes.CDLL(str(_compiled(folder)))
        if self._library.nn_host_start() != 1:
            raise UserError(f"{graph.origin}: its C does not start here", "report this as a defect")

    def run(self, inputs: Int8Array) -> tuple[Int8Array, Int8Array]:
        """Compute rows.

        Args:
            inputs: int8 [N, bytes of all inputs].

        Returns:
            int8 [N, bytes of all outputs], and int8 [N, bytes of all of `written`].

        Raises:
            UserError: a run fails.
        """
        rows = np.ascontiguousarray(inputs, np.int8)
        outputs = np.zeros((len(rows), self.plan.graph.output_bytes), np.int8)
        layers = np.zeros((len(rows), sum(value.bytes for _, value in self.written)), np.int8)
        arrays = [array.ctypes.data_as(ctypes.c_void_p) for array in (rows, outputs, layers)]
        done = self._library.nn_host_run(*arrays, ctypes.c_uint32(len(rows)))
        if done != len(rows):
            raise UserError(f"input {done} was not computed", "report this as a defect")
        return outputs, layers


def library_source(plan: Plan, name: str) -> str:
    """The C that calls a network `name` from Python and keeps what its layers write."""
    rows = [
        {"layer": layer, "offset": plan.layout.in_arena(value).offset, "bytes": value.bytes}
        for layer, value in _written(plan)
    ]
    return render(TEMPLATE, {"net": network_context(plan, name), "written": rows})


def _written(plan: Plan) -> tuple[tuple[int, Value], ...]:
    """What each step leaves in the activations, with the number of its last layer."""
    return tuple(
        (step.numbers[-1], value) for step in plan.steps for value in step.lowered.op.outputs
    )


def _compiled(folder: Path) -> Path:
    """The library of all C in a folder, and the runtime."""
    compiler = _compiler()
    objects = _objects(compiler, sorted(folder.glob("*.c")), folder, [folder])
    library = folder / "library.so"
    runtime = str(_runtime(compiler, folder))
    _run([compiler, "-shared", *objects, runtime, "-lm", "-o", str(library)])
    return library


def _compiler() -> str:
    """CC, or what is called as a C compiler usually is."""
    found = os.environ.get("CC") or next(filter(None, map(shutil.which, COMPILERS)), None)
    if found is None:
        raise UserError(
            "running a network's C on this computer needs a C compiler",
            "nn2flash doctor says how to install it",
        )
    return found


def _runtime(compiler: str, folder: Path) -> Path:
    """The runtime as one object; it is the same for all networks, and kept for the next one.

    What is kept is this compiler's: another version, or another computer with the same home folder,
    has its own. Its name ends with its hash: one that was damaged is made again. Where nothing can
    be kept, it is in `folder`.
    """
    files = [path for path in sorted(RUNTIME.rglob("*")) if path.suffix in (".c", ".h")]
    known = (compiler, _run([compiler, "--version"]), platform.machine(), *OPTIONS)
    digest = hashlib.sha256("\0".join(known).encode())
    for path in files:
        digest.update(path.read_bytes())
    stem = f"runtime-{digest.hexdigest()[:24]}"
    cache = cache_folder()
    for kept in sorted(cache.glob(f"{stem}-*.o")) if cache else ():
        if kept.name == _named(stem, kept):
            return kept
    made = folder / f"{stem}.o"
    with tempfile.TemporaryDirectory(prefix="nn2flash-") as name:
        sources = [path for path in files if path.suffix == ".c"]
        objects = _objects(compiler, sources, Path(name), [])
        _run([compiler, "-r", "-nostdlib", *objects, "-o", str(made)])
    if cache:
        with contextlib.suppress(OSError):  # read-only, full: the next one makes it again
            write_bytes(cache / _named(stem, made), made.read_bytes())
    return made


def _named(stem: str, path: Path) -> str:
    """The name under which a file is kept."""
    return f"{stem}-{sha256_file(path)[:24]}.o"


def _objects(
    compiler: str, sources: Sequence[Path], folder: Path, includes: Sequence[Path]
) -> list[str]:
    """Objects of C files in a folder, as many at a time as this computer computes."""
    words = [compiler, *OPTIONS]
    words += [f"-I{path}" for path in (*includes, RUNTIME, RUNTIME / "kernels")]

    def compiled(source: Path) -> str:
        made = str(folder / f"{source.name}.o")
        _run([*words, "-c", str(source), "-o", made])
        return made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compiled, sources))


def _run(words: Sequence[str]) -> str:
    """Run a program; returns what it said.

    Raises:
        UserError: it cannot be started, or fails.
    """
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        raise of_system(error, words[0], "give another CC=") from None
    if done.returncode != 0:
        raise UserError(f"{words[0]} failed: {done.stderr.strip()[-800:]}", "give another CC=")
    return done.stdout
