"""The operators, found by looking into this folder: adding one touches nothing else here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import onnx

from codegen.graph import Node, Tensor
from codegen.operator import Operator
from codegen.reader.walk import Handler, Walk


@cache
def operators() -> tuple[Operator, ...]:
    """All operators, sorted by stem."""
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found.append(loaded.OPERATOR)
    return tuple(found)


@cache
def handlers() -> dict[str, Handler]:
    """ONNX operator type → the function that reads it."""
    return {name: handler for op in operators() for name, handler in op.handlers.items()}


def operator_of(node: Node) -> Operator:
    """The operator that computes a typed node."""
    return next(op for op in operators() if isinstance(node, op.node_type))


def computes(node: Node) -> bool:
    """Whether anything is left to do for a node at run time."""
    return not operator_of(node).view


def reshape_node(
    walk: Walk, node: onnx.NodeProto, source: Tensor, shape: tuple[int, ...]
) -> Tensor:
    """`source` with another shape, by a typed node when needed."""
    from codegen.ops.reshape import reshape

    return reshape(walk, node, source, shape)


def requantize_node(name: str, source: Tensor, target: Tensor) -> Node:
    """A node that changes only scale and zero point."""
    from codegen.ops.lookup import requantize

    return requantize(name, source, target)
