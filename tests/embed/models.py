"""Two unlike networks for a product that holds both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codegen.reader.qdq import read_graph
from codegen.reference import run
from tests.codegen.models import QdqModel, random_layer

# Inferences that a product makes of each network.
COUNT = 200


def write_digits(path: Path, seed: int = 7) -> Path:
    """40 → 24 → 12: two fully connected layers with a ReLU between, and a Softmax."""
    rng = np.random.default_rng(seed)
    weights, bias = random_layer(rng, 24, 40)
    model = QdqModel((1, 40)).qdq(0.05, 3)
    model.gemm(weights, 0.005, bias, np.float32(0.05) * np.float32(0.005)).then("Relu")
    weights, bias = random_layer(rng, 12, 24)
    model.qdq(0.3, -128).gemm(weights, 0.01, bias, np.float32(0.3) * np.float32(0.01))
    return model.qdq(0.9, 10).then("Softmax", axis=-1).qdq(1 / 256, -128).save(path)


def write_gearbox(path: Path, seed: int = 8) -> Path:
    """8 → 4: an Add whose multiplication and addition would fuse, a layer, a Tanh."""
    rng = np.random.default_rng(seed)
    weights, bias = random_layer(rng, 4, 8)
    model = QdqModel((1, 8)).qdq(0.0371, -3)
    model.then("Add", model.constant(rng.normal(0, 2, 8).astype(np.float32))).qdq(0.0423, 5)
    model.gemm(weights, 0.01, bias, np.float32(0.0423) * np.float32(0.01)).qdq(0.1, 4)
    return model.then("Tanh").qdq(1 / 128, 0).save(path)


WRITERS = {"digits": write_digits, "gearbox": write_gearbox}


def write_run(folder: Path, name: str, model: Path) -> None:
    """Write `<name>.in`, what a product reads: COUNT inputs, int8, one after the other."""
    size = read_graph(model).input.size
    rng = np.random.default_rng(11)
    inputs = rng.integers(-128, 128, (COUNT, size)).astype(np.int8)
    (folder / f"{name}.in").write_bytes(inputs.tobytes())


def expected(folder: Path, name: str, model: Path) -> bytes:
    """What the integer reference makes of `<name>.in`."""
    graph = read_graph(model)
    inputs = np.frombuffer((folder / f"{name}.in").read_bytes(), np.int8)
    return run(graph, inputs.reshape(-1, graph.input.size)).tobytes()
