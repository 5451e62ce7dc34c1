"""Every attribute and shape operand of the operators, each of its numbers hostile in turn.

Each ends in one clear line, or is read as onnxruntime reads it, in bounded memory and time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.codegen.models import QdqModel
from tests.fuzz.campaign import run_campaign
from tests.fuzz.fuzz_reader import MEMORY, read_one
from tests.fuzz.mutate_graph import HOSTILE

SHAPE = (1, 4, 6, 6)
SQUARE: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [1, 1], "pads": [0, 0, 0, 0]}
SLID: dict[str, Any] = {**SQUARE, "dilations": [1, 1], "group": 1}

# Operator → its attributes, and its operands behind the first, all valid; each number is replaced.
OPERATORS: dict[str, tuple[dict[str, Any], Sequence[Any]]] = {
    "Conv": (SLID, ["weights"]),
    "ConvTranspose": ({**SLID, "output_padding": [0, 0]}, ["weights"]),
    "MaxPool": ({**SQUARE, "dilations": [1, 1], "ceil_mode": 0, "storage_order": 0}, []),
    "AveragePool": ({**SQUARE, "ceil_mode": 0, "count_include_pad": 0}, []),
    "ReduceMean": ({"keepdims": 1}, [[2, 3]]),
    "ReduceSum": ({"keepdims": 1, "noop_with_empty_axes": 0}, [[1]]),
    "ReduceMax": ({"keepdims": 0}, [[3]]),
    "Transpose": ({"perm": [0, 2, 3, 1]}, []),
    "DepthToSpace": ({"blocksize": 2}, []),
    "SpaceToDepth": ({"blocksize": 2}, []),
    "Flatten": ({"axis": 1}, []),
    "Concat": ({"axis": 1}, ["again"]),
    "Slice": ({}, [[1], [3], [1], [1]]),
    "Pad": ({}, [[0, 0, 1, 0, 0, 0, 1, 0]]),
    "Expand": ({}, [[1, 4, 6, 6]]),
    "Tile": ({}, [[1, 1, 2, 1]]),
    "Gather": ({"axis": 1}, [[0, 2]]),
    "Reshape": ({"allowzero": 0}, [[1, 4, 36]]),
    "Resize": ({"mode": "nearest", "nearest_mode": "floor"}, [None, None, [1, 4, 12, 6]]),
}
Place = str | int
Case = tuple[str, Place, int, int]


def cases() -> list[Case]:
    """Operator, attribute or operand, which of its numbers, and what stands there instead."""
    found: list[Case] = []
    for operator, (attributes, operands) in OPERATORS.items():
        given: list[tuple[Place, Any]] = [*attributes.items(), *enumerate(operands)]
        for place, value in given:
            if isinstance(value, list | int):
                count = len(value) if isinstance(value, list) else 1
                found += [(operator, place, n, bad) for n in range(count) for bad in HOSTILE]
    return found


CASES = cases()


def hostile(operator: str, place: Place, number: int, value: int) -> bytes:
    """A network of one operator of which one number is `value`."""
    attributes, operands = OPERATORS[operator]
    given: dict[Place, Any] = dict(attributes.items())
    given |= enumerate(operands)
    if isinstance(given[place], list):
        given[place] = [value if i == number else old for i, old in enumerate(given[place])]
    else:
        given[place] = value
    model = QdqModel(SHAPE)
    model.opset = 18
    model.qdq(0.05, 3)
    names = [_operand(model, given[index]) for index in range(len(operands))]
    named = {name: entry for name, entry in given.items() if isinstance(name, str)}
    model.then(operator, *names, **named).qdq(0.1, -5)
    data: bytes = model.build(check=False).SerializeToString()
    return data


def _operand(model: QdqModel, value: Any) -> str:
    if value == "weights":
        stored = np.arange(-32, 32, dtype=np.int8).reshape(4, 4, 2, 2)
        return model.dequantized(stored, 0.02)
    if value == "again":
        return model.value
    return "" if value is None else model.constant(value, np.int64)


def test_every_number(tmp_path: Path) -> None:
    def target(case: int) -> str:
        return read_one(hostile(*CASES[case]), tmp_path / "hostile.onnx")

    report = run_campaign(target, range(len(CASES)), MEMORY)
    named = {CASES[case]: text for case, text in report.findings.items()}
    assert named == {}
    assert report.cases == len(CASES) > 600
    assert report.outcomes["refused"] > len(CASES) / 2 and report.outcomes["agrees"] > 30


@pytest.mark.parametrize(
    ("operator", "name"),
    [
        ("Conv", "auto_pad"),
        ("MaxPool", "auto_pad"),
        ("Pad", "mode"),
        ("DepthToSpace", "mode"),
        *(("Resize", f"{name}mode") for name in ("", "nearest_", "coordinate_transformation_")),
    ],
)
def test_text_that_would_paint_the_terminal(operator: str, name: str, tmp_path: Path) -> None:
    """Seed 8, cases 1697 and 5160: the mode of a Pad stood in the message as it was."""
    model = onnx.ModelProto.FromString(hostile(*next(c for c in CASES if c[0] == operator)))
    valid = {**OPERATORS[operator][0], name: "\x1b[2J\n"}
    node = next(node for node in model.graph.node if node.op_type == operator)
    del node.attribute[:]
    node.attribute.extend(onnx.helper.make_attribute(n, value) for n, value in valid.items())
    for tensor, numbers in zip(node.input[1:], OPERATORS[operator][1], strict=True):
        entry = next((each for each in model.graph.initializer if each.name == tensor), None)
        if entry is not None and numbers:
            new = np.array(numbers, np.int64)
            entry.CopyFrom(onnx.numpy_helper.from_array(new, tensor))
    assert read_one(model.SerializeToString(), tmp_path / "hostile.onnx") == "refused"


def test_each_is_valid_without_the_hostile_number(tmp_path: Path) -> None:
    """Else the refusals would say nothing."""
    for operator, (attributes, operands) in OPERATORS.items():
        given: list[tuple[Place, Any]] = [*attributes.items(), *enumerate(operands)]
        place, value = next((p, v) for p, v in given if not isinstance(v, str) and v)
        own = value[0] if isinstance(value, list) else value
        said = read_one(hostile(operator, place, 0, own), tmp_path / "valid.onnx")
        assert said == "agrees", operator
