"""Valid models to start from: together they use everything that the reader knows."""

from __future__ import annotations

import numpy as np

from tests.codegen.graphs import GRAPHS, classes
from tests.codegen.models import QdqModel, random_layer, two_layers
from tests.codegen.random_dags import random_dag
from tests.ops.test_fully_connected import FORMS
from tests.ops.test_lookup import chain, quantized_bounds
from tests.tflite.networks import NETWORKS


def reshapes() -> QdqModel:
    """Every operator that changes the shape."""
    weights, bias = random_layer(np.random.default_rng(1), 4, 6)
    model = QdqModel((1, 1, 2, 3)).then("Identity").qdq(0.25, 1)
    model.then("Unsqueeze", model.constant([2], np.int64))
    model.then("Squeeze", model.constant([1, 2], np.int64))
    model.then("Reshape", model.constant([0, -1], np.int64)).then("Dropout").then("Flatten", axis=1)
    model.gemm(weights, 0.125, bias, 0.25 * 0.125).then("Clip", "", model.constant(np.float32(6)))
    return model.qdq(4.0, 2)


def added() -> QdqModel:
    """A dense layer in two quantized steps, uint8."""
    weights, _ = random_layer(np.random.default_rng(2), 3, 4)
    model = QdqModel((1, 4)).qdq(0.1, 130, np.uint8)
    model.then("MatMul", model.dequantized(weights.T.copy(), 0.02)).qdq(0.3, 120, np.uint8)
    stored = np.array([3, 200, 77], np.uint8)
    return model.then("Add", model.dequantized(stored, 0.05, 128)).qdq(0.4, 128, np.uint8)


# Functions that no other model here has: scale and zero point of what each gives of 0.2 … 2.75.
FUNCTIONS = {
    "Exp": (0.07, -128),
    "Log": (0.011, 20),
    "Neg": (0.011, 127),
    "Reciprocal": (0.02, -128),
    "Sqrt": (0.007, -128),
    "Softplus": (0.012, -128),
    "HardSigmoid": (1 / 256, -128),
    "ThresholdedRelu": (0.011, -128),
}


def functions() -> QdqModel:
    """Each of them of the same bytes, joined, with a power and a Gelu."""
    model = QdqModel((1, 4)).qdq(0.01, -128)
    source, parts = model.then("Clip", model.constant(np.float32(0.2))).qdq(0.01, -128).value, []
    for name, (scale, zero_point) in FUNCTIONS.items():
        model.at(source).then(name).qdq(scale, zero_point)
        parts.append(model.qdq(0.07, -40).value)
    model.at(source).then("Pow", model.constant(np.float32(2))).qdq(0.03, -128)
    parts.append(model.qdq(0.07, -40).value)
    return model.at(model.add("Concat", parts, axis=1)).qdq(0.07, -40)


def gelu() -> QdqModel:
    """A function of opset 20."""
    model = QdqModel((1, 4))
    model.opset = 20
    return model.qdq(0.05, 3).then("Gelu").qdq(0.05, -100)


def moves() -> QdqModel:
    """What no random graph moves; the index of the smallest in the end."""
    model = QdqModel((1, 2, 3)).qdq(0.05, 3)
    model.then("Gather", model.constant([2, 0, -1], np.int64), axis=2).qdq(0.05, 3)
    model.then("Unsqueeze", model.constant([3], np.int64))
    model.then("Expand", model.constant([1, 2, 3, 4], np.int64)).qdq(0.05, 3)
    model.then("Tile", model.constant([1, 1, 2, 1], np.int64)).qdq(0.05, 3).output()
    return model.then("ArgMin", axis=2, keepdims=0).then("Cast", to=6).output()


# Seeds of small random graphs that together have every operator.
GRAPH_SEEDS = range(24)


def corpus() -> list[bytes]:
    """All of them, as files' bytes."""
    models = [build() for build in FORMS.values()]
    models += [two_layers(tail=tail) for tail in (None, "Softmax", "Sigmoid", "Tanh")]
    models += [chain(), quantized_bounds(), reshapes(), added(), classes()]
    models += [functions(), gelu(), moves()]
    models += [build() for build in GRAPHS.values()]
    models += [random_dag(np.random.default_rng([2, seed])) for seed in GRAPH_SEEDS]
    return [model.build().SerializeToString() for model in models]


def tflite_corpus() -> list[bytes]:
    """Networks of every operator of .tflite, as files' bytes."""
    return [build().build() for build in NETWORKS.values()]
