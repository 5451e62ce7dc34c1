"""The order of a model's nodes, made here: files that do not list them in one exist."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import onnx

from codegen.reader.context import Context
from codegen.reader.text import shown

_REMEDY = "export the model again"


def in_order(
    context: Context, nodes: Sequence[onnx.NodeProto], given: Iterable[str], wanted: Iterable[str]
) -> list[onnx.NodeProto]:
    """The nodes that the wanted values need, each after what it reads; else as the file has them.

    ONNX demands such an order of files (ONNX IR specification, Graphs); not all writers keep it.

    Args:
        given: names that are there without a node: inputs and initializers.
        wanted: names of the model's outputs.

    Raises:
        UserError: two nodes write one name, a node reads what nobody writes, or a cycle.
    """
    given = set(given)
    writer = _writers(context, nodes, given)
    needed = _needed(context, nodes, writer, given, wanted)
    waiting = {
        index: {writer[name] for name in nodes[index].input if name in writer} for index in needed
    }
    readers: dict[int, list[int]] = {index: [] for index in needed}
    for index, above in waiting.items():
        for source in above:
            readers[source].append(index)
    ready = [index for index, above in waiting.items() if not above]
    heapq.heapify(ready)
    order = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for reader in readers[index]:
            waiting[reader].discard(index)
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if len(order) < len(needed):
        node = nodes[min(needed - set(order))]
        read = next(name for name in node.input if name in writer and writer[name] not in order)
        raise context.fail(node, f"reads '{shown(read)}', which depends on it: a cycle", _REMEDY)
    return [nodes[index] for index in order]


def _writers(context: Context, nodes: Sequence[onnx.NodeProto], given: set[str]) -> dict[str, int]:
    writer: dict[str, int] = {}
    for index, node in enumerate(nodes):
        if not node.output or not node.output[0]:
            raise context.fail(node, "has no output", _REMEDY)
        for name in filter(None, node.output):
            if name in given or name in writer:
                raise context.fail(node, f"writes '{shown(name)}', which exists already", _REMEDY)
            writer[name] = index
    return writer


def _needed(
    context: Context,
    nodes: Sequence[onnx.NodeProto],
    writer: dict[str, int],
    given: set[str],
    wanted: Iterable[str],
) -> set[int]:
    """What the wanted values need: nodes that nobody reads are left out."""
    needed: set[int] = set()
    look = [writer[name] for name in wanted if name in writer]
    while look:
        index = look.pop()
        if index in needed:
            continue
        needed.add(index)
        for name in filter(None, nodes[index].input):
            if name in writer:
                look.append(writer[name])
            elif name not in given:
                raise context.fail(
                    nodes[index], f"reads '{shown(name)}', which nothing writes", _REMEDY
                )
    return needed
