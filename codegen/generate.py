"""Render a planned network: its sources, its report and its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from codegen import version
from codegen.assembly import most_bytes
from codegen.code_sizes import describe as describe_code
from codegen.edges import edges
from codegen.foreign import refuse_foreign
from codegen.interface import ports
from codegen.ir import preprocessing
from codegen.ir.dump import describe
from codegen.ir.graph import Graph, Op, Value
from codegen.ir.identity import content_hash
from codegen.kernels.kernel import Places, Routines
from codegen.kernels.wanted import PORTABLE, Kernels
from codegen.names import check_name
from codegen.ops import operator_of
from codegen.outputs import ASSEMBLY, LEGACY, MANIFEST, TEMPLATES
from codegen.plan import Plan, Step, plan_network
from codegen.preprocessed import preprocessed_inputs
from codegen.render import render_all
from codegen.selftest import make_selftest
from codegen.target import CORTEX_M7, Target
from codegen.timeline import timeline
from support.files import write_json, write_text


def generate(
    graph: Graph,
    name: str,
    folder: Path,
    c_api: str = LEGACY,
    kernels: Kernels = PORTABLE,
    *,
    target: Target = CORTEX_M7,
) -> Plan:
    """Write all sources, the report and the manifest of `graph` into `folder`.

    Args:
        c_api: "legacy", functions ai_<name>_…, or "st-ai", functions stai_<name>_….
        kernels: which kernels, and typical inputs to choose them by.
        target: the processor that kernels are chosen for.

    Raises:
        UserError: a name that is no C identifier, a network that cannot be planned, or files of
            others in the way.
    """
    check_name(name)
    refuse_foreign(folder, name, c_api)
    plan = plan_network(graph, kernels, target)
    context = {"net": network_context(plan, name)}
    templates = TEMPLATES[c_api]
    rendered = dict(zip(templates, render_all(list(templates.values()), context), strict=True))
    for suffix, text in rendered.items():
        write_text(folder / f"{name}{suffix}", text)
    own_code = most_bytes(rendered[ASSEMBLY]) + plan.own_code_bytes
    code = describe_code(plan.sources, plan.described, own_code)
    content = {**manifest(plan, name), "c_api": c_api, "code": code}
    write_json(folder / f"{name}{MANIFEST}", content)
    return plan


def network_context(plan: Plan, name: str) -> dict[str, Any]:
    """What the network templates see as `net`."""
    graph = plan.graph
    steps = _steps(plan, name)
    model_hash = content_hash(graph)
    return {
        "name": name,
        "NAME": name.upper(),
        "generator": version.TEXT,
        "version": version.VERSION,
        "origin": graph.origin,
        "origin_stem": Path(graph.origin).stem,
        "model_hash": model_hash,
        "signature": int(model_hash[:8], 16),
        "inputs": ports(
            graph.inputs,
            plan.inputs,
            "in",
            [preprocessing.describe(graph.arithmetic(i)) for i in range(len(graph.inputs))],
        ),
        "outputs": ports(graph.outputs, plan.outputs, "out"),
        "preprocessed": preprocessed_inputs(graph),
        "ends": [
            *(
                ("input", describe(value) + _before(graph, index))
                for index, value in enumerate(graph.inputs)
            ),
            *(("output", describe(value)) for value in graph.outputs),
        ],
        "notes": graph.notes,
        "nodes": sum(len(step.lowered.layers) for step in plan.steps),
        "chains": [step["chain"] for step in steps if step["chain"]],
        "shared_loops": _shared_loops(steps, name),
        "layers": _all_layers(plan),
        "macs": graph.macs,
        "stems": sorted({step.lowered.stem for step in plan.steps}),
        "steps": steps,
        "depthwise_routines": (routines := _depthwise_routines(plan, name)),
        "routines_of": {own: one["symbol"] for one in routines for own in one["layers"]},
        "arena_size": plan.arena_size,
        "tables_size": plan.tables_size,
        "more_tables": plan.more_tables,
        "more_code": plan.more_code,
        "blocks": _blocks(plan),
        "weights_size": plan.weights_size,
        "selftest": _selftest(graph),
        "model_bytes": model_bytes(plan),
    }


def _selftest(graph: Graph) -> dict[str, Any]:
    """The self-test's vector, as C."""
    test = make_selftest(graph)
    values = [str(value) for value in test.expected.tolist()]
    lines = (", ".join(values[i : i + 16]) for i in range(0, len(values), 16))
    return {"seed": test.seed, "expected": "\n".join(f"    {line}," for line in lines)}


def _blocks(plan: Plan) -> list[dict[str, Any]]:
    """The blocks of weights: their bytes, what is in them, and the word that init looks at."""
    return [
        {
            "index": index,
            # As ST's generator names its first block, and no other number than that of the block.
            "suffix": "" if index == 0 else f"_{index + 1}",
            "size": block.size,
            "words": block.size // 4,
            "check": block.check,
            "constants": [
                {
                    "offset": placed.place.offset,
                    "title": f"layer {placed.step}: {placed.block.title}",
                    "words": _words(placed.block.data),
                }
                for placed in block.constants
            ],
        }
        for index, block in enumerate(plan.blocks)
    ]


def model_bytes(plan: Plan) -> int:
    """Bytes of the model's own weights and biases, without the kernels' tables."""
    return sum(len(placed.block.data) for placed in plan.constants if placed.block.counted)


def manifest(plan: Plan, name: str) -> dict[str, Any]:
    """Hashes, quantization, layers and memory of a generated network; read by other packages."""
    graph = plan.graph
    ends = {"inputs": _ends(graph.inputs), "outputs": _ends(graph.outputs)}
    for index, end in enumerate(ends["inputs"]):
        if graph.arithmetic(index):
            end["preprocessing"] = preprocessing.describe(graph.arithmetic(index))
        if graph.from_data(index):
            end["from_data"] = preprocessing.describe(graph.from_data(index))
    # A network with one of each is described by name, too: what vendor code's manifests have.
    single = {key[:-1]: found[0] for key, found in ends.items() if len(found) == 1}
    return {
        "name": name,
        "generator": f"nn2flash {version.TEXT}",
        "origin": graph.origin,
        "model_sha256": content_hash(graph),
        **ends,
        **single,
        "input_bytes": graph.input_bytes,
        "output_bytes": graph.output_bytes,
        "macs": graph.macs,
        "weights_bytes": plan.weights_size,
        "weights_blocks": [block.size for block in plan.blocks],
        "model_bytes": model_bytes(plan),
        "activations_bytes": plan.arena_size,
        "tables_bytes": plan.tables_size,
        "activations_bound": plan.layout.packing.bound.bytes,
        "symbols": {"inference": f"{name}_forward_pass", **_shared_symbol(plan, name)},
        "layers": _layers(plan, name),
        "edges": edges(plan),
        "memory": timeline(plan),
    }


def _layers(plan: Plan, name: str) -> list[dict[str, Any]]:
    """The rows of the manifest, with the symbol of a layer that is a routine of its own."""
    symbols: dict[int, str] = {}
    for step in _steps(plan, name):
        if step["chain"]:
            symbols |= {layer["number"]: layer["symbol"] for layer in step["chain"]["layers"]}
    return [
        {**layer, "symbol": symbols.get(number)} for number, layer in enumerate(_all_layers(plan))
    ]


def _shared_loops(steps: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The routine that several layers' routines jump to; None where none does."""
    layers = [layer for step in steps if step["chain"] for layer in step["chain"]["layers"]]
    copies = max((layer.get("copies", 0) for layer in layers), default=0)
    return {"symbol": f"{name}_packed_entries", "copies": copies} if copies else None


def _shared_symbol(plan: Plan, name: str) -> dict[str, str]:
    """What the manifest says of that routine: what it executes belongs to the layer that jumped."""
    shared = _shared_loops(_steps(plan, name), name)
    return {"shared_loops": shared["symbol"]} if shared else {}


def _all_layers(plan: Plan) -> list[dict[str, Any]]:
    """The layers of all steps, as the manifest has them, in the order of their numbers."""
    numbered = [
        (number, layer)
        for step in plan.steps
        for number, layer in zip(step.numbers, _layers_of(step), strict=True)
    ]
    return [layer for _, layer in sorted(numbered, key=lambda each: each[0])]


def _layers_of(step: Step) -> list[dict[str, Any]]:
    """The layers of a step: one for each of the model's operations that it computes."""
    return [
        {
            "name": layer.op.name,
            "op": operator_of(layer.op).stem,
            "title": _title(layer.op),
            "activation": layer.op.activation,
            "kernel": layer.kernel,
            "why": layer.why,
            "constants_bytes": layer.constants_bytes,
            # Of a routine for several layers: all of it stands with the first.
            "scratch_bytes": step.lowered.scratch if index == 0 else 0,
            "macs": layer.op.macs,
            "output_size": layer.op.outputs[0].size,
        }
        for index, layer in enumerate(step.lowered.layers)
    ]


def _ends(values: tuple[Value, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": value.name,
            "shape": list(value.shape),
            "layout": value.type.layout.value,
            "size": value.size,
            "bytes": value.bytes,
            "type": value.dtype.value,
            "scale": None if value.type.quantization is None else float(value.quantization.scale),
            "zero_point": None
            if value.type.quantization is None
            else value.quantization.zero_point,
        }
        for value in values
    ]


def _before(graph: Graph, index: int) -> str:
    """Arithmetic that an input has to go through before it is quantized, for people."""
    text = preprocessing.describe(graph.arithmetic(index))
    return f", of {text}" if text else ""


def _title(op: Op) -> str:
    reads = " and ".join(str(value.size) for value in op.inputs)
    writes = " and ".join(str(value.size) for value in op.outputs)
    detail = f", {op.detail}" if op.detail else ""
    return f"{operator_of(op).stem.replace('_', ' ')} {reads} -> {writes}{detail}"


def _steps(plan: Plan, name: str) -> list[dict[str, Any]]:
    """The steps as the templates see them."""
    found = []
    for step in plan.steps:
        rows = _layers_of(step)
        found.append(
            {
                "index": step.index,
                "numbers": step.numbers,
                "stem": step.lowered.stem,
                "title": "; ".join(f"{row['name']}: {row['title']}" for row in rows),
                "op": step.lowered.op,
                "fields": step.lowered.fields,
                "chain": _chain(step, name),
                "inputs": step.inputs,
                "outputs": step.outputs,
                "scratch": step.scratch,
                "late": step.late,
                "table": step.table,
                "constants": {
                    block.key: place
                    for block, place in zip(step.lowered.constants, step.constants, strict=True)
                },
            }
        )
    return found


def _depthwise_routines(plan: Plan, name: str) -> list[dict[str, Any]]:
    """Depthwise layers with routines of the network's own, alone or in a pass: those of equal
    numbers share them, by the first one's symbol."""
    found: dict[str, dict[str, Any]] = {}
    for step in plan.steps:
        symbol = f"{name}_layer_{step.index}"
        alone = [(symbol, step.lowered)]
        passed = [(f"{symbol}_{i}", each) for i, each in enumerate(step.lowered.passed)]
        for own, lowered in passed or alone:
            if lowered and lowered.routines:
                title = f"{lowered.op.name}: {_title(lowered.op)}"
                fields = lowered.fields
                one = found.setdefault(fields.routine, {"symbol": own, "layers": {}})
                one["layers"][own] = title
                one.setdefault("fields", fields)
    return [{**one, "fields": one["fields"].in_order} for one in found.values()]


def _chain(step: Step, name: str) -> dict[str, Any] | None:
    """What the templates see of routines that are generated for this network."""
    fields = step.lowered.fields
    if not isinstance(fields, Routines):
        return None
    places = Places(
        constants=step.constants,
        scratch=0 if step.scratch is None else step.scratch.offset,
        late=0 if step.late is None else step.late.offset,
    )
    return fields.placed(f"{name}_packed", step.numbers, places)


def _words(data: bytes) -> str:
    """Little-endian words as C, eight a line."""
    padded = data + bytes(-len(data) % 4)
    words = [f"0x{word:08X}" for word in np.frombuffer(padded, "<u4")]
    lines = (", ".join(words[i : i + 8]) for i in range(0, len(words), 8))
    return "\n".join(f"    {line}," for line in lines)
