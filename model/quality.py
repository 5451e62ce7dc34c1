"""How near an int8 network comes to its float one: accuracy, and SQNR of every tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from model.calibration import told
from model.given_inputs import GivenInputs
from model.session import session_of
from support.progress import SOON, track

MOST_INPUTS = 1000
"""Inputs that judge; of more, so many evenly spread."""

_ENDING = "_QuantizeLinear_Input"
"""What onnxruntime's quantizer appends to the name of an output that it quantizes."""


@dataclass(frozen=True)
class Quality:
    """What an int8 network is worth.

    Attributes:
        sqnr: signal to quantization noise in dB of each quantized tensor, by the float network's
            name for it: 10·log10(Σ x² / Σ (x − x̂)²); infinite when nothing is lost.
        right: inputs whose largest output is the label; None without labels.
        output: the tensor that decides: the worst of the network's outputs.
    """

    sqnr: dict[str, float]
    right: int | None
    output: str

    @property
    def rank(self) -> tuple[int, float]:
        """What makes one better than another: accuracy, then SQNR of the output."""
        return (self.right or 0, self.sqnr[self.output])


def pairs(prepared: onnx.ModelProto, int8_model: onnx.ModelProto) -> dict[str, tuple[str, str]]:
    """Quantized tensors: the name to show → (tensor of the float network, of the int8 one).

    A Relu or Clip that saturation replaces is counted with what it bounds.
    """
    there = {value.name for value in prepared.graph.input}
    there |= {name for node in prepared.graph.node for name in node.output}
    kept = {name for node in int8_model.graph.node for name in node.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in prepared.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    dequantized = {
        node.input[0]: node.output[0]
        for node in int8_model.graph.node
        if node.op_type == "DequantizeLinear"
    }
    found = {}
    for node in int8_model.graph.node:
        name = node.input[0].removesuffix(_ENDING) if node.input else ""
        if node.op_type != "QuantizeLinear" or name not in there:
            continue
        bound = readers.get(name, [])
        real = name
        if len(bound) == 1 and bound[0].op_type in ("Relu", "Clip"):
            real = name if bound[0].output[0] in kept else bound[0].output[0]
        if node.output[0] in dequantized:
            found[real] = (real, dequantized[node.output[0]])
    return found


def _observed(model: onnx.ModelProto, tensors: list[str]) -> onnx.ModelProto:
    """The model with these float tensors as its outputs, as many as there are names."""
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    del observed.graph.output[:]
    for name in dict.fromkeys(tensors):
        observed.graph.output.add(name=name).type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return observed


def judge(
    path: Path,
    prepared: onnx.ModelProto,
    int8_models: Mapping[str, onnx.ModelProto],
    inputs: GivenInputs,
) -> tuple[dict[str, Quality], int | None]:
    """Run the float network and all int8 ones, node by node as the files say.

    Args:
        path: the file that the user gave, for messages.
        prepared: the float network.
        int8_models: by method.
        inputs: those that judge; labels count where the network has one output of classes.

    Returns:
        The quality of each, and how many inputs the float network reads right.

    Raises:
        UserError: onnxruntime cannot run one of them.
    """
    outputs = [value.name for value in prepared.graph.output]
    matched = {method: pairs(prepared, model) for method, model in int8_models.items()}
    shown = list(dict.fromkeys(name for found in matched.values() for name in found))
    names = list(dict.fromkeys([*shown, *outputs]))
    with told(path, "run"):
        real_session = session_of(_observed(prepared, names), optimize=False)
        sessions = {
            method: session_of(
                _observed(model, [*(pair[1] for pair in matched[method].values()), *outputs]),
                optimize=False,
            )
            for method, model in int8_models.items()
        }
        sums = {method: {name: np.zeros(2) for name in matched[method]} for method in sessions}
        right = dict.fromkeys(["", *sessions], 0)
        for index in track(
            range(len(inputs)), "comparing with the float network, inputs", len(inputs), after=SOON
        ):
            feed = inputs.feed(index)
            real = dict(zip(names, real_session.run(None, feed), strict=True))
            rows = {"": real}
            for method, session in sessions.items():
                told_names = [value.name for value in session.get_outputs()]
                rows[method] = dict(zip(told_names, session.run(None, feed), strict=True))
                for name, (_, quantized) in matched[method].items():
                    sums[method][name] += _energies(real[name], rows[method][quantized])
            if inputs.labels is not None:
                for method, row in rows.items():
                    right[method] += int(np.argmax(row[outputs[0]]) == inputs.labels[index])
    labeled = inputs.labels is not None
    judged = {}
    for method, found in sums.items():
        sqnr = {name: _decibel(*energies) for name, energies in found.items()}
        deciding = [name for name in outputs if name in sqnr] or list(sqnr)[-1:]
        worst = min(deciding, key=lambda name: sqnr[name])
        judged[method] = Quality(sqnr, right[method] if labeled else None, worst)
    return judged, right[""] if labeled else None


def _energies(real: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    signal = real.astype(np.float64).reshape(-1)
    noise = signal - other.astype(np.float64).reshape(-1)
    return np.array([signal @ signal, noise @ noise])


def _decibel(signal: float, noise: float) -> float:
    if not np.isfinite(signal + noise):
        return float("-inf")
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")
