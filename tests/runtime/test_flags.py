"""Whatever flags the host project compiles with: the reference's bytes, or a refusal."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from codegen.generate import generate
from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from codegen.reference import run as reference
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.programs import (
    FIRMWARE,
    HARNESS,
    Toolchain,
    case_options,
    compile_all,
    generated_sources,
    link,
    run,
    run_program,
    runtime_sources,
    toolchain,
)
from tests.runtime.conftest import Network
from tests.sampled import sampled

RUNTIME = FIRMWARE / "runtime"
SIZE = 64
FAST = ("-O3", "-ffp-contract=fast")
# All of -ffast-math that neither compiler announces by a macro.
UNSAFE = (*FAST, "-fno-trapping-math", "-fno-signed-zeros", "-ffinite-math-only")
FUSED = ("-mfma",)
SSE = ("-m32", "-msse2", "-mfpmath=sse")
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="flags of x86")


def telling_addends() -> npt.NDArray[np.float32]:
    """float32 [64] for `every_byte`, each giving another byte for some input to what fuses
    multiply and add (one half), or multiplies by the reciprocal (the other)."""
    rng = np.random.default_rng(31)
    x = rng.integers(-128, 128, 200_000)
    step, unit = np.float32(0.043), np.float32(0.0371)
    boundary = rng.integers(-100, 100, len(x)) + 0.5
    addend = (boundary * float(unit) - (x - 5) * float(step)).astype(np.float32)
    real = (x - 5).astype(np.float32) * step
    exact = np.rint((real + addend) / unit)
    # An int8 times a float32 is exact in float64, and so is this sum: rounded once.
    fused = ((x - 5) * np.float64(step) + np.float64(addend)).astype(np.float32)
    one = addend[np.rint(fused / unit) != exact]
    other = addend[np.rint((real + addend) * (np.float32(1) / unit)) != exact]
    return np.concatenate([one[: SIZE // 2], other[: SIZE // 2]])


def every_byte() -> QdqModel:
    """Each of the 256 bytes and a constant, 64 of them: 16,384 sums."""
    model = QdqModel((1, SIZE)).qdq(0.043, 5)
    return model.then("Add", model.constant(telling_addends())).qdq(0.0371, -9)


def some_layers() -> QdqModel:
    """64 → 64 → 64."""
    rng = np.random.default_rng(32)
    model = QdqModel((1, SIZE)).qdq(0.043, 5)
    for _ in range(2):
        weights, bias = random_layer(rng, SIZE, SIZE)
        scale = np.float32(0.043) * np.float32(0.01)
        model.gemm(weights, 0.01, bias, scale).qdq(0.043, 5)
    return model


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Network]:
    """One of each kernel that computes with floats."""
    found = []
    inputs = np.repeat(np.arange(-128, 128).astype(np.int8)[:, None], SIZE, axis=1)
    for name, build, kernels in (
        ("added", every_byte, "portable"),
        ("plain", some_layers, "portable"),
        ("dense", some_layers, "dense"),
        ("sparse", some_layers, "sparse"),
    ):
        folder = tmp_path_factory.mktemp(name)
        graph = read_graph(build().save(folder / f"{name}.onnx"))
        generate(graph, name, folder, kernels=Kernels(kernels, inputs))
        found.append(Network(name, graph, inputs, folder))
    return found


def clang_for_m7() -> Toolchain:
    """Clang with newlib's headers."""
    gcc = toolchain("mps2_an500")
    specs = run(["arm-none-eabi-gcc", "-print-file-name=nano.specs"]).strip()
    headers = Path(specs).resolve().parents[1] / "include"
    flags = ("--target=arm-none-eabi", *gcc.board.cpu.flags, "-isystem", str(headers))
    return Toolchain(gcc.board, "clang", flags)


def compiler_of(name: str) -> Toolchain:
    """A compiler of this computer or for a Cortex-M7, without sanitizers."""
    if name == "clang for m7":
        return clang_for_m7()
    if name == "gcc for m7":
        return toolchain("mps2_an500")
    return toolchain("host", name, sanitize=False)


FLAGS = [
    pytest.param("gcc", (*FAST, *FUSED), marks=X86),
    pytest.param("clang", (*FAST, *FUSED), marks=X86),
    pytest.param("gcc", (*UNSAFE, *FUSED), marks=X86),
    pytest.param("clang", (*UNSAFE, *FUSED, "-freciprocal-math", "-fassociative-math"), marks=X86),
    pytest.param("gcc", (*FAST, *SSE), marks=X86),
    ("gcc for m7", FAST),
    ("gcc for m7", UNSAFE),
    ("clang for m7", FAST),
]
# The one that rounds otherwise without nn_requantize.h's barrier.
TELLING = ("clang for m7", (*UNSAFE, "-freciprocal-math", "-fassociative-math"))


@pytest.mark.parametrize(
    ("compiler", "flags"),
    [*sampled(FLAGS, 1), TELLING],
    ids=lambda value: value if isinstance(value, str) else "".join(value[2:]) or "fast",
)
def test_bytes(
    compiler: str, flags: tuple[str, ...], networks: list[Network], tmp_path: Path
) -> None:
    tools = compiler_of(compiler)
    others = toolchain(tools.board.name, sanitize=False)
    machine = [flag for flag in flags if flag == "-m32"]
    objects = compile_all(
        others,
        [path for path in runtime_sources(tools.board.name) if RUNTIME not in path.parents],
        tmp_path / "board",
        *others.includes(),
        *machine,
    )
    ours = [path for path in runtime_sources(tools.board.name) if RUNTIME in path.parents]
    objects += compile_all(tools, ours, tmp_path / "runtime", *tools.includes(), *flags)
    for each in networks:
        made = generated_sources(each.folder, each.name)
        options = [*tools.includes(each.folder), *flags]
        objects += compile_all(tools, made, tmp_path / each.name, *options)
        defines = case_options(each.name, each.graph, each.inputs, each.folder)
        options = [*others.includes(HARNESS, each.folder), *defines, *machine]
        case = [HARNESS / "case.c", HARNESS / "inputs.S"]
        objects += compile_all(others, case, tmp_path / f"{each.name}-case", *options)
    (tmp_path / "cases.inc").write_text("".join(f"CASE({each.name})\n" for each in networks))
    results = sum(each.inputs.size for each in networks)
    options = [*others.includes(HARNESS, tmp_path), f"-DRESULTS_SIZE={results}", *machine]
    main = tmp_path / "main.o"
    objects.append(others.compile(HARNESS / "main.c", main, *options, f"-DLARGEST_OUTPUT={SIZE}"))
    sizes = {
        "kernels": 12 << 10,
        "weights": 40_000,
        "activations": 4,
        "subset": results,
        "results": results,
    }
    linker = Toolchain(others.board, others.compiler, (*others.options, *machine))
    done = run_program(tools.board.name, link(linker, objects, tmp_path / "program", sizes))
    assert done.status == 0, done.console
    found = np.frombuffer(done.results, np.int8).reshape(len(networks), -1, SIZE)
    for each, outputs in zip(networks, found, strict=True):
        np.testing.assert_array_equal(outputs, reference(each.graph, each.inputs), each.name)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param(["-m32"], "add -msse2 -mfpmath=sse", marks=X86),
        pytest.param(["-mfpmath=387"], "add -msse2 -mfpmath=sse", marks=X86),
        (["-ffast-math"], "compile this library without them"),
        (["-funsafe-math-optimizations"], "compile this library without them"),
        (["-freciprocal-math"], "compile this library without them"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
@pytest.mark.parametrize("source", ["nn_elementwise.c", "nn_fully_connected.c", "nn_packed.c"])
def test_refused(source: str, flags: list[str], message: str) -> None:
    path = FIRMWARE / "runtime/kernels" / source
    words = ["gcc", "-std=c11", *flags, f"-I{path.parents[1]}", "-fsyntax-only", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and message in done.stderr
