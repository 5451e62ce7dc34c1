"""A graph as text and as Graphviz, in its own order: two equal graphs give equal dumps."""

from __future__ import annotations

import json

from codegen.ir.graph import Graph, Op, Value
from codegen.ir.types import Layout


def describe(value: Value) -> str:
    """The type of a value on one line: `int8 [1, 10] * 0.0123 + 4`, `channels last` where so."""
    kind = value.type
    text = f"{kind.dtype.value} {list(kind.shape)}"
    if kind.quantization is not None:
        text = f"{text} scale {float(kind.quantization.scale):.9g}"
        text = f"{text} zero point {kind.quantization.zero_point}"
    return text if kind.layout is Layout.ROW_MAJOR else f"{text} {kind.layout.value}"


def numbers(graph: Graph) -> dict[Value, str]:
    """A short unique name of each value: v0, v1, … in order of definition."""
    return {value: f"v{index}" for index, value in enumerate(graph.values)}


def to_text(graph: Graph) -> str:
    """One line for each end and each operator."""
    name = numbers(graph)
    lines = [f"graph {graph.origin}"]
    lines += [f"input  {name[value]} = {value.name}: {describe(value)}" for value in graph.inputs]
    for op in graph.ops:
        reads = ", ".join(name[value] for value in op.inputs)
        writes = ", ".join(f"{name[value]}: {describe(value)}" for value in op.outputs)
        lines.append(f"op     {kind_of(op)} '{op.name}' ({reads}) -> {writes}")
    lines += [f"output {name[value]}" for value in graph.outputs]
    return "\n".join(lines) + "\n"


def to_graphviz(graph: Graph) -> str:
    """A directed graph of boxes (operators) and ovals (ends), edges with shapes."""
    name = numbers(graph)
    boxes = {op: f"op{index}" for index, op in enumerate(graph.ops)}
    lines = ["digraph network {", "  node [fontname=sans]; edge [fontname=sans fontsize=10];"]
    lines += [f"  {name[v]} [label={_quoted(v.name)}];" for v in graph.inputs]
    for op in graph.ops:
        title = _quoted(f"{kind_of(op)}\n{op.name}")
        lines.append(f"  {boxes[op]} [shape=box label={title}];")
        for value in op.inputs:
            above = graph.producer(value)
            source = name[value] if above is None else boxes[above]
            lines.append(f"  {source} -> {boxes[op]} [label={_quoted(_shape(value))}];")
    for index, value in enumerate(graph.outputs):
        above = graph.producer(value)
        source = name[value] if above is None else boxes[above]
        lines.append(f"  out{index} [label={_quoted(value.name)}];")
        lines.append(f"  {source} -> out{index} [label={_quoted(_shape(value))}];")
    return "\n".join([*lines, "}"]) + "\n"


def kind_of(op: Op) -> str:
    """What an operator is, for people."""
    return type(op).__name__


def _shape(value: Value) -> str:
    return "x".join(map(str, value.shape[1:])) or "1"


def _quoted(text: str) -> str:
    return json.dumps(text)
