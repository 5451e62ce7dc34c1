"""What `data()` of a network module may return, and how the board is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.ir.preprocessing import apply
from codegen.reader.qdq import read_graph
from support.errors import UserError
from tests.model.products import run_here
from tests.model.small_modules import ARRAYS, GOOD, HEAD, NETWORK, QUICK, train

pytestmark = pytest.mark.usefixtures("own_folder")

PARTS = {
    "tensors": 'return {"train": (torch.tensor(X), torch.tensor(Y)), "test": (X, Y)}',
    "datasets": (
        "whole = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))\n"
        '    return {"train": whole, "validation": whole, "test": whole}'
    ),
    "one item less": (
        "items = list(zip(X, Y))\n"
        '    return {"train": items, "validation": items[:2], "test": (X, Y)}'
    ),
    "names of classes": (
        'named = np.array(["low", "mid", "high"])[Y]\n'
        '    return {"train": (X, named), "test": (X, named), "classes": ["low", "mid", "high"]}'
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_data_comes_in_many_forms(kind: str, tmp_path: Path) -> None:
    trained = train(tmp_path, HEAD + NETWORK + ARRAYS + QUICK + f"def data():\n    {PARTS[kind]}\n")
    expected = train(tmp_path, GOOD.replace("[:200]", "").replace("[200:]", "")).arrays("test")
    found = trained.arrays("test")
    assert found["inputs"].tobytes() == expected["inputs"].tobytes()
    assert found["labels"].tobytes() == expected["labels"].tobytes()
    assert len(trained.history["classes"]) == 3


def test_data_without_code(tmp_path: Path) -> None:
    rows = [f"{i % 7},{i % 3},{i % 3}" for i in range(90)]
    (tmp_path / "r.csv").write_text("\n".join(["a,b,c", *rows]))
    text = HEAD + NETWORK.replace("(8, 16)", "(2, 16)") + QUICK
    trained = train(tmp_path, text, "--data", tmp_path / "r.csv")
    assert trained.history["inputs"]["test"] == 18
    assert len(trained.history["mean"]) == len(trained.history["std"]) == 2
    with pytest.raises(UserError, match=r"r\.csv:5: column 'b' holds '\?'"):
        (tmp_path / "r.csv").write_text("\n".join(["a,b,c", *rows[:3], "1,?,0", *rows]))
        train(tmp_path, text, "--data", tmp_path / "r.csv")
    with pytest.raises(UserError, match=r"has no data\(\)") as told:
        train(tmp_path, text)
    assert "or give data=" in told.value.remedy


def test_bytes_are_images(tmp_path: Path) -> None:
    text = GOOD.replace("Y = (X", "X = RANDOM.integers(0, 256, (300, 8)).astype(np.uint8)\nY = (X")
    values = train(tmp_path, text).arrays("test")["inputs"]
    assert values.dtype == np.float32
    assert 0.9 < values.max() <= 1


KINDS = {
    "measured": (
        "X = np.round(1000 + 300 * X)\n",
        'return {"normalize": True, ',
        ("Sub", "Div"),
    ),
    "measured, by NumPy's word": (
        "X = np.round(1000 + 300 * X)\n",
        'return {"normalize": np.bool_(True), ',
        ("Sub", "Div"),
    ),
    "stated": (
        "X = np.round(1000 + 300 * X)\n",
        'return {"mean": 1000, "std": [*range(300, 308)], ',
        ("Sub", "Div"),
    ),
    "images": (
        "X = RANDOM.integers(0, 256, (300, 8)).astype(np.uint8)\n",
        'return {"normalize": True, ',
        ("Div", "Sub", "Div"),
    ),
    "as they are": ("", "return {", ()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_board_is_told_how_data_becomes_inputs(kind: str, tmp_path: Path) -> None:
    """The int8 file makes of numbers as `data()` gives them what the network was tested with."""
    values, returned, functions = KINDS[kind]
    text = GOOD.replace("def data", f"{values}\ndef data").replace("return {", returned)
    trained = train(tmp_path, text)
    trained.network()
    float_model, int8 = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    words = ("--onnx", float_model, "--calibration", tmp_path / "calibration.npz")
    more = ("--max-accuracy-drop", 100, "--report", tmp_path / "quantization.json")
    run_here("quantize", *words, *more, "--out", int8)
    graph = read_graph(int8)
    assert tuple(step.function for step in graph.from_data(0)) == functions
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    data = namespace["X"][200:].astype(np.float32)
    learnt = trained.arrays("test")["inputs"]
    real = apply(graph.from_data(0), data)
    assert real.tobytes() == learnt.tobytes()
    if functions[-2:] == ("Sub", "Div"):
        assert abs(learnt.mean()) < 0.3
        assert trained.history["mean"] is not None


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ('"mean": 3, ', "'mean' or 'std' without the other"),
        ('"mean": [1, 2], "std": 1, ', r"hold 2 and 1 numbers for 8 channels"),
        ('"mean": 0, "std": 0, ', "a 'std' that is not above 0"),
        ('"mean": 0, "std": 1e-39, ', "beyond float32's range after the normalization"),
    ],
)
def test_a_normalization_that_makes_no_sense(returned: str, told: str, tmp_path: Path) -> None:
    text = GOOD.replace("Y = (X", "X *= 1e3\nY = (X").replace("return {", f"return {{{returned}")
    with pytest.raises(UserError, match=told):
        train(tmp_path, text)


def test_several_inputs_by_name(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 3)

    def forward(self, left, right):
        return self.layer(torch.cat([left, right], dim=1))

def network():
    return Two()

"""
        + ARRAYS
        + """\
def data():
    parts = {"train": ((X[:, :5], X[:, 5:]), Y), "test": ((X[:, :5], X[:, 5:]), Y)}
    return {**parts, "input_names": ["left", "right"]}
"""
        + QUICK
    )
    trained = train(tmp_path, text)
    assert {*trained.arrays("test")} == {"left", "right", "labels"}
    assert [value.name for value in trained.network().graph.input] == ["left", "right"]


def test_a_module_may_bring_its_own_steps(tmp_path: Path) -> None:
    text = (
        GOOD
        + """\
def preprocess(inputs):
    return inputs * 2

def train(network, data):
    assert data.train.labels.dtype == np.int64
    with torch.no_grad():
        network[2].bias.fill_(7.0)

def metrics(outputs, labels):
    return {"mean output": outputs.mean()}
"""
    )
    trained = train(tmp_path, text)
    plain = tmp_path / "plain"
    plain.mkdir()
    before = train(plain, GOOD).arrays("test")["inputs"]
    assert np.array_equal(trained.arrays("test")["inputs"], before * 2)
    assert trained.history["history"] == []
    assert trained.history["test"]["mean output"] > 5
