"""From ONNX nodes to the graph: Q and DQ here, every other operator in its own stem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from codegen.ir.graph import Graph, Value
from codegen.ir.types import Quantization
from codegen.ops import computes, handlers, requantize_stage, reshape_value
from codegen.passes.normalize import normalize
from codegen.reader.constants import Constant, read_tensor
from codegen.reader.context import QUANTIZE_ALL, Context, ModelInput, label
from codegen.reader.ends import input_stage, model_input, output_value
from codegen.reader.fold import fold, parameters, quantized_type, zero_point_type
from codegen.reader.fold_numbers import COMPUTED, shape_of
from codegen.reader.load import load_model, opset_of
from codegen.reader.normalization import read_normalization
from codegen.reader.order import in_order
from codegen.reader.preprocessing import preprocess, quantize_input
from codegen.reader.qoperator import in_qdq
from codegen.reader.refused import NAMES, refuse
from codegen.reader.schema import check_node
from codegen.reader.stages import (
    FloatInput,
    Indices,
    Integers,
    JoinedInputs,
    Pending,
    Quantized,
    Stage,
)
from codegen.reader.survey import Survey
from codegen.reader.text import shown
from support.errors import UserError
from support.network_file import is_tflite
from support.plain import one_line


def read_graph(path: Path | str, survey: Survey | None = None) -> Graph:
    """Read a QDQ ONNX file or an int8 .tflite file, batch 1.

    Args:
        survey: go on behind nodes that cannot be read, and note them.

    Raises:
        UnsupportedNodes: the survey has found some.
        UserError: anything unsupported, naming file, node and remedy.
    """
    model_path = Path(path)
    if is_tflite(model_path):
        from codegen.reader.tflite.read import read_tflite

        return read_tflite(model_path, survey)
    model = load_model(model_path)
    _refuse_float(model_path, model)
    return read_model(model_path, model, {}, survey)


def read_model(
    path: Path,
    model: onnx.ModelProto,
    declared_shapes: Mapping[str, Sequence[int]],
    survey: Survey | None = None,
) -> Graph:
    """Read a QDQ model, batch 1.

    Args:
        path: the file that it came from.
        declared_shapes: of values between nodes, by name, where the file says them.
        survey: as of `read_graph`.

    Raises:
        UnsupportedNodes: the survey has found some.
        UserError: anything unsupported, naming file, node and remedy.
    """
    constants = _initializers(path, model)
    initialized = {tensor.name for tensor in model.graph.initializer}
    declared = [value for value in model.graph.input if value.name not in initialized]
    try:
        inputs, notes = _inputs(str(path), declared)
    except UserError:
        # Of recurrent layers' odd inputs nobody needs to hear first.
        for node in model.graph.node:
            refuse(Context(str(path), (), constants), node)
        raise
    context = Context(str(path), inputs, constants, notes=notes, survey=survey)
    opset = opset_of(path, model)
    for node in model.graph.node:
        with context.surveying(node):
            check_node(context, node, opset)
    stages = {
        entry.name: input_stage(context.path, index, inputs[index], entry)
        for index, entry in enumerate(declared)
    }
    _read_nodes(context, model.graph, stages, declared_shapes)
    if survey:
        survey.finish(str(path))
    outputs = tuple(
        output_value(context, entry, _output_stage(context, stages, entry.name))
        for entry in model.graph.output
    )
    ends = context.read_inputs()
    if not any(computes(op) for op in context.ops):
        raise UserError(f"{path}: the model computes nothing", "give a quantized network")
    return normalize(
        Graph(
            ends,
            outputs,
            tuple(context.ops),
            one_line(path.name),
            tuple(context.notes),
            context.preprocessing,
            read_normalization(path, model, inputs),
        )
    )


def _refuse_float(path: Path, model: onnx.ModelProto) -> None:
    """Refuse a network in which nothing is quantized."""
    types = {node.op_type for node in model.graph.node}
    if not any("QuantizeLinear" in name or name.startswith("QLinear") for name in types) and (
        not types & {"DequantizeLinear", "QGemm", *NAMES}
    ):
        raise UserError(
            f"{path}: a float network, nothing in it is quantized",
            "quantize it with inputs like those that it will see: calibration=x.npz (without"
            " scons: nn2flash quantize)",
        )


def _initializers(path: Path, model: onnx.ModelProto) -> dict[str, Constant]:
    """Those that something reads: what an exporter left over may be of any type."""
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    used |= {value.name for value in graph.output}
    constants: dict[str, Constant] = {}
    for tensor in graph.initializer:
        what = f"{path}: initializer '{shown(tensor.name)}'"
        if tensor.name in constants:
            raise UserError(f"{what}: is there twice", "export the model again")
        if tensor.name in used:
            constants[tensor.name] = Constant(read_tensor(tensor, what))
    return constants


def _inputs(
    path: str, declared: Sequence[onnx.ValueInfoProto]
) -> tuple[tuple[ModelInput, ...], list[str]]:
    """The model's inputs, and a note where an open batch was taken as 1."""
    if not declared:
        raise UserError(f"{path}: the model has no input", "export the model again")
    inputs: list[ModelInput] = []
    notes: list[str] = []
    for entry in declared:
        model, symbolic = model_input(path, entry)
        if any(other.name == model.name for other in inputs):
            raise UserError(f"{path}: input '{shown(model.name)}' is there twice", "export again")
        inputs.append(model)
        if symbolic:
            notes.append(f"input '{shown(model.name)}': its batch is open, and is taken as 1")
    return tuple(inputs), notes


def _read_nodes(
    context: Context,
    graph: onnx.GraphProto,
    stages: dict[str, Stage],
    shapes: Mapping[str, Sequence[int]],
) -> None:
    """Fold constants, and give every other value that the outputs need its stage."""
    wanted = [entry.name for entry in graph.output]
    read = {*wanted, *(name for node in graph.node for name in node.input)}
    given = [*stages, *context.constants]
    for node in in_order(context, in_qdq(context, graph.node), given, wanted):
        if context.survey and context.survey.passes_over(node.input, node.output):
            if not _is_known(node.op_type):
                context.survey.judge(label(node), shown(node.op_type), _unknown(context, node))
            continue
        with context.surveying(node):
            _read_node(context, _without_unread(node, read), stages, shapes)


def _without_unread(node: onnx.NodeProto, read: Set[str]) -> onnx.NodeProto:
    """A node without further outputs that nobody reads: indices, masks, running averages."""
    last = max((i for i, name in enumerate(node.output) if name in read), default=0)
    if node.op_type == "Split" or last + 1 >= len(node.output):
        return node
    kept = onnx.NodeProto()
    kept.CopyFrom(node)
    del kept.output[last + 1 :]
    return kept


def _read_node(
    context: Context,
    node: onnx.NodeProto,
    stages: dict[str, Stage],
    shapes: Mapping[str, Sequence[int]],
) -> None:
    """Fold a node of constants, or give what it writes its stages."""
    variable = [name for name in node.input if name and name not in context.constants]
    if not variable and (any(node.input) or node.op_type == "Constant"):
        context.constants[node.output[0]] = fold(context, node)
        return
    first = stages.get(node.input[0]) if node.input else None
    if node.op_type == "Shape" and first is not None:
        shape = shape_of(context, node, first.shape)
        context.constants[node.output[0]] = Constant(shape)
        return
    results = _step(context, node, [stages.get(name) for name in node.input])
    for name, stage in zip(node.output, results, strict=False):
        if name:
            stages[name] = stage
        if list(stage.shape) != list(shapes.get(name, stage.shape)):
            raise context.fail(
                node,
                f"makes shape {list(stage.shape)}, not {list(shapes[name])} as the file says",
                "export the model again",
            )


def _is_known(op_type: str) -> bool:
    """Whether some nodes with this operator can be read."""
    return op_type in {*handlers(), *COMPUTED, *_WITHOUT_HANDLER}


def _unknown(context: Context, node: onnx.NodeProto) -> UserError:
    """What is wrong with any node of this operator."""
    reason = NAMES.get(
        node.op_type,
        (
            "unsupported operator",
            "express it by others: docs/operators.md lists those that are supported",
        ),
    )
    return context.fail(node, *reason)


def _output_stage(context: Context, stages: dict[str, Stage], name: str) -> Stage:
    if name not in stages:
        what = "a constant" if name in context.constants else "written by no node"
        raise UserError(
            f"{context.path}: the output '{shown(name)}' is {what}", "export the model again"
        )
    return stages[name]


def _step(
    context: Context, node: onnx.NodeProto, operands: Sequence[Stage | None]
) -> tuple[Stage, ...]:
    if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        if operands[0] is None or any(stage is not None for stage in operands[1:]):
            raise context.fail(node, "its scale or zero point is not a constant", QUANTIZE_ALL)
        read = _quantize if node.op_type == "QuantizeLinear" else _dequantize
        return (read(context, node, operands[0]),)
    if node.op_type in _MOVES and isinstance(operands[0], Integers):
        return _of_integers(context, node, operands, operands[0])
    before = preprocess(context, node, operands)
    if before is not None:
        return (before,)
    handler = handlers().get(node.op_type)
    if handler is None:
        raise _unknown(context, node)
    result = handler(context, node, operands)
    return result if isinstance(result, tuple) else (result,)


_WITHOUT_HANDLER = {"Constant", "DequantizeLinear", "QuantizeLinear"}
# What gives its input's own integers, wherever they stand; QOperator format leaves them without DQ.
_MOVES = {"DepthToSpace", "Expand", "Gather", "MaxPool", "Slice", "SpaceToDepth", "Split", "Tile"}
_MOVES |= {"ArgMax", "ArgMin", "Pad", "Transpose"}


def _of_integers(
    context: Context, node: onnx.NodeProto, operands: Sequence[Stage | None], stage: Integers
) -> tuple[Stage, ...]:
    """A node that moves integers: as it would move what they mean."""
    if stage.value is None:
        raise context.fail(node, "reads an input before it has a scale", "quantize the input")
    if node.op_type == "Pad":
        node = _with_real_value(context, node, stage, stage.value)
    moved = _step(context, node, [Quantized(stage.value), *operands[1:]])
    return tuple(
        Integers(each.shape, stage.dtype, each.value) if isinstance(each, Quantized) else each
        for each in moved
    )


def _with_real_value(
    context: Context, node: onnx.NodeProto, stage: Integers, value: Value
) -> onnx.NodeProto:
    """A Pad of integers, its value as what it means there."""
    names = [*node.input, *[""] * (3 - len(node.input))]
    stored = np.zeros((), stage.dtype)
    if names[2]:
        stored = context.plain(node, 2, "its value")
        if stored.dtype != stage.dtype or stored.size != 1:
            raise context.fail(node, "its value is not one of its bytes", "export the model again")
    shift = 128 if stage.dtype == np.uint8 else 0
    real = value.quantization.dequantize(stored.reshape(1).astype(np.int64) - shift)
    changed = onnx.NodeProto()
    changed.CopyFrom(node)
    names[2] = f"{node.output[0]} value"
    del changed.input[:]
    changed.input.extend(names)
    context.constants[names[2]] = Constant(real.astype(np.float32))
    return changed


def _quantization(context: Context, node: onnx.NodeProto, dtype: np.dtype[Any]) -> Quantization:
    """What a Q or DQ node of an activation of type `dtype` says, as int8."""
    scale, zeros = parameters(context, node)
    if scale.size != 1:
        raise context.fail(node, "activations must be quantized per tensor", "quantize per tensor")
    shift = 128 if dtype == np.uint8 else 0
    return Quantization(np.float32(scale[0]), int(zeros[0]) - shift)


def _quantize(context: Context, node: onnx.NodeProto, stage: Stage) -> Stage:
    if isinstance(stage, Integers | Indices):
        raise context.fail(node, "quantizes integers", QUANTIZE_ALL)
    dtype = quantized_type(context, node)
    quantization = _quantization(context, node, dtype)
    if isinstance(stage, FloatInput | JoinedInputs):
        value = quantize_input(context, node, stage, quantization)
    elif isinstance(stage, Pending):
        value = context.finish(stage, node.output[0], quantization)
    elif quantization == stage.value.quantization:
        value = stage.value
    else:
        draft = requantize_stage(label(node), stage.value)
        value = context.finish(draft, node.output[0], quantization)
    return Integers(value.shape, dtype, value)


def _dequantize(context: Context, node: onnx.NodeProto, stage: Stage) -> Stage:
    if not isinstance(stage, Integers):
        raise context.fail(node, "dequantizes a float value", QUANTIZE_ALL)
    stored = zero_point_type(context, node)
    if stored not in (None, stage.dtype):
        raise context.fail(
            node, f"its zero point is {stored}, its input {stage.dtype}", "quantize the model again"
        )
    quantization = _quantization(context, node, stage.dtype)
    if stage.value is None:
        assert stage.index is not None
        given = context.input_value(node, stage.index, quantization)
        return Quantized(reshape_value(context, node, given, stage.shape))
    if quantization != stage.value.quantization:
        raise context.fail(
            node,
            "its scale or zero point differs from the QuantizeLinear before it",
            "quantize the model again",
        )
    return Quantized(stage.value)
