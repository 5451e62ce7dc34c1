"""A graph's identity: what it computes and how its operators are joined, without names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from codegen.ir.graph import Graph, Op, Value


def content_hash(graph: Graph) -> str:
    """SHA-256 (hex) over types, constants and edges.

    Names, metadata and the order in which a file lists independent operators do not count. An
    operator's hash holds those of what it reads, so it stands for all that is above it.
    """
    known: dict[Value, bytes] = {}
    for index, value in enumerate(graph.inputs):
        before = [step.content for step in graph.arithmetic(index)]
        known[value] = _digest([b"input", str(index).encode(), _type(value), *before])
    hashes = []
    for op in graph.ops:
        own = _op(op, known)
        hashes.append(own)
        for index, value in enumerate(op.outputs):
            known[value] = _digest([own, str(index).encode()])
    ends = [known[value] for value in (*graph.inputs, *graph.outputs)]
    # Beside the outputs: two equal operators are not one that is read twice.
    return _digest([b"nn2flash graph 2", *ends, b"operators", *sorted(hashes)]).hex()


def _op(op: Op, known: dict[Value, bytes]) -> bytes:
    kinds = [type(each).__name__.encode() for each in op.operations]
    content = [block for each in op.operations for block in (*each.content, b"end")]
    edges = [known[value] for value in op.inputs]
    types = [_type(value) for value in op.outputs]
    return _digest([*kinds, b"content", *content, b"inputs", *edges, b"outputs", *types])


def _type(value: Value) -> bytes:
    kind = value.type
    text = f"{kind.dtype.value} {kind.shape} {kind.layout.value}"
    if kind.quantization is not None:
        scale = float(kind.quantization.scale).hex()
        text = f"{text} {scale} {kind.quantization.zero_point}"
    return text.encode()


def _digest(blocks: Iterable[bytes]) -> bytes:
    """SHA-256 over blocks, each with its length, so that no two lists run together."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(len(block).to_bytes(8, "little"))
        digest.update(block)
    return digest.digest()
