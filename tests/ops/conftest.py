"""What every operator's tests share: variants of a model, read, compared and compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from codegen.ir.graph import Graph
from codegen.reader.qdq import read_graph
from tests.codegen.models import QdqModel
from tests.codegen.oracle import Int8Array, stored_inputs
from tests.codegen.programs import Case, run_cases

Variants = Mapping[str, Callable[[], QdqModel]]


@dataclass(frozen=True)
class Read:
    """A model that the reader took, and inputs for it."""

    model: onnx.ModelProto
    graph: Graph
    inputs: Int8Array


def read(model: QdqModel, folder: Path, check: bool = True) -> Graph:
    """Save and read a model."""
    return read_graph(model.save(folder / "model.onnx", check))


def read_variants(variants: Variants, folder: Path) -> dict[str, Read]:
    """Every variant, read."""
    found = {}
    for name, build in variants.items():
        model = build()
        graph = read(model, folder)
        found[name] = Read(model.build(), graph, stored_inputs(graph))
    return found


def run_on_host(read: Mapping[str, Read], folder: Path) -> dict[str, Int8Array]:
    """The outputs of all variants, computed by their C in one program with sanitizers."""
    cases = [Case(name, entry.graph, entry.inputs) for name, entry in read.items()]
    return dict(zip(read, run_cases(cases, folder), strict=True))
