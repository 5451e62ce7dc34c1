"""Operators that are refused by name: what is wrong with them, and the way out."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from codegen.reader.context import Context

_DYNAMIC = (
    "is of dynamic quantization, which has no fixed scales",
    "quantize statically, with calibration data (onnxruntime's quantize_static, format QDQ)",
)
_RECURRENT = (
    "recurrent layers are not supported",
    "use convolutions over time, or feed one step after another",
)
_NARROW = (
    "computes with 4 bits or blocks of weights",
    "quantize weights and activations to 8 bits",
)
NAMES: Mapping[str, tuple[str, str]] = {
    "ConvInteger": _DYNAMIC,
    "DynamicQuantizeLinear": _DYNAMIC,
    "DynamicQuantizeLSTM": _DYNAMIC,
    "DynamicQuantizeMatMul": _DYNAMIC,
    "GRU": _RECURRENT,
    "LSTM": _RECURRENT,
    "MatMulInteger": _DYNAMIC,
    "MatMulIntegerToFloat": _DYNAMIC,
    "MatMulNBits": _NARROW,
    "RNN": _RECURRENT,
}


def refuse(context: Context, node: onnx.NodeProto) -> None:
    """Refuse a node that no version of this reader would take as it is.

    Raises:
        UserError: it is one.
    """
    if node.op_type in NAMES:
        raise context.fail(node, *NAMES[node.op_type])
