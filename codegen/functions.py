"""Functions of one number, by ONNX operator: what tables between quantized values are made of.

Each takes float32 and returns float64 (or float32): the quantization that follows rounds once.
Where a function is not defined (the logarithm of a negative number) it gives NaN, and the table
has the byte of real 0 there; infinities saturate. Source: ONNX operator specification.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from codegen.reader.context import Context, number, text

Numbers = npt.NDArray[Any]
Function = Callable[[Numbers], Numbers]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: Numbers) -> Numbers:
    """1 / (1 + e^-x)."""
    positive = 1.0 / (1.0 + np.exp(-np.abs(x)))
    return np.where(x >= 0, positive, 1.0 - positive)


def softplus(x: Numbers) -> Numbers:
    """log(1 + e^x), without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def gelu(x: Numbers) -> Numbers:
    """x Φ(x)."""
    found: Numbers = 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0)))
    return found


def gelu_tanh(x: Numbers) -> Numbers:
    """The approximation of GELU by tanh."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


# Operators without attributes.
PLAIN: Mapping[str, Function] = {
    "Abs": np.abs,
    "Erf": _erf,
    "Exp": np.exp,
    "HardSwish": lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "Log": np.log,
    "Mish": lambda x: x * np.tanh(softplus(x)),
    "Neg": np.negative,
    "Reciprocal": lambda x: 1.0 / x,
    "Sigmoid": sigmoid,
    "Softplus": softplus,
    "Softsign": lambda x: x / (1.0 + np.abs(x)),
    "Sqrt": np.sqrt,
    "Tanh": np.tanh,
}


def _elu(alpha: float) -> Function:
    return lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _celu(alpha: float) -> Function:
    return lambda x: np.maximum(x, 0.0) + np.minimum(0.0, alpha * np.expm1(x / alpha))


def _selu(alpha: float, gamma: float) -> Function:
    return lambda x: gamma * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _leaky(alpha: float) -> Function:
    return lambda x: np.where(x >= 0, x, alpha * x)


def _hard_sigmoid(alpha: float, beta: float) -> Function:
    return lambda x: np.clip(alpha * x + beta, 0.0, 1.0)


def _thresholded(alpha: float) -> Function:
    return lambda x: np.where(x > alpha, x, 0.0)


# Operators with float attributes: the function's maker, and (name, default) of each.
WITH_NUMBERS: Mapping[str, tuple[Callable[..., Function], Sequence[tuple[str, float]]]] = {
    "Celu": (_celu, (("alpha", 1.0),)),
    "Elu": (_elu, (("alpha", 1.0),)),
    "HardSigmoid": (_hard_sigmoid, (("alpha", 0.2), ("beta", 0.5))),
    "LeakyRelu": (_leaky, (("alpha", 0.01),)),
    # Source: ONNX operator specification, Selu, the defaults.
    "Selu": (
        _selu,
        (("alpha", 1.67326319217681884765625), ("gamma", 1.05070102214813232421875)),
    ),
    "ThresholdedRelu": (_thresholded, (("alpha", 1.0),)),
}

NAMES = (*PLAIN, *WITH_NUMBERS, "Gelu")


def function_of(context: Context, node: onnx.NodeProto) -> Function:
    """The function that a node computes; the node is one of `NAMES`.

    Raises:
        UserError: an attribute of another type, or one that the operator does not know.
    """
    if node.op_type == "Gelu":
        form = text(context, node, "approximate", "none")
        if form not in ("none", "tanh"):
            raise context.fail(node, f"approximate '{form}' is unknown", "export the model again")
        return gelu if form == "none" else gelu_tanh
    if node.op_type in WITH_NUMBERS:
        make, attributes = WITH_NUMBERS[node.op_type]
        return make(*(number(context, node, name, default) for name, default in attributes))
    return PLAIN[node.op_type]
