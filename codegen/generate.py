"""Render a planned network: its sources, its report and its manifest."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from codegen import version
from codegen.graph import Graph, Node, Tensor
from codegen.kernels.chain_context import context as chain_context
from codegen.kernels.fuse import Kernels
from codegen.literals import c_float
from codegen.names import check_name
from codegen.ops import operator_of
from codegen.outputs import LEGACY, MANIFEST, TEMPLATES
from codegen.plan import PORTABLE, Plan, Step, plan_network
from codegen.render import render
from support.files import write_json, write_text


def generate(
    graph: Graph, name: str, folder: Path, c_api: str = LEGACY, kernels: Kernels = PORTABLE
) -> Plan:
    """Write all sources, the report and the manifest of `graph` into `folder`.

    Args:
        c_api: "legacy", functions ai_<name>_…, or "st-ai", functions stai_<name>_….
        kernels: which kernels, and typical inputs to choose them by.

    Raises:
        UserError: a name that is no C identifier, or a network that cannot be planned.
    """
    check_name(name)
    plan = plan_network(graph, kernels)
    context = {"net": network_context(plan, name)}
    rendered = {suffix: render(template, context) for suffix, template in TEMPLATES[c_api].items()}
    for suffix, text in rendered.items():
        write_text(folder / f"{name}{suffix}", text)
    write_json(folder / f"{name}{MANIFEST}", {**manifest(plan, name), "c_api": c_api})
    return plan


def network_context(plan: Plan, name: str) -> dict[str, Any]:
    """What the network templates see as `net`."""
    graph = plan.graph
    stems = sorted({step.layer.stem for step in plan.steps})
    steps = _steps(plan, name)
    return {
        "name": name,
        "NAME": name.upper(),
        "generator": version.TEXT,
        "version": version.VERSION,
        "origin": graph.origin,
        "origin_stem": Path(graph.origin).stem,
        "model_hash": graph.model_hash,
        "signature": int(graph.model_hash[:8], 16),
        "input": _port(graph.input, "in", plan.input_offset),
        "output": _port(graph.output, "out", plan.output_offset),
        "nodes": sum(len(step.layer.layers) for step in plan.steps),
        "chains": [step["chain"] for step in steps if step["chain"]],
        "rows": [row for step in plan.steps for row in _rows(step)],
        "macs": graph.macs,
        "stems": stems,
        "steps": steps,
        "arena_size": plan.arena_size,
        "weights_size": weights_bytes(plan),
        "weights_words": weights_bytes(plan) // 4,
        "weights_check": weights_check(plan),
        "model_bytes": model_bytes(plan),
        "constants": [
            {
                "offset": placed.offset,
                "title": f"layer {placed.layer}: {placed.block.title}",
                "words": _words(placed.block.data),
            }
            for placed in plan.constants
        ],
    }


def weights_bytes(plan: Plan) -> int:
    """Bytes of the generated constants array: the plan's, and the word that is checked at init."""
    return plan.weights_size + 4


def weights_check(plan: Plan) -> int:
    """The last word of the constants array: the CRC-32 (zlib's) of all words before it.

    Never what a memory may hold by itself: zero, or the ones of an erased flash.
    """
    constants = bytearray(plan.weights_size)
    for placed in plan.constants:
        constants[placed.offset : placed.offset + len(placed.block.data)] = placed.block.data
    check = zlib.crc32(constants)
    return check if check not in (0, 0xFFFFFFFF) else 1


def model_bytes(plan: Plan) -> int:
    """Bytes of the model's own weights and biases, without the kernels' tables."""
    return sum(len(placed.block.data) for placed in plan.constants if placed.block.counted)


def manifest(plan: Plan, name: str) -> dict[str, Any]:
    """Hashes, quantization, layers and memory of a generated network; read by other rooms."""
    graph = plan.graph
    return {
        "name": name,
        "generator": f"nn2flash {version.TEXT}",
        "origin": graph.origin,
        "model_sha256": graph.model_hash,
        "input": _quantization(graph.input),
        "output": _quantization(graph.output),
        "macs": graph.macs,
        "weights_bytes": weights_bytes(plan),
        "model_bytes": model_bytes(plan),
        "activations_bytes": plan.arena_size,
        "layers": [row for step in plan.steps for row in _rows(step)],
    }


def _rows(step: Step) -> list[dict[str, Any]]:
    """The manifest's rows of a step: one for each layer that it computes."""
    return [
        {
            "name": part.node.name,
            "op": operator_of(part.node).stem,
            "title": _title(part.node),
            "kernel": part.kernel,
            "why": part.why,
            "constants_bytes": part.constants_bytes,
            # Of a routine for several layers: all of it stands with the first.
            "scratch_bytes": step.layer.scratch if index == 0 else 0,
            "macs": part.node.macs,
            "output_size": part.node.output.size,
        }
        for index, part in enumerate(step.layer.layers)
    ]


def _quantization(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "size": tensor.size,
        "type": "int8",
        "scale": float(tensor.quantization.scale),
        "zero_point": tensor.quantization.zero_point,
    }


def _port(tensor: Tensor, kind: str, arena_offset: int) -> dict[str, Any]:
    """One end of the network in the legacy interface's order batch, channel, width, height.

    No byte moves. Source: ST, "Embedded inference client API" 7.1, "IO tensor description": one
    dimension is (1, 1, c) of height, width and channel, two are (h, 1, c), three are (h, w, c).
    """
    dims = list(tensor.shape[1:])
    channel = dims[-1]
    height = dims[0] if len(dims) > 1 else None
    width = (dims[1] if len(dims) > 2 else 1) if len(dims) > 1 else None
    scale = tensor.quantization.scale
    return {
        "kind": kind,
        "KIND": kind.upper(),
        "shape": tensor.shape,
        "size": tensor.size,
        "channel": channel,
        "width": width,
        "height": height,
        "bcwh": [1, channel, width or 1, height or 1],
        "scale": c_float(scale),
        "scale_text": f"{float(scale):.9g}",
        "zero_point": tensor.quantization.zero_point,
        "arena_offset": arena_offset,
    }


def _title(node: Node) -> str:
    sizes = f"{node.input.size} -> {node.output.size}"
    relu = ", ReLU" if getattr(node, "relu", False) else ""
    return f"{operator_of(node).stem.replace('_', ' ')} {sizes}{relu}"


def _steps(plan: Plan, name: str) -> list[dict[str, Any]]:
    """The steps as the templates see them; `last` is the number of the last layer it computes."""
    found, count = [], 0
    for step in plan.steps:
        rows = _rows(step)
        chain = _chain(step, name, count)
        count += len(rows)
        found.append(
            {
                "index": step.index,
                "last": count - 1,
                "stem": step.layer.stem,
                "title": "; ".join(f"{row['name']}: {row['title']}" for row in rows),
                "rows": rows,
                "layer": step.layer,
                "chain": chain,
                "source": step.source,
                "target": step.target,
                "scratch": step.scratch,
                "constants": step.constants,
            }
        )
    return found


def _chain(step: Step, name: str, first: int) -> dict[str, Any] | None:
    """What the templates see of a run of packed layers; `first` is its first layer's number."""
    chain = step.layer.values.get("chain")
    if chain is None:
        return None
    regions = (step.scratch or 0, step.late or 0)
    return chain_context(chain, name, first, step.constants, regions)


def _words(data: bytes) -> str:
    """Little-endian words as C, eight a line."""
    padded = data + bytes(-len(data) % 4)
    words = [f"0x{word:08X}" for word in np.frombuffer(padded, "<u4")]
    lines = (", ".join(words[i : i + 8]) for i in range(0, len(words), 8))
    return "\n".join(f"    {line}," for line in lines)
