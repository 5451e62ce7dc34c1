"""Data becomes bytes in generated C as in Python: each uint8, each int16, hard floats, windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from codegen.arrays import write_arrays
from codegen.generate import generate
from codegen.inputs import load_inputs
from codegen.ir.graph import Graph
from codegen.ir.preprocessing import Arithmetic, apply
from codegen.reader.normalization import with_normalization
from codegen.reader.qdq import read_graph
from codegen.reference import preprocess_inputs, quantize_inputs
from model.module import normalization
from support.errors import UserError
from support.normalization import KEY, Step, packed
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.programs import (
    FIRMWARE,
    HARNESS,
    compile_all,
    link,
    run,
    run_program,
    runtime_objects,
    toolchain,
)

PROGRAMS = Path(__file__).parent / "programs"
Array = npt.NDArray[Any]
COLOURS = (
    Step("Div", (255.0,)),
    *normalization.steps_of([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
)
"""Of torchvision's pretrained networks."""
COUNTS = normalization.steps_of([2047.3, -11.25, 0.0], [811.7, 3.1e4, 1e-3])


def conv(size: tuple[int, ...], scale: float, zero_point: int) -> QdqModel:
    """Three channels through a convolution: bytes lie channels last."""
    weights = np.random.default_rng(3).integers(-9, 9, (2, 3, *[1] * len(size))).astype(np.int8)
    model = QdqModel((1, 3, *size)).qdq(scale, zero_point)
    return model.then("Conv", model.dequantized(weights, 0.01)).qdq(0.1, 0)


def flat(shape: tuple[int, ...], scale: float, zero_point: int) -> QdqModel:
    """Bytes lie as the shape says."""
    size = int(np.prod(shape))
    weights, bias = random_layer(np.random.default_rng(4), 4, size)
    model = QdqModel((1, *shape)).qdq(scale, zero_point).then("Flatten")
    return model.gemm(weights, 0.01, bias, np.float32(scale) * np.float32(0.01)).qdq(0.1, 0)


def arithmetic() -> QdqModel:
    """What the model itself does to its input, element by element."""
    model = QdqModel((1, 6))
    model.then("Sub", model.constant(np.arange(6, dtype=np.float32) * 7.3))
    model.value = model.add("Div", [model.constant(np.float32(1000)), model.value])
    model.then("Mul", model.constant(np.float32(0.3)))
    weights, bias = random_layer(np.random.default_rng(4), 4, 6)
    return model.qdq(0.05, 3).gemm(weights, 0.01, bias, 0.0005).qdq(0.1, 0)


NETWORKS: dict[str, tuple[Callable[[], QdqModel], tuple[Step, ...]]] = {
    "picture": (lambda: conv((4, 4), 0.0181, -14), COLOURS),
    "planes": (lambda: flat((3, 2, 2), 0.0181, -14), COLOURS),
    "counts": (lambda: flat((3,), 0.04, 5), COUNTS),
    "plain": (lambda: flat((6,), 0.05, 3), ()),
    "tiny": (lambda: flat((6,), 3e-39, 3), (Step("Div", (7.0,)),)),
    "own": (arithmetic, ()),
}


def network(name: str, build: QdqModel, steps: tuple[Step, ...], folder: Path) -> Graph:
    """Generated, with the normalization in its file's metadata."""
    path = build.save(folder / f"{name}.onnx")
    model = onnx.load(path)
    if steps:
        model.metadata_props.add(key=KEY, value=packed({"input": steps}))
        onnx.save(model, path)
    graph = read_graph(path)
    generate(graph, name, folder)
    return graph


def expected(graph: Graph, rows: Array) -> npt.NDArray[np.int8]:
    """int8 [N, size] of numbers [N, size] in the order of the bytes, what is no number as 0."""
    value = graph.input
    shaped = value.type.load(rows.astype(np.float32))
    real = apply(graph.from_data(0), shaped)
    stored = value.quantization.quantize(np.where(np.isnan(real), np.float32(0), real))
    result: npt.NDArray[np.int8] = value.type.store(stored)
    return result


def hard(graph: Graph, steps: tuple[Step, ...]) -> Array:
    """float32 [N, size]: no numbers, largest and smallest ones, about every tie, random bits."""
    rng = np.random.default_rng(9)
    size, quantization = graph.input.size, graph.input.quantization
    ends = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38], "f4")
    halves = (np.arange(-131, 131) + 0.5 - quantization.zero_point) * float(quantization.scale)
    for step in reversed(steps):
        of = step.constants[0]
        halves = halves * of if step.function == "Div" else halves + of
    ties = np.clip(halves, -3e38, 3e38).astype(np.float32)
    ties = np.concatenate([ties, np.nextafter(ties, np.float32(9e9)), np.nextafter(ties, -ties)])
    bits = rng.integers(0, 1 << 32, 4000, np.uint64).astype(np.uint32).view(np.float32)
    flat = np.concatenate([ends, ties, bits, rng.normal(0, 300, 2000).astype(np.float32)])
    return np.resize(flat, (-(-len(flat) // size), size)).astype(np.float32)


def run_rows(
    name: str, program: str, data: bytes, folder: Path, board: str, **defines: object
) -> bytes:
    """What a program of this folder hands out about a generated network."""
    tools = toolchain(board)
    (folder / "inputs.bin").write_bytes(data)
    options = [*tools.includes(folder), f"-DNN_NAME={name}", f"-DNN_UPPER={name.upper()}"]
    options += [f'-DNN_INPUTS="{folder / "inputs.bin"}"']
    options += ["-Wpedantic"]
    options += [f"-D{key}={value}" for key, value in defines.items()]
    sources = [folder / f"{name}_preprocess.c", HARNESS / "inputs.S", PROGRAMS / program]
    objects = compile_all(tools, sources, folder / board, *options)
    sizes = {"kernels": 4096, "weights": 4, "activations": 4}
    sizes |= {"subset": len(data) + 4, "results": 4_000_000}
    elf = link(tools, [*runtime_objects(board), *objects], folder / board / "program.elf", sizes)
    done = run_program(board, elf)
    assert done.status == 0, done.console
    return done.results


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_as_in_python(name: str, board: str, tmp_path: Path) -> None:
    build, steps = NETWORKS[name]
    graph = network(name, build(), steps, tmp_path)
    size = graph.input.size
    header = (tmp_path / f"{name}_preprocess.h").read_text()
    integers = "_u8(" in header
    assert integers == (name in ("picture", "planes", "counts"))
    rows = [hard(graph, steps)]
    if integers:
        # Each whole number as each element.
        words = np.arange(-(1 << 15), 1 << 15).astype(np.int16)
        step = 1 if board == "host" else 31
        rows.append(np.repeat(words[::step], size).reshape(-1, size))
        rows.append(np.repeat(np.arange(256).astype(np.uint8), size).reshape(-1, size))
    counts = dict.fromkeys(("F32", "I16", "U8"), 0)
    counts |= {key: len(each) for key, each in zip(counts, rows, strict=False)}
    data = b"".join(each.tobytes() for each in rows)
    found = run_rows(name, "preprocess.c", data, tmp_path, board, SIZE=size, **counts)
    wanted = np.concatenate([expected(graph, each) for each in rows])
    assert len(np.unique(wanted)) > 100
    np.testing.assert_array_equal(np.frombuffer(found, np.int8).reshape(wanted.shape), wanted)


@pytest.mark.parametrize("name", ["picture", "planes", "counts"])
def test_training_sees_the_same_numbers(name: str, tmp_path: Path) -> None:
    """What the network is trained, calibrated and tested on is what the generated code computes."""
    build, steps = NETWORKS[name]
    graph = network(name, build(), steps, tmp_path)
    raw = np.random.default_rng(5).integers(-300, 4096, (50, *graph.input.shape[1:]))
    learnt = normalization.apply(steps, raw.astype(np.float32))
    assert learnt.tobytes() == apply(graph.from_data(0), raw.astype(np.float32)).tobytes()
    stored = graph.input.type.store(raw.astype(np.float32))
    real = preprocess_inputs(learnt.reshape(50, -1), graph).reshape(learnt.shape)
    reference = graph.input.type.store(graph.input.quantization.quantize(real))
    np.testing.assert_array_equal(expected(graph, stored), reference)


WINDOWS: dict[str, tuple[Callable[[], QdqModel], tuple[Step, ...]]] = {
    "series": (lambda: conv((5,), 0.0181, -14), COLOURS),
    "planes": (lambda: flat((3, 5), 0.0181, -14), COLOURS),
    "single": (lambda: flat((1, 1, 7), 0.05, 3), ()),
}


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_of_the_latest_samples(name: str, board: str, tmp_path: Path) -> None:
    build, steps = WINDOWS[name]
    graph = network(name, build(), steps, tmp_path)
    channels = graph.input.shape[1]
    length = graph.input.size // channels
    samples = np.random.default_rng(6).integers(0, 256, (40, channels)).astype(np.float32)
    restart = 23
    options = {"SAMPLES": 40, "RESTART": restart} | ({"INTEGERS": 1} if steps else {})
    found = run_rows(name, "window.c", samples.tobytes(), tmp_path, board, **options)
    rows = np.frombuffer(found, np.int8).reshape(40, 1 + graph.input.size)
    before = np.full(graph.input.size, 77, np.int8)
    for number, (full, *bytes_) in enumerate(rows.tolist()):
        begun = restart if number >= restart else 0
        assert full == (number - begun + 1 >= length)
        if full:
            window = samples[number - length + 1 : number + 1].T.reshape(graph.input.shape)
            before = expected(graph, graph.input.type.store(window))[0]
        assert bytes_ == before.tolist(), f"after sample {number}"


def test_the_program_of_the_page(tmp_path: Path) -> None:
    network("gearbox", conv((5,), 0.0181, -14), COLOURS, tmp_path)
    tools = toolchain("host")
    tools.compile(PROGRAMS / "sampled.c", tmp_path / "sampled.o", *tools.includes(tmp_path))


def test_only_a_time_series_has_a_window(tmp_path: Path) -> None:
    for name, windowed in (("picture", False), ("counts", False), ("own", False)):
        build, steps = NETWORKS[name]
        network(name, build(), steps, tmp_path)
        assert ("_window" in (tmp_path / f"{name}_preprocess.h").read_text()) == windowed


def test_what_nobody_calls_is_not_linked(tmp_path: Path) -> None:
    """Of a static library, compiled without sections for each function."""
    graph = network("plain", flat((6,), 0.05, 3), (), tmp_path)
    assert graph.input.size == 6
    program = tmp_path / "main.c"
    program.write_text(
        '#include "plain_io.h"\nint main(void) { int8_t b[4] = {1}; return (int)plain_argmax(b); }'
    )
    tools = toolchain("host", sanitize=False)
    sources = [
        tmp_path / "plain_io.c",
        tmp_path / "plain_preprocess.c",
        FIRMWARE / "runtime/nn_io.c",
    ]
    objects = compile_all(tools, sources, tmp_path / "o", *tools.includes(tmp_path))
    run(["ar", "rcs", str(tmp_path / "lib.a"), *map(str, objects)])
    words = [str(program), *tools.includes(tmp_path), str(tmp_path / "lib.a"), "-lm"]
    run(["gcc", *words, "-o", str(tmp_path / "main")])
    symbols = run(["nm", str(tmp_path / "main")])
    assert "plain_argmax" in symbols
    assert "plain_quantize_input" not in symbols


@pytest.mark.parametrize(
    ("dtype", "normalize", "functions"),
    [
        (np.uint8, (0.5, 0.25), ["Div", "Sub", "Div"]),
        (np.uint8, None, ["Div"]),
        (np.float32, (3.0, 2.0), ["Sub", "Div"]),
        (np.float32, None, []),
    ],
)
def test_inputs_of_a_given_network_say_what_was_done_to_them(
    dtype: Any, normalize: tuple[float, float] | None, functions: list[str], tmp_path: Path
) -> None:
    """`inputs=` and `normalize=`: generated code takes the numbers of that file."""
    graph = read_graph(flat((3,), 0.04, 5).save(tmp_path / "net.onnx"))
    raw = np.random.default_rng(8).integers(0, 256, (20, 3)).astype(dtype)
    np.savez(tmp_path / "x.npz", inputs=raw)
    arrays = load_inputs(graph, tmp_path / "x.npz", normalize)
    write_arrays(tmp_path / "test.npz", arrays)
    told = with_normalization(graph, tmp_path / "test.npz")
    assert [step.function for step in told.from_data(0)] == functions
    np.testing.assert_array_equal(expected(told, raw), quantize_inputs(arrays["inputs"], graph))
    header = "int16_t *values" in header_of(told, tmp_path)
    assert header == (dtype == np.uint8)
    # What the model itself says counts more.
    own = replace(graph, normalization=((Arithmetic("Sub", np.ones((1, 1), np.float32)),),))
    assert with_normalization(own, tmp_path / "test.npz") is own


def header_of(graph: Graph, folder: Path) -> str:
    generate(graph, "net", folder)
    return (folder / "net_preprocess.h").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("[1]", "no normalization"),
        ('{"input":[["Sub",[]]]}', "no normalization: Sub of 0 numbers"),
        ('{"input":[["Pow",[2]]]}', "no normalization: Pow"),
        ('{"input":[["Div",[0]]]}', "a division by 0"),
        ('{"input":[["Sub",[1,2]]]}', "has 2 numbers for the 3 channels of input 'input'"),
        ('{"other":[["Sub",[1]]]}', "is of no input 'other'"),
        ('{"input":[["Sub",[1e999]]]}', "no normalization"),
        ('{"input":[["Div",[1e-60]]]}', "a division by 0"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = flat((3,), 0.04, 5).save(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.metadata_props.add(key=KEY, value=text)
    onnx.save(model, path)
    with pytest.raises(UserError, match=message):
        read_graph(path)
