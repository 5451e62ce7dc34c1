"""Networks and programs for the runtime's tests, compiled as users compile them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from codegen.generate import generate
from codegen.ir.graph import Graph
from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from codegen.subset import make_subset, render_header
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.oracle import Int8Array, stored_inputs
from tests.codegen.programs import (
    HARNESS,
    compile_all,
    generated_sources,
    link,
    run,
    runtime_objects,
    toolchain,
)

PROGRAMS = Path(__file__).parent / "programs"


def tiny_model() -> QdqModel:
    """7 → 5 → 3: sizes that are no multiple of a word."""
    rng = np.random.default_rng(11)
    model = QdqModel((1, 7)).qdq(0.05, 3)
    weights, bias = random_layer(rng, 5, 7)
    model.gemm(weights, 0.01, bias, np.float32(0.05) * np.float32(0.01)).then("Relu")
    weights, bias = random_layer(rng, 3, 5)
    model.qdq(0.1, -128).gemm(weights, 0.02, bias, np.float32(0.1) * np.float32(0.02))
    return model.qdq(0.7, -5)


def mnist_model() -> QdqModel:
    """The guide's network, 784-128-64-10, with random weights."""
    rng = np.random.default_rng(12)
    model = QdqModel((1, 1, 28, 28)).qdq(2 / 255, -1).then("Flatten")
    previous = 784
    for size in (128, 64, 10):
        weights, bias = random_layer(rng, size, previous)
        model.gemm(weights, np.full(size, 0.002, np.float32), bias, np.full(size, 1e-5, np.float32))
        if size != 10:
            model.then("Relu")
        model.qdq(0.1 if size == 10 else 0.05, 4 if size == 10 else -128)
        previous = size
    return model


@dataclass(frozen=True)
class Network:
    """A generated network.

    Attributes:
        inputs: int8 [N, input size].
        folder: where its sources are.
    """

    name: str
    graph: Graph
    inputs: Int8Array
    folder: Path


def _network(
    name: str, model: QdqModel, count: int, folder: Path, wanted: str = "portable"
) -> Network:
    graph = read_graph(model.save(folder / f"{name}.onnx"))
    inputs = stored_inputs(graph, count=count)
    generate(graph, name, folder, kernels=Kernels(wanted, inputs))
    return Network(name, graph, inputs, folder)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Network `tiny` with three inputs, in tiny_case_inputs."""
    network = _network("tiny", tiny_model(), 3, tmp_path_factory.mktemp("tiny"))
    (network.folder / "inputs.bin").write_bytes(network.inputs.tobytes())
    return network


@pytest.fixture(scope="session")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Network `network`, the guide's with fast kernels; 20 inputs, in mnist_test_subset.h."""
    network = _network("network", mnist_model(), 20, tmp_path_factory.mktemp("mnist"), "auto")
    quantization = network.graph.input.quantization
    real = (network.inputs.astype(np.float32) - quantization.zero_point) * quantization.scale
    arrays = {"inputs": real, "labels": np.arange(20, dtype=np.uint8) % 10}
    subset = make_subset(network.graph, arrays, 20, 1)
    np.testing.assert_array_equal(subset["inputs"], network.inputs)
    header = render_header(network.graph, subset, 20, 1, "mnist_test_subset")
    (network.folder / "mnist_test_subset.h").write_text(header)
    return network


Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """build(program, network, board, *options, results=bytes of them) → ELF."""

    def make(
        program: str, network: Network, board: str, *options: str, results: int = 1024
    ) -> Path:
        tools = toolchain(board)
        folder = tmp_path_factory.mktemp(Path(program).stem)
        flags = [*tools.includes(network.folder), *options]
        flags += [f"-DNN_NAME={network.name}", f'-DNN_INPUTS="{network.folder / "inputs.bin"}"']
        sources = generated_sources(network.folder, network.name)
        if (network.folder / "inputs.bin").exists():
            sources.append(HARNESS / "inputs.S")
        objects = [*runtime_objects(board), *compile_all(tools, sources, folder, *flags)]
        source = PROGRAMS / program
        if source.suffix == ".cpp":
            objects.append(folder / "program.o")
            strict = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
            compiler = tools.compiler.replace("gcc", "g++")
            flags += ["-fno-exceptions", "-fno-rtti"]
            run(
                [
                    compiler,
                    *tools.options,
                    *strict,
                    *flags,
                    "-c",
                    str(source),
                    "-o",
                    str(objects[-1]),
                ]
            )
        else:
            objects.append(tools.compile(source, folder / "program.o", *flags))
        sizes = {
            "kernels": 12 << 10,
            "weights": 120_000,
            "activations": 4096,
            "subset": 16_384,
            "results": results,
        }
        return link(tools, objects, folder / "program.elf", sizes)

    return make
